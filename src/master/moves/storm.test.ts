import { expect, setDefaultTimeout, test } from "bun:test";
import { CAUSE, SIZE, WAIT } from "../../../test/kit/master-stage.ts";
import { MovingStage } from "../../../test/kit/moving-stage.ts";
import { until } from "../../lib/retry.ts";

setDefaultTimeout(120_000);

const HOSTS = ["alpha", "beta", "gamma"];

/** The same numbers for the same seed. */
function dice(seed: number): (n: number) => number {
  let x = seed * 2_654_435_761;
  return (n) => {
    x = (Math.imul(x ^ (x >>> 15), 2_246_822_519) + 3_266_489_917) >>> 0;
    return x % n;
  };
}

/** Moves, drains, cancels, stops and starts, while hosts come and go, fail, and the master dies. */
async function weather(seed: number): Promise<void> {
  const roll = dice(seed);
  const s = new MovingStage();
  s.movePace = { patienceMs: 200, heldMs: 100, retryMs: 5 };
  await s.up();
  try {
    const vcs = [await s.made({ nodes: 2, name: "one" }), await s.made({ nodes: 1, name: "two" })];
    for (const n of vcs.flatMap((v) => v.nodes)) s.write(n.id, n.host!, `precious ${n.id}\n`);
    for (const w of s.workers) w.volumes.misbehave.piece = 16;
    const some = () => vcs[roll(vcs.length)]!;
    const host = () => HOSTS[roll(HOSTS.length)]!;
    const maybe = (p: Promise<unknown>) => p.catch(() => {});
    for (let i = 0; i < 30; i++) {
      const deeds: (() => Promise<unknown> | unknown)[] = [
        () => s.move(some(), host()),
        () => s.move(some()),
        () => s.api.drainHost({ ...CAUSE, name: host() }),
        async () => {
          for (const name of HOSTS) await s.api.patchHost({ ...CAUSE, name, cordoned: false });
        },
        async () => {
          const { items } = await s.api.operations({ owner: null, active: true, limit: 10 });
          for (const o of items) await maybe(s.api.cancel(o.id, CAUSE));
        },
        () => s.master.detachWorker(host()),
        () => {
          for (const w of s.workers) s.master.attachWorker(w.name, w);
        },
        () => s.on(host()).misbehave.fail.set("host-0", { instead: "ready", reason: "bad luck" }),
        () => s.on(host()).misbehave.fail.clear(),
        () => s.api.stop({ ...CAUSE, id: some().id }),
        () => s.api.start({ ...CAUSE, id: some().id }),
        () => s.restart(),
      ];
      await maybe(Promise.resolve(deeds[roll(deeds.length)]!()));
      for (let turns = roll(20); turns > 0; turns--) await new Promise((r) => setImmediate(r));
    }
    for (const w of s.workers) {
      w.misbehave.fail.clear();
      s.master.attachWorker(w.name, w);
    }
    await s.quiet();
    for (const name of HOSTS) await s.api.patchHost({ ...CAUSE, name, cordoned: false });
    for (const { id } of vcs) {
      await s.ended(await s.api.stop({ ...CAUSE, id }), "done");
      await s.ended(await s.api.start({ ...CAUSE, id }), "done");
    }
    await s.clean();
    for (const n of vcs.flatMap((v) => v.nodes)) {
      const at = s.workers.filter((w) => w.nodes.has(n.id));
      const placed = (await Promise.all(vcs.map((v) => s.api.vcluster(v.id)))).flatMap((v) => v!.nodes);
      expect(at.map((w) => w.name)).toEqual([placed.find((x) => x.id === n.id)!.host!]);
      expect(s.content(n.id, at[0]!.name)).toContain(`precious ${n.id}\n`);
    }
    await s.ended(await s.api.scale({ ...CAUSE, id: vcs[0]!.id, nodes: 1, size: SIZE }), "done");
    for (const { id } of vcs) await s.ended(await s.api.remove({ ...CAUSE, id }), "done");
    await until(
      "nothing is left",
      () => s.workers.every((w) => w.nodes.size === 0 && w.volumes.disks.size === 0),
      WAIT,
    );
    expect(s.leases()).toBe(0);
    s.audit();
  } catch (e) {
    throw new Error(`seed ${seed}: ${(e as Error).message}`, { cause: e });
  } finally {
    await s.down();
  }
}

test("whatever comes, in whatever order: every node ends on one host, with what it wrote, and never ran on two", async () => {
  for (let seed = 1; seed <= 25; seed++) await weather(seed);
});
