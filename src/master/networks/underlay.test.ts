import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { CAUSE, SIZE, Stage, WAIT } from "../../../test/kit/master-stage.ts";
import type { VclusterOrder } from "../../contracts/worker.ts";
import { until } from "../../lib/retry.ts";
import { tunnelMtu } from "./underlay.ts";

setDefaultTimeout(60_000);

const HOSTS = [
  { name: "alpha", address: "192.0.2.1" },
  { name: "beta", address: "192.0.2.2" },
];

let s: Stage;
const stage = async (gateway: string | null = null, hosts = HOSTS) => {
  s = await new Stage(hosts, {}, gateway).up();
};
const newest = (host: number): VclusterOrder => s.workers[host]!.orders.at(-1)!;
const brief = (o: VclusterOrder) => o.network.members.map((m) => `${m.address} at ${m.host}`);
const later = (what: string, probe: () => boolean) => until(what, probe, WAIT);

describe("orders", () => {
  afterEach(async () => {
    s.audit();
    await s.down();
  });

  test("each host is told of the nodes on the others, with the MTU that fits through a tunnel", async () => {
    await stage();
    const vc = await s.made({ nodes: 3 });
    expect(vc.nodes.map((n) => n.host)).toEqual(["alpha", "beta", "alpha"]);
    expect(newest(0).network).toEqual({
      subnet: "172.16.0.0/26",
      gateway: "172.16.0.1",
      vni: 1,
      mtu: 1450,
      members: [{ mac: "02:dc:ac:10:00:03", address: "172.16.0.3", host: "192.0.2.2" }],
      gatewayHost: null,
    });
    expect(brief(newest(1))).toEqual(["172.16.0.2 at 192.0.2.1", "172.16.0.4 at 192.0.2.1"]);
    expect(newest(0).nodes.map((n) => n.name)).toEqual(["host-0", "host-2"]);
  });

  test("a new node, and one that goes, is news for every host of the vcluster, by a new generation", async () => {
    await stage();
    const vc = await s.made({ nodes: 2 });
    const before = [newest(0).generation, newest(1).generation];
    await s.ended(await s.api.scale({ ...CAUSE, id: vc.id, nodes: 4, size: SIZE }), "done");
    expect(brief(newest(0))).toEqual(["172.16.0.3 at 192.0.2.2", "172.16.0.5 at 192.0.2.2"]);
    expect(brief(newest(1))).toEqual(["172.16.0.2 at 192.0.2.1", "172.16.0.4 at 192.0.2.1"]);
    expect([newest(0).generation, newest(1).generation].map((g, i) => g > before[i]!)).toEqual([true, true]);
    await s.ended(await s.api.scale({ ...CAUSE, id: vc.id, nodes: 1, size: SIZE }), "done");
    expect(brief(newest(0))).toEqual([]);
    // The host that had the others is told to end them, and then has no part in it any more.
    expect(newest(1).nodes.map((n) => n.desired)).toEqual(["gone", "gone"]);
    expect(s.workers[1]!.nodes.size).toBe(0);
  });

  test("a host with another address or a smaller MTU: all who share a vcluster with it are told", async () => {
    await stage();
    await s.made({ nodes: 2 });
    const generation = newest(0).generation;
    s.workers[1]!.tell({ ...s.workers[1]!.host, address: "192.0.2.77" });
    await later("the new address", () => brief(newest(0))[0] === "172.16.0.3 at 192.0.2.77");
    expect(newest(0).generation).toBe(generation + 1);
    s.workers[1]!.tell({ ...s.workers[1]!.host, address: "192.0.2.77", mtu: 1400 });
    await later("the new MTU", () => newest(0).network.mtu === 1350 && newest(1).network.mtu === 1350);
    // What changes every few seconds is no reason for an order.
    const orders = s.workers[0]!.orders.length;
    s.workers[1]!.tell({ ...s.workers[1]!.host, address: "192.0.2.77", mtu: 1400, warm: 5 });
    await s.quiet();
    await later("the report", () => s.frames.some((f) => f.type === "host" && f.data.warm === 5));
    expect(s.workers[0]!.orders).toHaveLength(orders);
  });

  test("a host whose address makes no sense is nobody's member", async () => {
    await stage(null, [HOSTS[0]!, { name: "beta", address: "fe80::1" }]);
    await s.made({ nodes: 2 });
    expect(brief(newest(0))).toEqual([]);
    expect(brief(newest(1))).toEqual(["172.16.0.2 at 192.0.2.1"]);
  });

  test("a restarted master makes the same membership from what is written down: there is nothing to send", async () => {
    await stage();
    const { id } = await s.made({ nodes: 2 });
    const before = s.workers.map((w) => w.orders.length);
    await s.restart();
    await later("orders to be compared", () => s.workers.every((w) => w.term(id) === 2));
    expect(s.workers.map((w) => w.orders.length)).toEqual(before);
  });

  test("one gateway for all: its host has a part in every vcluster until that is gone, also without a node of it", async () => {
    await stage("alpha");
    s.workers[0]!.tell({ ...s.workers[0]!.host, problem: "no room" });
    await until("alpha to be unfit", async () => (await s.api.hosts())[0]!.reason === "no room", WAIT);
    const vc = await s.made({ nodes: 1 });
    expect(vc.nodes[0]!.host).toBe("beta");
    expect(newest(1).network).toMatchObject({ gatewayHost: "192.0.2.1", members: [] });
    expect(newest(0)).toMatchObject({ id: vc.id, nodes: [], network: { gatewayHost: "192.0.2.1" } });
    expect(brief(newest(0))).toEqual(["172.16.0.2 at 192.0.2.2"]);
    await s.restart();
    await later("the gateway to hear of it again", () => newest(0).term === 2);
    // It hears that nobody is left before the vcluster is forgotten: what it has for it can go.
    s.workers[0]!.misbehave.apply = () => {
      throw new Error("busy");
    };
    const op = await s.api.remove({ ...CAUSE, id: vc.id });
    await later("the node to go", () => s.workers[1]!.nodes.size === 0);
    expect(await s.api.vcluster(vc.id)).not.toBeNull();
    s.workers[0]!.misbehave.apply = () => {};
    await s.ended(op, "done");
    expect(newest(0)).toMatchObject({ id: vc.id, nodes: [], network: { members: [] } });
    expect(await s.api.vcluster(vc.id)).toBeNull();
  });
});

test("the smallest network between the hosts counts, jumbo frames at most", () => {
  const at = (mtu: number) => ({ address: "192.0.2.1", mtu });
  expect(tunnelMtu([])).toBe(1450);
  expect(tunnelMtu([at(1500), at(9000)])).toBe(1450);
  expect(tunnelMtu([at(65_536)])).toBe(8950);
});
