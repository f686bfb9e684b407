import { expect, test } from "bun:test";
import fc from "fast-check";
import { Ring } from "./ring.ts";

test("always the last `capacity` items, oldest first", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.array(fc.integer(), { maxLength: 30 }), (capacity, items) => {
      const ring = new Ring<number>(capacity);
      for (const i of items) ring.push(i);
      expect(ring.toArray()).toEqual(items.slice(-capacity));
      expect(ring.last).toBe(items.at(-1));
      expect(ring.length).toBe(Math.min(capacity, items.length));
    }),
  );
});
