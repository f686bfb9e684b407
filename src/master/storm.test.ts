import { expect, test } from "bun:test";
import fc from "fast-check";
import { CAUSE, SIZE, Stage } from "../../test/kit/master-stage.ts";
import { isDocklet } from "../lib/errors.ts";
import { sleep } from "../lib/retry.ts";

/**
 * Any order to any vcluster in any state, several at once, while nodes fail, the host comes and goes and docklet is
 * killed: every refusal is one of ours, and once the weather is fair all that was wanted is so and nothing is left over.
 */
const which = fc.nat(2);
const deed = fc.oneof(
  fc.record({ do: fc.constant("create" as const), which, nodes: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ do: fc.constant("scale" as const), which, nodes: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ do: fc.constantFrom("start" as const, "stop" as const, "remove" as const, "cancel" as const), which }),
  fc.record({ do: fc.constant("rename" as const), which, to: which }),
  fc.record({ do: fc.constantFrom("fail" as const, "refuse" as const), node: fc.nat(4) }),
  fc.record({
    do: fc.constantFrom("heal" as const, "away" as const, "back" as const, "kill" as const, "wait" as const),
  }),
);

test("in any weather", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(deed, { minLength: 5, maxLength: 25 }), async (deeds) => {
      const s = await new Stage([{ name: "alpha" }, { name: "beta" }]).up();
      const ids: string[] = [];
      const ask = async (work: () => Promise<unknown>) => {
        try {
          await work();
        } catch (e) {
          if (!isDocklet(e) || e.code === "internal") throw e;
        }
        s.audit();
      };
      const heal = () => {
        for (const w of s.workers) {
          w.misbehave.fail.clear();
          w.misbehave.apply = () => {};
        }
      };
      try {
        for (const d of deeds) {
          const id = "which" in d ? (ids[d.which % Math.max(1, ids.length)] ?? "zzzzzz") : "";
          const ref = { ...CAUSE, id };
          if (d.do === "create") {
            const request = s.request({ name: `n${d.which}`, nodes: d.nodes });
            await ask(async () => ids.push((await s.api.create(request)).vcluster.id));
          } else if (d.do === "scale") await ask(() => s.api.scale({ ...ref, nodes: d.nodes, size: SIZE }));
          else if (d.do === "start") await ask(() => s.api.start(ref));
          else if (d.do === "stop") await ask(() => s.api.stop(ref));
          else if (d.do === "remove") await ask(() => s.api.remove(ref));
          else if (d.do === "rename") await ask(() => s.api.rename({ ...ref, name: `n${d.to}` }));
          else if (d.do === "cancel") {
            const open = await s.api.operations({ owner: "ann", active: true, limit: 9 });
            const op = open.items[d.which % Math.max(1, open.items.length)];
            if (op) await ask(() => s.api.cancel(op.id, CAUSE));
          } else if (d.do === "fail") {
            s.workers[d.node % 2]!.misbehave.fail.set(`host-${d.node}`, { instead: "booting", reason: "storm" });
          } else if (d.do === "refuse") {
            s.workers[d.node % 2]!.misbehave.apply = () => {
              throw new Error("storm");
            };
          } else if (d.do === "heal") heal();
          else if (d.do === "away") s.master.detachWorker("beta");
          else if (d.do === "back") s.master.attachWorker("beta", s.workers[1]!);
          else if (d.do === "kill") await s.restart();
          else await sleep(3);
        }
        heal();
        s.master.attachWorker("beta", s.workers[1]!);
        await s.quiet();
        s.audit();
        const all = (await s.api.vclusters({ owner: null, limit: 100 })).items;
        for (const vc of all) {
          expect(vc.operation).toBeNull();
          expect(["ready", "stopped", "failed"]).toContain(vc.state);
        }
        const there = s.workers.flatMap((w) => [...w.nodes.keys()]).sort();
        expect(there).toEqual(all.flatMap((v) => v.nodes.map((n) => n.id)).sort());
        // Whatever failed can be started now, and everything can be deleted.
        for (const vc of all)
          if (vc.state === "failed") await s.ended(await s.api.start({ ...CAUSE, id: vc.id }), "done");
        for (const vc of all) await s.ended(await s.api.remove({ ...CAUSE, id: vc.id }), "done");
        expect([s.leases(), ...s.workers.map((w) => w.nodes.size)]).toEqual([0, 0, 0]);
      } finally {
        await s.down();
      }
    }),
    { numRuns: 25 },
  );
}, 120_000);
