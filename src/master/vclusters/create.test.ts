import { describe, expect, test } from "bun:test";
import { isDocklet } from "../../lib/errors.ts";
import { checkMemory, checkNodes } from "./create.ts";

const size = (memory: number) => ({ cpu: 1, memory, disk: 1024 });

describe("sizes that could never work", () => {
  for (const [ready, least] of [
    ["init", 64],
    ["ssh", 128],
    ["jupyter", 256],
  ] as const) {
    test(`an image that starts ${ready} needs ${least} MiB`, () => {
      expect(() => checkMemory("x", ready, size(least))).not.toThrow();
      try {
        checkMemory("x", ready, size(least - 1));
        expect.unreachable();
      } catch (e) {
        expect(isDocklet(e, "invalid")).toBe(true);
        expect((e as { hint: string }).hint).toContain(`${least} MiB`);
      }
    });
  }

  test.each([0, -1, 1.5, 129, Number.NaN])("%p nodes are refused", (n) => {
    expect(() => checkNodes(n, size(512))).toThrow("1 to 128");
  });
});
