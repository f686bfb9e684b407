import { afterEach, beforeEach, expect, test } from "bun:test";
import { SIZE, Stage } from "../../../test/kit/master-stage.ts";
import { candidates } from "./candidates.ts";
import { promisedByHost, promisedOn } from "./promises.ts";

let s: Stage;
beforeEach(async () => {
  s = await new Stage([{ name: "alpha" }, { name: "beta", address: "192.0.2.2" }]).up();
});
afterEach(() => s.down());

const OVERCOMMIT = { CPU_OVERCOMMIT: 1, MEMORY_OVERCOMMIT: 1, DISK_OVERCOMMIT: 1, MEMORY_RESERVE: 0 };
const NOTHING = { cpu: 0, memory: 0, disk: 0, nodes: 0 };
const times = (n: number) => ({ cpu: n * SIZE.cpu, memory: n * SIZE.memory, disk: n * SIZE.disk });

test("a node on its way needs room on both hosts, one that was left as a copy only its disk", async () => {
  const vc = await s.made({ nodes: 1 });
  const node = vc.nodes[0]!;
  const [from, to] = node.host === "alpha" ? (["alpha", "beta"] as const) : (["beta", "alpha"] as const);
  const promised = () => {
    const all = promisedByHost(s.store);
    for (const h of [from, to]) expect(promisedOn(s.store, h)).toEqual(all.get(h));
    return [all.get(from) ?? NOTHING, all.get(to) ?? NOTHING];
  };
  expect(promised()).toEqual([{ ...times(1), nodes: 1 }, NOTHING]);
  s.store.write((tx) =>
    tx.run(
      "INSERT INTO moves (operation, node, vcluster, name, from_host, to_host, phase) VALUES ('op', $node, $vc, 'host-0', $from, $to, 'copying')",
      { node: node.id, vc: vc.id, from, to },
    ),
  );
  expect(promised()).toEqual([
    { ...times(1), nodes: 1 },
    { ...times(1), nodes: 0 },
  ]);
  const hosts = [from, to].map((name) => ({
    name,
    problem: null,
    report: null,
    setting: { cordoned: false, labels: {} },
  }));
  const image = { unfit: () => null, warm: () => 0, here: () => true };
  const mine = (leaving: string[] = []) =>
    candidates(s.store, hosts, image, { vcluster: vc.id, leaving }, OVERCOMMIT).map((c) => c.mine);
  expect([mine(), mine([node.id])]).toEqual([
    [1, 1],
    [0, 0],
  ]);
  s.store.write((tx) => {
    tx.run("UPDATE nodes SET host = $to WHERE id = $id", { to, id: node.id });
    tx.run(
      "INSERT INTO copies (node, host, desired, since, state, over) VALUES ($node, $host, 'stopped', 1, 'stopped', 1)",
      { node: node.id, host: from },
    );
  });
  expect(promised()).toEqual([
    { cpu: 0, memory: 0, disk: SIZE.disk, nodes: 0 },
    { ...times(1), nodes: 1 },
  ]);
  s.store.write((tx) => {
    tx.run("UPDATE moves SET phase = 'moved'");
    tx.run("DELETE FROM copies");
  });
  expect(promised()).toEqual([NOTHING, { ...times(1), nodes: 1 }]);
  s.audit();
});
