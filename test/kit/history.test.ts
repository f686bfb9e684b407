import { describe, expect, test } from "bun:test";
import { type Fact, type Fate, type History, judge } from "./history.ts";

const fact = (host: string, what: Fact["what"], at: number, generation = 1, term = 1): Fact => ({
  host,
  node: "n",
  what,
  at,
  term,
  generation,
});
const SLACK = 1_000;
const history = (facts: Fact[], fates: Fate[] = [], gone: History["gone"] = []): History => ({
  facts,
  fates,
  gone,
  slack: SLACK,
});

/** Two was lost while it ran, its machine died, and the node was made anew on three. */
const good = () =>
  history(
    [
      fact("two", "started", 1_000),
      fact("three", "started", 60_000, 2),
      fact("two", "ended", 90_000, 1),
      fact("two", "deleted", 91_000, 2),
    ],
    [{ host: "two", what: "died", at: 20_000 }],
    [{ host: "two", node: "n" }],
  );
/** The same with a host that only lost its master, and froze. */
const frozen = () =>
  history(
    [
      fact("two", "started", 1_000),
      fact("two", "frozen", 31_000),
      fact("three", "started", 60_000, 2),
      fact("two", "deleted", 91_000, 2),
    ],
    [],
    [{ host: "two", node: "n" }],
  );

test("what is right is let pass", () => {
  expect(judge(good())).toEqual([]);
  expect(judge(frozen())).toEqual([]);
  expect(judge(history([]))).toEqual([]);
  const moved = [fact("two", "started", 1), fact("two", "ended", 5, 2), fact("three", "started", 6, 3)];
  expect(judge(history(moved))).toEqual([]);
  const thawed = [fact("two", "started", 1), fact("two", "frozen", 5), fact("two", "thawed", 9)];
  expect(judge(history(thawed))).toEqual([]);
});

describe("what is wrong is found", () => {
  const wrong: Record<string, [History, string]> = {
    "nobody saw the machine die": [{ ...good(), fates: [] }, "ran on two and three at the same time, from 60000"],
    "it died too late": [{ ...good(), fates: [{ host: "two", what: "died", at: 61_001 }] }, "for 1001 ms"],
    "another machine died": [
      { ...good(), fates: [{ host: "three", what: "died", at: 20_000 }] },
      "ran on two and three",
    ],
    "it froze after the node was made anew": [
      { ...frozen(), facts: frozen().facts.map((f) => (f.what === "frozen" ? { ...f, at: 62_000 } : f)) },
      "for 2000 ms",
    ],
    "it never froze": [
      { ...frozen(), facts: frozen().facts.filter((f) => f.what !== "frozen") },
      "ran on two and three",
    ],
    "it was thawed by the old order": [
      { ...frozen(), facts: [...frozen().facts.slice(0, 3), fact("two", "thawed", 80_000)] },
      "order 1.1 was carried out on two at 80000, after 1.2 on three",
    ],
    "an older master had it started": [
      history([
        fact("two", "started", 1_000, 9, 2),
        fact("two", "ended", 2_000, 9, 2),
        fact("three", "started", 9_000, 12, 1),
      ]),
      "order 1.12 was carried out on three at 9000, after 2.9 on two",
    ],
    "nobody ordered it to go": [{ ...frozen(), gone: [] }, "was deleted from two at 91000, which nobody ordered"],
    "it was ordered to go from elsewhere": [
      { ...frozen(), gone: [{ host: "three", node: "n" }] },
      "was deleted from two",
    ],
    "another node was ordered to go": [{ ...frozen(), gone: [{ host: "two", node: "m" }] }, "was deleted from two"],
    "both never ended": [history([fact("two", "started", 1), fact("three", "started", 5)]), "for Infinity ms"],
    "the machine slept, woke up, and the node ran on": [
      history(
        [fact("two", "started", 1), fact("three", "started", 50_000, 2), fact("two", "frozen", 63_000)],
        [
          { host: "two", what: "slept", at: 10_000 },
          { host: "two", what: "woke", at: 60_000 },
        ],
      ),
      "from 60000 for 3000 ms",
    ],
    "a clock went back": [history([fact("two", "started", 5), fact("two", "ended", 4)]), "time went back"],
    "it ended without a start": [history([fact("two", "ended", 4)]), "ended at 4 without a start"],
    "it was thawed and never frozen": [
      history([fact("two", "started", 1), fact("two", "thawed", 4)]),
      "thawed at 4 while it was runs",
    ],
  };
  for (const [name, [h, says]] of Object.entries(wrong))
    test(name, () => {
      expect(judge(h).join("\n")).toContain(says);
    });
});
