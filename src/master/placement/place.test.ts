import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Candidate, place } from "./place.ts";

const host = (name: string, more: Partial<Candidate> = {}): Candidate => ({
  name,
  limit: { cpu: 8, memory: 8192, disk: 100_000 },
  reserved: { cpu: 0, memory: 0, disk: 0 },
  unfit: null,
  warm: 0,
  ...more,
});
const size = { cpu: 1, memory: 1024, disk: 10_240 };

describe("placing", () => {
  test("warm nodes first, then where least is promised, then by name", () => {
    expect(place({ nodes: 3, size }, [host("b"), host("a"), host("c", { warm: 1 })])).toMatchObject({
      ok: true,
      hosts: ["c", "a", "b"],
    });
  });

  test("a refusal says what was asked, what is free where, and what would fit", () => {
    const got = place({ nodes: 12, size }, [host("a"), host("b", { unfit: "is not connected" })]);
    expect(got).toMatchObject({ ok: false, details: { fits: 8 } });
    if (got.ok) throw new Error("placed");
    expect(got.message).toBe(
      "No room for 12 nodes of 1 core, 1 GiB memory, 10 GiB disk. a has 8 cores, 8 GiB memory, 98 GiB disk free, 8 of them fit; b: is not connected.",
    );
    expect(got.hint).toStartWith("8 nodes of this size would fit now");
  });

  test("one node too large for every host: the hint names the largest that fits", () => {
    const got = place({ nodes: 1, size: { ...size, memory: 9000 } }, [host("a"), host("b")]);
    expect(got.ok ? "" : got.hint).toContain("The largest node that would fit now has 8 cores, 8 GiB memory");
    expect(place({ nodes: 1, size }, [])).toMatchObject({ ok: false, message: expect.stringContaining("No host") });
  });

  test("ten nodes of a tenth of a core fit into one core", () => {
    const one = host("a", { limit: { cpu: 1, memory: 99_999, disk: 9_999_999 } });
    expect(place({ nodes: 10, size: { ...size, cpu: 0.1 } }, [one]).ok).toBe(true);
    expect(place({ nodes: 11, size: { ...size, cpu: 0.1 } }, [one]).ok).toBe(false);
  });
});

const amount = fc.record({
  cpu: fc.integer({ min: 1, max: 64 }),
  memory: fc.integer({ min: 64, max: 65_536 }),
  disk: fc.integer({ min: 256, max: 1_000_000 }),
});
const candidates = fc
  .array(fc.record({ limit: amount, reserved: amount, warm: fc.nat(3), fit: fc.boolean() }), { maxLength: 8 })
  .map((all) =>
    all.map((c, i) => ({
      name: `h${i}`,
      limit: c.limit,
      reserved: {
        cpu: Math.min(c.reserved.cpu, c.limit.cpu),
        memory: Math.min(c.reserved.memory, c.limit.memory),
        disk: Math.min(c.reserved.disk, c.limit.disk),
      },
      unfit: c.fit ? null : "no",
      warm: c.warm,
    })),
  );

test("never beyond a limit, never on an unfit host, all or nothing, independent of the order of hosts", () => {
  fc.assert(
    fc.property(amount, fc.integer({ min: 1, max: 20 }), candidates, (want, nodes, hosts) => {
      const got = place({ nodes, size: want }, hosts);
      expect(place({ nodes, size: want }, [...hosts].reverse())).toMatchObject(
        got.ok ? { ok: true, hosts: got.hosts } : { ok: false, hint: got.hint.length > 0 ? expect.any(String) : "" },
      );
      if (!got.ok) {
        // Refused only when so many really don't fit.
        const most = (got.details as { fits: number }).fits;
        expect(most).toBeLessThan(nodes);
        return;
      }
      expect(got.hosts).toHaveLength(nodes);
      for (const h of hosts) {
        const n = got.hosts.filter((x) => x === h.name).length;
        if (n === 0) continue;
        expect(h.unfit).toBeNull();
        for (const k of ["cpu", "memory", "disk"] as const) {
          expect(h.reserved[k] + n * want[k]).toBeLessThanOrEqual(h.limit[k] + 1e-6);
        }
      }
    }),
  );
});
