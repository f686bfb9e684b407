import { describe, expect, test } from "bun:test";
import { Death } from "../../test/kit/death.ts";
import { CAUSE, SIZE, Stage } from "../../test/kit/master-stage.ts";
import type { Vcluster } from "../contracts/public/index.ts";

interface Scenario {
  name: string;
  before?: (s: Stage) => Promise<Vcluster>;
  act: (s: Stage, vc: Vcluster | null) => Promise<unknown>;
  /** How things may stand at the end: nodes of the vcluster, or null: gone. */
  ends: ([string, number] | null)[];
}

const ref = (vc: Vcluster | null) => ({ ...CAUSE, id: vc!.id });
const made = (s: Stage) => s.made({ nodes: 2 });
const stopped = async (s: Stage) => {
  const vc = await made(s);
  await s.ended(await s.api.stop(ref(vc)), "done");
  return vc;
};

const scenarios: Scenario[] = [
  { name: "create", act: (s) => s.api.create(s.request({ nodes: 2 })), ends: [null, ["ready", 2]] },
  {
    name: "create that fails",
    act: (s) => {
      s.worker.misbehave.fail.set("host-1", { instead: "ready", reason: "no" });
      return s.api.create(s.request({ nodes: 2 }));
    },
    ends: [null],
  },
  {
    name: "create, cancelled",
    act: async (s) => s.api.cancel((await s.api.create(s.request({ nodes: 2 }))).operation.id, CAUSE),
    ends: [null, ["ready", 2]],
  },
  {
    name: "stop",
    before: made,
    act: (s, vc) => s.api.stop(ref(vc)),
    ends: [
      ["ready", 2],
      ["stopped", 2],
    ],
  },
  {
    name: "start",
    before: stopped,
    act: (s, vc) => s.api.start(ref(vc)),
    ends: [
      ["ready", 2],
      ["stopped", 2],
    ],
  },
  {
    name: "start, cancelled",
    before: stopped,
    act: async (s, vc) => s.api.cancel((await s.api.start(ref(vc))).id, CAUSE),
    ends: [
      ["ready", 2],
      ["stopped", 2],
    ],
  },
  {
    name: "scale out",
    before: made,
    act: (s, vc) => s.api.scale({ ...ref(vc), nodes: 4, size: SIZE }),
    ends: [
      ["ready", 2],
      ["ready", 4],
    ],
  },
  {
    name: "scale out that fails",
    before: made,
    act: (s, vc) => {
      s.worker.misbehave.fail.set("host-3", { instead: "booting", reason: "no" });
      return s.api.scale({ ...ref(vc), nodes: 4, size: SIZE });
    },
    ends: [["ready", 2]],
  },
  {
    name: "scale in",
    before: made,
    act: (s, vc) => s.api.scale({ ...ref(vc), nodes: 1, size: SIZE }),
    ends: [
      ["ready", 2],
      ["ready", 1],
    ],
  },
  { name: "delete", before: made, act: (s, vc) => s.api.remove(ref(vc)), ends: [null, ["ready", 2]] },
];

/** One life, one death, one new life. false: the deed was done before the n-th write. */
async function dieAt(scenario: Scenario, n: number, when: "before" | "after"): Promise<boolean> {
  const s = new Stage();
  const death = new Death(n, when);
  await s.up(
    (store) => death.store(store),
    (w) => death.worker(w),
  );
  try {
    const vc = scenario.before ? await scenario.before(s) : null;
    death.armed = true;
    await scenario.act(s, vc).catch((e: unknown) => {
      if (!death.dead) throw e;
    });
    const { promise: died, resolve } = Promise.withResolvers<void>();
    const watch = setInterval(() => death.dead && resolve(), 1);
    await Promise.race([died, s.quiet().catch(() => {})]);
    clearInterval(watch);
    const happened = death.dead;
    await s.restart();
    await s.quiet();
    s.audit();
    const all = (await s.api.vclusters({ owner: null, limit: 10 })).items;
    const end = all[0] ? [all[0].state, all[0].nodes.length] : null;
    expect(scenario.ends).toContainEqual(end as never);
    // The host has exactly what the master knows.
    expect([...s.worker.nodes.keys()].sort()).toEqual(all.flatMap((v) => v.nodes.map((x) => x.id)).sort());
    s.worker.misbehave.fail.clear();
    for (const v of all) await s.ended(await s.api.remove({ ...CAUSE, id: v.id }), "done");
    expect([s.leases(), s.worker.nodes.size]).toEqual([0, 0]);
    return happened;
  } finally {
    await s.down();
  }
}

describe("docklet is killed at every write of", () => {
  for (const scenario of scenarios) {
    test(scenario.name, async () => {
      let n = 0;
      while (await dieAt(scenario, ++n, "before")) await dieAt(scenario, n, "after");
      expect(n).toBeGreaterThan(2);
    }, 120_000);
  }
});
