import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { ApiError, type Problem } from "../../src/contracts/public/index.ts";
import { settled } from "../kit/audit.ts";
import { TestDocklet } from "../kit/docklet.ts";
import { Counter, create, seen, sh, sweep, TINY } from "../kit/nodes.ts";

/** Everybody presses everything at once. */
const MINUTES = 60_000;
const TIMES = 20;
let d: TestDocklet;

beforeAll(async () => {
  d = await TestDocklet.start({ images: ["mini"] });
}, MINUTES);
afterAll(() => d.destroy(), MINUTES);
afterEach(() => sweep(d), MINUTES);

const at = { params: { name: "a" } };
const body = { name: "a", image: "mini", nodes: 2, size: TINY };

/** How each request ended: null, or the server's problem. Anything else is a failure of the test. */
function answers(requests: Promise<unknown>[]): Promise<(Problem | null)[]> {
  return Promise.all(
    requests.map((r) =>
      r.then(
        () => null,
        (e: unknown) => {
          if (e instanceof ApiError) return e.problem;
          throw e;
        },
      ),
    ),
  );
}
const many = <T>(act: () => Promise<T>) => Array.from({ length: TIMES }, act);
/** Refusals are a person's to understand: never a 500, always with words. */
function clear(problems: (Problem | null)[], codes: string[]): void {
  for (const p of problems) {
    if (p === null) continue;
    expect(codes).toContain(p.code);
    expect(p.message.length).toBeGreaterThan(10);
  }
}
/** Waits until no operation runs any more. */
async function quiet(): Promise<void> {
  for (;;) {
    const open = (await d.root.operations({ query: { active: true } })).items;
    if (open.length === 0) return;
    for (const op of open) await d.finish(op);
  }
}

test("the same name twenty times at once makes one vcluster", async () => {
  const all = await answers(many(() => d.root.createVcluster({ body })));
  expect(all.filter((x) => x === null)).toHaveLength(1);
  clear(all, ["conflict"]);
  await quiet();
  await settled(d);
  expect((await d.root.vclusters({ query: {} })).items.map((v) => [v.name, v.state])).toEqual([["a", "ready"]]);
});

test("start, stop and delete twenty times at once do it once", async () => {
  await create(d, "a", 2);
  for (const [act, state] of [
    [() => d.root.stopVcluster(at), "stopped"],
    [() => d.root.startVcluster(at), "ready"],
  ] as const) {
    clear(await answers(many(act)), ["conflict"]);
    await quiet();
    await settled(d);
    expect((await d.root.vcluster(at)).nodes.map((n) => n.state)).toEqual([state, state]);
  }
  clear(await answers(many(() => d.root.deleteVcluster(at))), ["not_found", "gone", "conflict"]);
  await quiet();
  await settled(d);
  expect((await d.root.vclusters({ query: {} })).items).toEqual([]);
});

test("many different names at once all come up", async () => {
  const made = await Promise.all(
    Array.from({ length: 10 }, (_, i) => d.root.createVcluster({ body: { ...body, name: `n${i}`, nodes: 1 } })),
  );
  for (const { operation } of made) expect((await d.finish(operation)).state).toBe("done");
  await settled(d);
});

test(
  "two tabs pressing everything: whatever comes of it, it is whole, and the neighbours notice nothing",
  async () => {
    await create(d, "neighbour");
    const counter = await Counter.start(d, "neighbour");
    const buttons: (() => Promise<unknown>)[] = [
      () => d.root.createVcluster({ body }),
      () => d.root.startVcluster(at),
      () => d.root.stopVcluster(at),
      () => d.root.scaleVcluster({ ...at, body: { nodes: 3 } }),
      () => d.root.scaleVcluster({ ...at, body: { nodes: 1 } }),
      () => d.root.renameVcluster({ ...at, body: { name: "b" } }),
      () => d.root.renameVcluster({ params: { name: "b" }, body: { name: "a" } }),
      () => d.root.deleteVcluster(at),
      async () => {
        const [op] = (await d.root.operations({ query: { active: true } })).items;
        if (op) await d.root.cancelOperation({ params: { id: op.id } });
      },
    ];
    // The same order in every run.
    let seed = 7;
    const press = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return buttons[Math.floor((seed / 2_147_483_648) * buttons.length)]!();
    };
    for (let round = 0; round < 12; round++) {
      const problems = await answers(Array.from({ length: 12 }, press));
      clear(problems, ["conflict", "not_found", "gone", "unavailable", "no_capacity"]);
    }
    await quiet();
    await settled(d);
    for (const v of (await d.root.vclusters({ query: {} })).items) {
      expect(["ready", "stopped"]).toContain(v.state);
      if (v.state === "ready") expect(sh(await seen(d, v.name), "hostname")).toBe("host-0");
    }
    await counter.goesOn();
    expect((await fetch(`${d.portal}/healthz`)).ok).toBe(true);
  },
  MINUTES,
);
