import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { WAIT } from "../../../test/kit/master-stage.ts";
import { TransferSite } from "../../../test/kit/transfer-site.ts";
import type { Picture } from "../../contracts/worker.ts";
import { until } from "../../lib/retry.ts";

setDefaultTimeout(60_000);
const MIB = 1_048_576;
const NODE = "naaaaa";
const picture = (name = "p1", id = NODE): Picture => ({ volume: { kind: "disk", id }, name });
const text = (bytes: number) => "0123456789abcdef".repeat(bytes / 16);

let s: TransferSite;
afterEach(() => s.down());

const up = async (overTls: boolean) => {
  s = await new TransferSite(overTls).up("alpha", "beta");
  return { a: s.worker("alpha").volumes, b: s.worker("beta").volumes };
};
const carry = (p: Picture, parent: string | null = null, more: { signal?: AbortSignal; seen?: number[] } = {}) =>
  s.wing.transfers.carry(
    { picture: p, parent, from: "alpha", to: "beta" },
    { signal: more.signal ?? new AbortController().signal, progress: (sent) => more.seen?.push(sent) },
  );
const disk = (content: string) => ({ image: "mini", layers: [], content });

for (const overTls of [false, true]) {
  describe(overTls ? "between hosts on the other side of TLS" : "between workers in one process", () => {
    test("a disk arrives as it was when its picture was taken, then only what has changed since", async () => {
      const { a, b } = await up(overTls);
      a.disks.set(NODE, disk(text(MIB)));
      const seen: number[] = [];
      const first = await carry(picture("p1"), null, { seen });
      expect(first.bytes).toBeGreaterThan(MIB);
      expect(seen.at(-1)).toBe(first.bytes);
      expect(seen).toEqual(seen.toSorted((x, y) => x - y));
      a.disks.get(NODE)!.content += "written later";
      const second = await carry(picture("p2"), "p1");
      expect(second.bytes).toBeLessThan(100);
      const [, beta] = s.wing.hosts.connected().map(([, w]) => w);
      await beta!.adoptPicture(picture("p2"));
      expect(b.disks.get(NODE)).toEqual(disk(`${text(MIB)}written later`));
      expect(b.waiting.has(NODE)).toBe(true);
    });

    test("what was damaged on the way is refused and sent once more; twice is an error", async () => {
      const { a, b } = await up(overTls);
      a.disks.set(NODE, disk(text(MIB)));
      let bad = 1;
      b.misbehave.taking = (_p, data) => (bad-- > 0 ? data.toReversed() : data);
      await carry(picture());
      expect(b.received).toBeGreaterThan(2 * MIB);
      expect(b.pictures.get(`disk ${NODE}`)?.get("p1")).toBe(a.pictures.get(`disk ${NODE}`)?.get("p1"));
      bad = Number.POSITIVE_INFINITY;
      await expect(carry(picture("p2"))).rejects.toMatchObject({ code: "conflict" });
    });

    test("asked for twice, it is done once; the one who leaves does not take it from the other", async () => {
      const { a } = await up(overTls);
      a.disks.set(NODE, disk(text(4 * MIB)));
      const gate = Promise.withResolvers<void>();
      a.misbehave.sending = () => gate.promise;
      const one = new AbortController();
      const leaving = carry(picture(), null, { signal: one.signal });
      const staying = carry(picture());
      one.abort(new Error("no more"));
      await expect(leaving).rejects.toThrow("no more");
      gate.resolve();
      const { bytes } = await staying;
      expect(a.sent).toBe(bytes);
    });

    test("cancelled, it ends; forgotten, nothing of it is left", async () => {
      const { a, b } = await up(overTls);
      a.disks.set(NODE, disk(text(8 * MIB)));
      const stop = new AbortController();
      b.misbehave.taking = (_p, data) => {
        if (b.received > MIB) stop.abort(new Error("cancelled"));
        return data;
      };
      await expect(carry(picture(), null, { signal: stop.signal })).rejects.toThrow("cancelled");
      await s.wing.transfers.forget(picture().volume, ["alpha", "beta"]);
      await until("nothing is left", () => b.parts.size + b.pictures.size + a.pictures.size === 0, WAIT);
      expect(a.disks.has(NODE)).toBe(true);
      expect(b.disks.size).toBe(0);
    });

    test("a host takes two at once, the others wait for their turn", async () => {
      const { a } = await up(overTls);
      const nodes = ["naaaaa", "nbbbbb", "nccccc", "nddddd"];
      for (const n of nodes) a.disks.set(n, disk(text(MIB)));
      const begun = new Set<string>();
      const gate = Promise.withResolvers<void>();
      a.misbehave.sending = (p) => {
        begun.add(p.volume.id);
        return gate.promise;
      };
      const all = nodes.map((n) => carry(picture("p1", n)));
      await until("two have begun", () => begun.size >= 2, WAIT);
      expect(begun.size).toBe(2);
      gate.resolve();
      await Promise.all(all);
      expect(begun.size).toBe(4);
    });

    test("what a host says for good ends it", async () => {
      await up(overTls);
      await expect(carry(picture())).rejects.toMatchObject({ code: "not_found" });
    });
  });
}

test("a connection that is cut in the middle is waited for, and only the rest is sent", async () => {
  const { a, b } = await up(true);
  a.disks.set(NODE, disk(text(16 * MIB)));
  const half = Promise.withResolvers<void>();
  b.misbehave.taking = (_p, data) => {
    if (b.received > 8 * MIB) half.resolve();
    return data;
  };
  const done = carry(picture());
  await half.promise;
  await s.cut("beta");
  const received = b.received;
  await s.connect("beta");
  const { bytes } = await done;
  expect(bytes).toBeLessThan(16 * MIB - received + 4 * MIB);
  // Nothing was taken twice.
  expect(b.received).toBe(
    new TextEncoder().encode(a.pictures.get(`disk ${NODE}`)!.get("p1")!).length + "whole\n".length,
  );
  expect(b.pictures.get(`disk ${NODE}`)?.get("p1")).toBe(a.pictures.get(`disk ${NODE}`)?.get("p1"));
});

test("the sender that goes away in the middle is waited for as well", async () => {
  const { a, b } = await up(true);
  a.disks.set(NODE, disk(text(8 * MIB)));
  const half = Promise.withResolvers<void>();
  b.misbehave.taking = (_p, data) => {
    if (b.received > 4 * MIB) half.resolve();
    return data;
  };
  const done = carry(picture());
  await half.promise;
  await s.cut("alpha");
  await s.connect("alpha");
  await done;
  expect(b.pictures.get(`disk ${NODE}`)?.get("p1")).toBe(a.pictures.get(`disk ${NODE}`)?.get("p1"));
});

test("a slow host slows its sender down: the master holds little of what is under way", async () => {
  const { a, b } = await up(true);
  a.disks.set(NODE, disk(text(32 * MIB)));
  let most = 0;
  let pieces = 0;
  b.misbehave.taking = async (_p, data) => {
    most = Math.max(most, a.sent - b.received);
    // Slow now and then: all that may pile up does.
    if (++pieces % 64 === 0) await new Promise((r) => setTimeout(r, 20));
    return data;
  };
  await carry(picture());
  expect(most).toBeLessThan(4 * MIB);
});
