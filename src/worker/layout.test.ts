import { expect, test } from "bun:test";
import fc from "fast-check";
import { PERSON_RANGES } from "../contracts/worker.ts";
import { RANGE } from "../os/userns.ts";
import { Layout, personBase, RANGES, rangeBase } from "./layout.ts";

const layout = new Layout("/opt/docklet", "zz");
const tag = fc.stringMatching(/^[a-z][a-z0-9]$/);

test("names of interfaces fit into what the kernel takes, and tell tags apart", () => {
  for (const name of [layout.veth("abcdef"), layout.bridge("abcdef")]) expect(name.length).toBeLessThanOrEqual(15);
  expect(layout.veth("abcdef")).not.toBe(layout.bridge("abcdef"));
  expect(layout.veth("abcdef").startsWith(new Layout("/x", "zy").veth(""))).toBe(false);
});

test("the monitor of a node is beside its limits, not below them", () => {
  expect(layout.cgroup("abcdef").startsWith(`${layout.cgroupRoot}/`)).toBe(true);
  expect(layout.monitorRoot.startsWith(`${layout.cgroupRoot}/`)).toBe(false);
});

test("paths of an instance lie below its own folder", () => {
  for (const path of [layout.merged, layout.identity, layout.identitySource, layout.homeSlot, layout.homeStaging])
    expect(path("abcdef").startsWith(`${layout.run("abcdef")}/`)).toBe(true);
});

test("id ranges of one installation never meet, and stay between the host's ids and the end of all ids", () => {
  fc.assert(
    fc.property(tag, fc.nat(RANGES - 1), fc.nat(RANGES - 1), (t, a, b) => {
      const [x, y] = [rangeBase(t, a), rangeBase(t, b)];
      expect(x).toBeGreaterThanOrEqual(1_000_000);
      expect(x + RANGE).toBeLessThanOrEqual(2 ** 32 - 1);
      if (a !== b) expect(Math.abs(x - y)).toBeGreaterThanOrEqual(RANGE);
    }),
  );
});

test("a person's ids are theirs alone: no other person, and no node of any installation, has them", () => {
  fc.assert(
    fc.property(tag, fc.nat(RANGES - 1), fc.nat(PERSON_RANGES - 1), fc.nat(PERSON_RANGES - 1), (t, node, a, b) => {
      expect(personBase(a)).toBeGreaterThanOrEqual(rangeBase(t, node) + RANGE);
      expect(personBase(a) + RANGE).toBeLessThanOrEqual(2 ** 32 - 1);
      if (a !== b) expect(Math.abs(personBase(a) - personBase(b))).toBeGreaterThanOrEqual(RANGE);
    }),
  );
});

test("installations whose slots differ never meet either", () => {
  fc.assert(
    fc.property(tag, tag, fc.nat(RANGES - 1), fc.nat(RANGES - 1), (s, t, a, b) => {
      if (rangeBase(s, 0) === rangeBase(t, 0)) return;
      expect(Math.abs(rangeBase(s, a) - rangeBase(t, b))).toBeGreaterThanOrEqual(RANGE);
    }),
  );
});
