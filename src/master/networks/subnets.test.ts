import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { contains, formatCidr, overlaps, parseCidr } from "../../lib/ipv4.ts";
import { freeAddresses, macOf } from "./addresses.ts";
import { allocate, prefixFor, room, unitsOf, widen } from "./subnets.ts";

const net = parseCidr("172.16.0.1/16")!;

describe("choosing a width", () => {
  test("a /26 at least, a /24 at most", () => {
    expect([1, 61, 62, 125, 126, 128, 253].map(prefixFor)).toEqual([26, 26, 25, 25, 24, 24, 24]);
    expect(prefixFor(254)).toBeNull();
  });
});

describe("allocating", () => {
  test("the first subnets stand a /24 apart, then gaps are filled", () => {
    const taken = new Set<number>();
    const small = parseCidr("10.0.0.0/22")!;
    const got: string[] = [];
    for (;;) {
      const s = allocate(small, taken, 26);
      if (!s) break;
      got.push(formatCidr(s));
      for (const u of unitsOf(s)) taken.add(u);
    }
    expect(got.slice(0, 3)).toEqual(["10.0.0.0/26", "10.0.1.0/26", "10.0.0.64/26"]);
    expect(got).toHaveLength(16);
    expect(new Set(got).size).toBe(16);
  });

  test("a net of one unit or less holds one subnet", () => {
    for (const text of ["10.1.2.0/26", "10.1.2.0/28"]) {
      const tiny = parseCidr(text)!;
      const s = allocate(tiny, new Set(), 26)!;
      expect(formatCidr(s)).toBe(text);
      expect(allocate(tiny, new Set(unitsOf(s)), 26)).toBeNull();
    }
  });

  test("the highest addresses work", () => {
    expect(formatCidr(allocate(parseCidr("255.255.255.0/24")!, new Set(), 24)!)).toBe("255.255.255.0/24");
  });
});

const command = fc.oneof(
  fc.record({ do: fc.constant("add" as const), nodes: fc.integer({ min: 1, max: 128 }) }),
  fc.record({ do: fc.constant("drop" as const), which: fc.nat() }),
  fc.record({ do: fc.constant("widen" as const), which: fc.nat(), prefix: fc.integer({ min: 24, max: 26 }) }),
);

test("whatever is taken, given back and widened: subnets lie in the net, aligned, apart, and are found while there are any", () => {
  fc.assert(
    fc.property(fc.integer({ min: 20, max: 27 }), fc.array(command, { maxLength: 80 }), (prefix, commands) => {
      const outer = { base: parseCidr("10.32.0.0/11")!.base, prefix };
      let live: { base: number; prefix: number }[] = [];
      const taken = () => new Set(live.flatMap(unitsOf));
      for (const c of commands) {
        if (c.do === "add") {
          const got = allocate(outer, taken(), prefixFor(c.nodes)!);
          if (got) {
            expect(live.some((s) => overlaps(s, got))).toBe(false);
            live.push(got);
          } else if (prefix <= 26) {
            // Refused only when no aligned free run of that size exists.
            const size = 2 ** (26 - prefixFor(c.nodes)!);
            const all = unitsOf({ ...outer });
            const free = all.some((u) => u % size === 0 && all.includes(u + size - 1) && !holds(taken(), u, size));
            expect(free).toBe(false);
          }
        } else if (live.length > 0 && c.do === "drop") {
          live = live.filter((_, i) => i !== c.which % live.length);
        } else if (live.length > 0 && c.do === "widen") {
          const i = c.which % live.length;
          const before = live[i]!;
          const wide = widen(outer, taken(), before, Math.min(c.prefix, before.prefix));
          if (wide) {
            expect(contains(wide, before)).toBe(true);
            expect(live.some((s, j) => j !== i && overlaps(s, wide))).toBe(false);
            live[i] = wide;
          }
        }
        for (const s of live) expect(contains(outer, s)).toBe(true);
      }
    }),
    { numRuns: 150 },
  );
});

const holds = (taken: Set<number>, from: number, n: number) =>
  Array.from({ length: n }, (_, i) => from + i).some((u) => taken.has(u));

test("addresses: in the subnet, never network, gateway or broadcast, never one that is used; lowest first", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 24, max: 26 }),
      fc.array(fc.integer({ min: 0, max: 255 })),
      fc.nat(130),
      (p, used, n) => {
        const subnet = allocate(net, new Set(), p)!;
        const gateway = subnet.base + 1;
        const taken = new Set(used.map((u) => subnet.base + u));
        const got = freeAddresses(subnet, gateway, taken, n);
        if (!got) return;
        expect(new Set(got).size).toBe(n);
        for (const a of got) {
          expect(taken.has(a) || a === gateway || a === subnet.base).toBe(false);
          expect(contains(subnet, { base: a, prefix: 32 })).toBe(true);
          expect(contains(subnet, { base: a + 1, prefix: 32 })).toBe(true);
        }
      },
    ),
  );
  expect(freeAddresses(net, net.base + 1, new Set(), 2)).toEqual([net.base + 2, net.base + 3]);
  expect(room(26)).toBe(61);
});

test("a hardware address tells the address that it belongs to", () => {
  expect(macOf(parseCidr("172.16.0.66/32")!.base)).toBe("02:dc:ac:10:00:42");
  expect(macOf(0xffffffff)).toMatch(/^02(:[0-9a-f]{2}){5}$/);
});
