import { expect, test } from "bun:test";
import fc from "fast-check";
import type { PlacementWish } from "../../contracts/public/index.ts";
import { type Amount, fits, KINDS, minus } from "./amount.ts";
import type { Candidate } from "./candidate.ts";
import { place } from "./place.ts";

const RUNS = { numRuns: 400 };
const amount = fc.record({
  cpu: fc.integer({ min: 1, max: 640 }).map((n) => n / 10),
  memory: fc.integer({ min: 64, max: 65_536 }),
  disk: fc.integer({ min: 256, max: 1_000_000 }),
});
const size = fc.record({
  cpu: fc.integer({ min: 1, max: 160 }).map((n) => n / 10),
  memory: fc.integer({ min: 64, max: 16_384 }),
  disk: fc.integer({ min: 256, max: 200_000 }),
});
const less = (a: Amount, b: Amount): Amount => ({
  cpu: Math.min(a.cpu, b.cpu),
  memory: Math.min(a.memory, b.memory),
  disk: Math.min(a.disk, b.disk),
});
const labels = fc.dictionary(fc.constantFrom("disk", "room"), fc.constantFrom("a", "b"), { maxKeys: 2 });
const hosts = fc
  .array(
    fc.record({
      limit: amount,
      reserved: amount,
      warm: fc.nat(3),
      fit: fc.boolean(),
      image: fc.boolean(),
      mine: fc.constantFrom(0, 0, 0, 1, 2),
      home: fc.boolean(),
      labels,
      strained: fc.boolean(),
    }),
    { maxLength: 8 },
  )
  .map((all) =>
    all.map(
      ({ fit, ...c }, i): Candidate => ({
        ...c,
        name: `h${i}`,
        reserved: less(c.reserved, c.limit),
        unfit: fit ? null : "is cordoned",
        strained: c.strained ? "its disk is 95 % full" : null,
      }),
    ),
  );
const wish: fc.Arbitrary<PlacementWish> = fc.record({
  strategy: fc.constantFrom("spread", "pack"),
  nodes: fc.constantFrom("any", "together", "apart"),
  labels,
});
const wanted = fc.record({ nodes: fc.integer({ min: 1, max: 12 }), size, wish, first: fc.boolean() });

/** How many nodes the rules allow on each host, said in another way than the code says it. */
function allowed(w: { size: Amount; wish: PlacementWish }, all: readonly Candidate[]): Map<string, number> {
  const most = Math.max(...all.map((c) => c.mine));
  const seat =
    most > 0
      ? all
          .filter((c) => c.mine === most)
          .map((c) => c.name)
          .sort()[0]
      : undefined;
  return new Map(
    all.map((c) => {
      const open =
        c.unfit === null &&
        Object.entries(w.wish.labels ?? {}).every(([k, v]) => c.labels[k] === v) &&
        (w.wish.nodes !== "apart" || c.mine === 0) &&
        (w.wish.nodes !== "together" || seat === undefined || c.name === seat);
      const room = open ? fits(minus(c.limit, c.reserved), w.size) : 0;
      return [c.name, w.wish.nodes === "apart" ? Math.min(1, room) : room];
    }),
  );
}

test("whatever is placed keeps to every limit and every rule", () => {
  fc.assert(
    fc.property(wanted, hosts, (w, all) => {
      const got = place(w, all);
      if (!got.ok) return;
      expect(got.hosts).toHaveLength(w.nodes);
      expect(got.why.filter((y) => y.length > 0)).toHaveLength(w.nodes);
      const counts = Map.groupBy(got.hosts, (h) => h);
      const can = allowed(w, all);
      for (const [name, there] of counts) {
        expect(there.length).toBeLessThanOrEqual(can.get(name)!);
        const c = all.find((x) => x.name === name)!;
        for (const k of KINDS) expect(c.reserved[k] + there.length * w.size[k]).toBeLessThanOrEqual(c.limit[k] + 1e-6);
      }
      if (w.wish.nodes === "together") expect(counts.size).toBe(1);
    }),
    RUNS,
  );
});

test("refused only when the rules leave no way, and `fits` is what they leave", () => {
  fc.assert(
    fc.property(wanted, hosts, (w, all) => {
      const room = [...allowed(w, all).values()];
      const most = w.wish.nodes === "together" ? Math.max(0, ...room) : room.reduce((a, b) => a + b, 0);
      const got = place(w, all);
      expect(got.ok).toBe(most >= w.nodes);
      if (got.ok) return;
      expect(got.details.fits).toBe(most);
      // What it says would fit, fits.
      if (most > 0) expect(place({ ...w, nodes: most }, all).ok).toBe(true);
      for (const c of all.slice(0, 8)) expect(got.message).toContain(c.name);
      expect(got.hint.length).toBeGreaterThan(0);
    }),
    RUNS,
  );
});

test("the same in whatever order the hosts come, and nothing that was handed in is changed", () => {
  fc.assert(
    fc.property(
      wanted,
      hosts.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
      (w, [all, shuffled]) => {
        const before = structuredClone(all);
        const got = place(w, all);
        expect(place(w, shuffled)).toEqual(got);
        expect(place(w, all)).toEqual(got);
        expect(all).toEqual(before);
      },
    ),
    RUNS,
  );
});
