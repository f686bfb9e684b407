import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { Death } from "../../../test/kit/death.ts";
import { CAUSE } from "../../../test/kit/master-stage.ts";
import { MovingStage } from "../../../test/kit/moving-stage.ts";

setDefaultTimeout(120_000);

interface Scenario {
  name: string;
  arrange?: (s: MovingStage) => void;
  /** Cancels it at once. */
  cancel?: boolean;
  stopped?: boolean;
}

const scenarios: Scenario[] = [
  { name: "a move" },
  { name: "a move of a stopped vcluster", stopped: true },
  {
    name: "a move that does not boot on the target",
    arrange: (s) => s.on("beta").misbehave.fail.set("host-0", { instead: "ready", reason: "no" }),
  },
  {
    name: "a move whose last difference can't be sent",
    arrange: (s) => {
      s.on("alpha").volumes.misbehave.sending = ({ name }) => {
        if (name.endsWith("r1")) throw new Error("no");
      };
    },
  },
  { name: "a move that is cancelled", cancel: true },
];

/** One life, one death, one new life. false: the move was over before the n-th write. */
async function dieAt(scenario: Scenario, n: number, when: "before" | "after"): Promise<boolean> {
  const s = new MovingStage();
  const death = new Death(n, when);
  await s.up(
    (store) => death.store(store),
    (w) => death.worker(w),
  );
  try {
    const vc = await s.madeOn("alpha");
    const node = vc.nodes[0]!.id;
    if (scenario.stopped) await s.ended(await s.api.stop({ ...CAUSE, id: vc.id }), "done");
    s.write(node, "alpha", "precious\n");
    scenario.arrange?.(s);
    death.armed = true;
    const deed = async () => {
      const op = await s.move(vc, "beta");
      if (scenario.cancel) await s.api.cancel(op.id, CAUSE);
    };
    await deed().catch((e: unknown) => {
      if (!death.dead) throw e;
    });
    const { promise: died, resolve } = Promise.withResolvers<void>();
    const watch = setInterval(() => death.dead && resolve(), 1);
    await Promise.race([died, s.quiet().catch(() => {})]);
    clearInterval(watch);
    const happened = death.dead;
    await s.restart();
    await s.quiet();
    const [at] = await s.hostsOf(vc);
    expect(["alpha", "beta"]).toContain(at!);
    await s.state(vc.id, scenario.stopped ? "stopped" : "ready");
    expect(s.content(node, at!)).toBe("made on alpha\nprecious\n");
    await s.clean();
    expect(s.workers.filter((w) => w.nodes.has(node)).map((w) => w.name)).toEqual([at!]);
    s.audit();
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
      expect(n).toBeGreaterThan(3);
    });
  }
});
