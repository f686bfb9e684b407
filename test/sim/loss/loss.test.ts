import { describe, expect, test } from "bun:test";
import { MUTANTS } from "./mutants.ts";
import { simulate } from "./world.ts";

const SEEDS = 4_000;
/** Each way to get it wrong must show within so many. */
const MUTANT_SEEDS = 2_000;

test(`no node is ever owned by two hosts, and all is well in the end: ${SEEDS} seeds`, () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const wrong = simulate(seed, null);
    if (wrong.length > 0) throw new Error(`seed ${seed}: ${wrong.join("; ")}`);
  }
}, 120_000);

describe("a protocol that is wrong is found out", () => {
  for (const mutant of MUTANTS) {
    test(mutant, () => {
      let seed = 1;
      while (seed <= MUTANT_SEEDS && simulate(seed, mutant).length === 0) seed++;
      expect(seed).toBeLessThanOrEqual(MUTANT_SEEDS);
    }, 120_000);
  }
});
