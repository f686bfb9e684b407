import { afterAll, expect, test } from "bun:test";
import fc from "fast-check";
import type { PlacementWish } from "../../contracts/public/index.ts";
import { type Amount, fits, KINDS, minus } from "./amount.ts";
import type { Candidate } from "./candidate.ts";
import { place } from "./place.ts";

const RUNS = { numRuns: 600 };
/** Some ten nodes fit on an empty host, and about half of them on the usual one: both answers are as frequent. */
const limit = fc.record({
  cpu: fc.integer({ min: 20, max: 320 }).map((n) => n / 10),
  memory: fc.integer({ min: 4096, max: 65_536 }),
  disk: fc.integer({ min: 20_000, max: 400_000 }),
});
const size = fc.record({
  cpu: fc.integer({ min: 1, max: 32 }).map((n) => n / 10),
  memory: fc.integer({ min: 64, max: 8192 }),
  disk: fc.integer({ min: 256, max: 40_000 }),
});
const share = fc.record({ cpu: fc.nat(9), memory: fc.nat(9), disk: fc.nat(9) });
const part = (a: Amount, tenths: Amount): Amount => ({
  cpu: Math.floor(a.cpu * tenths.cpu) / 10,
  memory: Math.floor((a.memory * tenths.memory) / 10),
  disk: Math.floor((a.disk * tenths.disk) / 10),
});
const labels = fc.constantFrom<Record<string, string>[]>({ disk: "a" }, { disk: "a", room: "a" }, { room: "a" }, {});
const wished = fc.constantFrom<Record<string, string>[]>(
  {},
  {},
  {},
  {},
  {},
  { disk: "a" },
  { disk: "a", room: "a" },
  { room: "b" },
);
const hosts = fc
  .array(
    fc.record({
      limit,
      reserved: share,
      warm: fc.nat(3),
      fit: fc.constantFrom(true, true, true, false),
      image: fc.boolean(),
      mine: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2),
      home: fc.boolean(),
      labels,
      strained: fc.boolean(),
    }),
    { minLength: 1, maxLength: 8, size: "+1" },
  )
  .map((all) =>
    all.map(
      ({ fit, ...c }, i): Candidate => ({
        ...c,
        name: `h${i}`,
        reserved: part(c.limit, c.reserved),
        unfit: fit ? null : "is cordoned",
        strained: c.strained ? "its disk is 95 % full" : null,
      }),
    ),
  );
const wish: fc.Arbitrary<PlacementWish> = fc.record({
  strategy: fc.constantFrom("spread", "pack"),
  nodes: fc.constantFrom("any", "together", "apart"),
  labels: wished,
});
const wanted = fc.record({ nodes: fc.integer({ min: 1, max: 5 }), size, wish, first: fc.boolean() });

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

/** A test that hardly ever sees one of the two answers shows nothing. */
const seen = new Map<string, number>();
afterAll(() => {
  for (const nodes of ["any", "together", "apart"])
    for (const ok of [true, false])
      expect([nodes, ok, (seen.get(`${nodes} ${ok}`) ?? 0) > 10]).toEqual([nodes, ok, true]);
});

test("refused only when the rules leave no way, and `fits` is what they leave", () => {
  fc.assert(
    fc.property(wanted, hosts, (w, all) => {
      const room = [...allowed(w, all).values()];
      const most = w.wish.nodes === "together" ? Math.max(0, ...room) : room.reduce((a, b) => a + b, 0);
      const got = place(w, all);
      expect(got.ok).toBe(most >= w.nodes);
      const kind = `${w.wish.nodes} ${got.ok}`;
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
      if (got.ok) return;
      expect(got.details.fits).toBe(most);
      // What it says would fit, fits.
      if (most > 0) expect(place({ ...w, nodes: most }, all).ok).toBe(true);
      for (const c of all) expect(got.message).toContain(c.name);
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
