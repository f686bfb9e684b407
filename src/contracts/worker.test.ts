import { expect, test } from "bun:test";
import { VclusterOrder } from "./worker.ts";

const order = {
  term: 1,
  generation: 1,
  id: "abcdef",
  name: "lab",
  image: "base",
  owner: { id: "ownera", name: "ann", home: 1024, lies: "here", at: null, shared: null },
  network: { subnet: "172.16.0.0/26", gateway: "172.16.0.1", vni: 7, mtu: 1450, members: [], gatewayHost: null },
  hosts: [{ name: "host-0", address: "172.16.0.2" }],
  authorizedKeys: ["ssh-ed25519 AAAA ann"],
  peerKey: { private: "-----BEGIN\nlines\n", public: "ssh-ed25519 BBBB" },
  onHostLoss: { nodes: "keep", recover: "wait" },
  nodes: [
    {
      id: "nodeaa",
      name: "host-0",
      desired: "running",
      size: { cpu: 1, memory: 512, disk: 1024 },
      address: "172.16.0.2",
      mac: "02:00:ac:10:00:02",
    },
  ],
} as const;
const node = order.nodes[0];

test("an order as masters send them", () => {
  expect(VclusterOrder.parse(order)).toEqual(structuredClone(order) as unknown as VclusterOrder);
});

test("an order that was written down before vclusters spanned hosts is one of a single host", () => {
  const { mtu: _m, members: _o, gatewayHost: _g, ...old } = order.network;
  expect(VclusterOrder.parse({ ...order, network: old }).network).toEqual({
    ...old,
    mtu: 1450,
    members: [],
    gatewayHost: null,
  });
});

const MEMBER = { mac: "02:dc:ac:10:00:03", address: "172.16.0.3", host: "192.0.2.2" };
const EVIL = ["x\nlxc.hook.start-host = /bin/sh", "a b", "../x", "", "x\0", "host-0\n", "a".repeat(300)];

test("nothing in it can begin a new line or another path on the host", () => {
  for (const evil of EVIL) {
    for (const bad of [
      { id: evil },
      { name: evil },
      { image: evil },
      { owner: { ...order.owner, id: evil } },
      { owner: { ...order.owner, name: evil } },
      { hosts: [{ name: evil, address: "172.16.0.2" }] },
      { hosts: [{ name: "host-0", address: evil }] },
      { network: { ...order.network, subnet: evil } },
      { network: { ...order.network, gateway: evil } },
      { network: { ...order.network, gatewayHost: evil } },
      { network: { ...order.network, members: [{ ...MEMBER, mac: evil }] } },
      { network: { ...order.network, members: [{ ...MEMBER, address: evil }] } },
      { network: { ...order.network, members: [{ ...MEMBER, host: evil }] } },
      { nodes: [{ ...node, id: evil }] },
      { nodes: [{ ...node, name: evil }] },
      { nodes: [{ ...node, address: evil }] },
      { nodes: [{ ...node, mac: evil }] },
    ])
      expect([bad, VclusterOrder.safeParse({ ...order, ...bad }).success]).toEqual([bad, false]);
  }
  for (const lines of ["ssh-ed25519 A\nssh-ed25519 B", "k\r", "k\0"]) {
    expect(VclusterOrder.safeParse({ ...order, authorizedKeys: [lines] }).success).toBe(false);
    expect(VclusterOrder.safeParse({ ...order, peerKey: { ...order.peerKey, public: lines } }).success).toBe(false);
  }
});

test("absurd sizes and numbers are refused", () => {
  for (const size of [
    { ...node.size, cpu: 0 },
    { ...node.size, cpu: Number.NaN },
    { ...node.size, memory: -1 },
    { ...node.size, memory: 512.5 },
    { ...node.size, disk: 2 ** 60 },
  ])
    expect(VclusterOrder.safeParse({ ...order, nodes: [{ ...node, size }] }).success).toBe(false);
  for (const bad of [{ term: 0 }, { generation: 1.5 }, { network: { ...order.network, vni: 2 ** 24 } }])
    expect(VclusterOrder.safeParse({ ...order, ...bad }).success).toBe(false);
});
