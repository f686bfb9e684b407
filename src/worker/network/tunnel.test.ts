import { expect, test } from "bun:test";
import { VclusterOrder } from "../../contracts/worker.ts";
import { Layout } from "../layout.ts";
import { changes, type Tunnel, tunnelOf } from "./tunnel.ts";

const layout = new Layout("/x", "qq");
const OWN = "192.0.2.1";
const B = { mac: "02:dc:ac:10:00:03", address: "172.16.0.3", host: "192.0.2.2" };
const C = { mac: "02:dc:ac:10:00:04", address: "172.16.0.4", host: "192.0.2.3" };

function tunnel(members = [B], gatewayHost: string | null = null, more: Partial<VclusterOrder["network"]> = {}) {
  const order = VclusterOrder.parse({
    term: 1,
    generation: 1,
    id: "abcdef",
    name: "lab",
    image: "base",
    owner: { id: "ownera", name: "ann", home: 1024, lies: "here", at: null, shared: null },
    network: { subnet: "172.16.0.0/26", gateway: "172.16.0.1", vni: 7, mtu: 1450, members, gatewayHost, ...more },
    hosts: [],
    authorizedKeys: [],
    peerKey: { private: "", public: "" },
    nodes: [],
  });
  return tunnelOf(layout, order, OWN);
}
const to = (have: Tunnel | null, want: Tunnel | null) => changes("docklet_qq", have, want);
const NONE = { ip: [], bridge: [], nft: [] };

test("nobody elsewhere: no tunnel; a member at this host's own address is none either", () => {
  expect(tunnel([])).toBeNull();
  expect(tunnel([{ ...B, host: OWN }])).toBeNull();
  expect(to(null, null)).toEqual(NONE);
});

test("a first member: the device, who is behind it, and the firewall's leave", () => {
  expect(to(null, tunnel())).toEqual({
    ip: [
      "link add dkqqvabcdef mtu 1450 type vxlan id 7 dstport 4789 local 192.0.2.1 nolearning proxy",
      "link set dkqqvabcdef addrgenmode none",
      "link set dkqqvabcdef master dkqqbabcdef",
      "link set dkqqvabcdef type bridge_slave learning off flood off mcast_flood off",
      "link set dkqqvabcdef up",
      "neigh replace 172.16.0.3 lladdr 02:dc:ac:10:00:03 dev dkqqvabcdef nud permanent",
    ],
    bridge: [
      "fdb replace 02:dc:ac:10:00:03 dev dkqqvabcdef dst 192.0.2.2 self permanent",
      "fdb replace 02:dc:ac:10:00:03 dev dkqqvabcdef master static sticky",
    ],
    nft: [
      "add element inet docklet_qq vnis { 7 }",
      'add element bridge docklet_qq remote { "dkqqvabcdef" . 02:dc:ac:10:00:03 . 172.16.0.3 }',
      "add element inet docklet_qq peers { 7 . 192.0.2.2 }",
    ],
  });
});

test("only what differs is said", () => {
  expect(to(tunnel(), tunnel())).toEqual(NONE);
  expect(to(tunnel(), tunnel([B, C]))).toEqual({
    ip: ["neigh replace 172.16.0.4 lladdr 02:dc:ac:10:00:04 dev dkqqvabcdef nud permanent"],
    bridge: [
      "fdb replace 02:dc:ac:10:00:04 dev dkqqvabcdef dst 192.0.2.3 self permanent",
      "fdb replace 02:dc:ac:10:00:04 dev dkqqvabcdef master static sticky",
    ],
    nft: [
      'add element bridge docklet_qq remote { "dkqqvabcdef" . 02:dc:ac:10:00:04 . 172.16.0.4 }',
      "add element inet docklet_qq peers { 7 . 192.0.2.3 }",
    ],
  });
  expect(to(tunnel(), tunnel([B], null, { mtu: 1350 }))).toEqual({ ...NONE, ip: ["link set dkqqvabcdef mtu 1350"] });
});

test("a member goes: its entries go, and its host's leave when it was the last there", () => {
  const element = '{ "dkqqvabcdef" . 02:dc:ac:10:00:04 . 172.16.0.4 }';
  const todo = to(tunnel([B, C]), tunnel());
  expect(todo.ip).toEqual(["neigh del 172.16.0.4 dev dkqqvabcdef"]);
  expect(todo.bridge).toEqual([
    "fdb del 02:dc:ac:10:00:04 dev dkqqvabcdef self",
    "fdb del 02:dc:ac:10:00:04 dev dkqqvabcdef master",
  ]);
  expect(todo.nft).toEqual([
    `add element bridge docklet_qq remote ${element}`,
    `delete element bridge docklet_qq remote ${element}`,
    "add element inet docklet_qq peers { 7 . 192.0.2.3 }",
    "delete element inet docklet_qq peers { 7 . 192.0.2.3 }",
  ]);
});

test("a member moves to another host: one entry, and no moment without it", () => {
  expect(to(tunnel([B, C]), tunnel([{ ...B, host: C.host }, C]))).toMatchObject({
    ip: [],
    bridge: ["fdb replace 02:dc:ac:10:00:03 dev dkqqvabcdef dst 192.0.2.3 self permanent"],
  });
});

test("the last member goes: all of it goes", () => {
  const todo = to(tunnel(), null);
  expect(todo).toMatchObject({ ip: ["link del dkqqvabcdef"], bridge: [] });
  expect(todo.nft.filter((l) => l.startsWith("delete"))).toHaveLength(3);
});

test("another number or another address of this host: the device is made anew, with all its entries", () => {
  const todo = to(tunnel(), tunnel([B], null, { vni: 8 }));
  expect(todo.ip[0]).toBe("link del dkqqvabcdef");
  expect(todo.ip[1]).toContain("id 8 ");
  expect(todo.ip.at(-1)).toStartWith("neigh replace 172.16.0.3");
  expect(todo.bridge).toHaveLength(2);
  expect(todo.nft).toContain("delete element inet docklet_qq vnis { 7 }");
});

test("the gateway on another host is one more member, and may speak for the world", () => {
  const t = tunnel([], "192.0.2.9")!;
  expect(t.far).toEqual([{ mac: "06:d0:ac:10:00:01", address: "172.16.0.1", host: "192.0.2.9" }]);
  expect(t.elements).toContain('bridge routers "dkqqvabcdef" . 06:d0:ac:10:00:01');
  expect(t.elements.some((e) => e.includes("gates"))).toBe(false);
});

test("the gateway on this host may speak into its tunnel, and nothing comes out of it in the gateway's name", () => {
  const t = tunnel([B], OWN)!;
  expect(t.far).toEqual([B]);
  expect(t.elements).toContain('bridge gates "dkqqvabcdef" . 06:d0:ac:10:00:01');
  expect(t.elements.some((e) => e.includes("routers"))).toBe(false);
});
