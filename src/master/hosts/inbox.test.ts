import { expect, test } from "bun:test";
import { DockletError } from "../../lib/errors.ts";
import { silentLogger } from "../../lib/log.ts";
import { until } from "../../lib/retry.ts";
import { Inbox, type News } from "./inbox.ts";

const WAIT = { timeoutMs: 5000 };
const names = (batches: News[][]) => batches.map((b) => b.map((n) => ("vcluster" in n ? n.vcluster : "report")));

test("what comes in one turn is taken in as one", async () => {
  const batches: News[][] = [];
  const inbox = new Inbox(silentLogger, (b) => void batches.push(b));
  for (const v of ["a", "b", "c"]) inbox.look(v);
  inbox.hear("h", { type: "nonsense" });
  expect(batches).toEqual([]);
  await until("batch", () => batches.length > 0, WAIT);
  expect(names(batches)).toEqual([["a", "b", "c"]]);
});

test("one that can't be taken in is lost alone", async () => {
  const batches: News[][] = [];
  const inbox = new Inbox(silentLogger, (b) => {
    if (b.some((n) => "vcluster" in n && n.vcluster === "bad")) throw new Error("bug");
    batches.push(b);
  });
  for (const v of ["a", "bad", "c"]) inbox.look(v);
  await until("batches", () => batches.length === 2, WAIT);
  expect(names(batches)).toEqual([["a"], ["c"]]);
});

test("nothing is lost while the disk is full, and the order stays", async () => {
  const batches: News[][] = [];
  let full = true;
  const inbox = new Inbox(silentLogger, (b) => {
    if (full) throw new DockletError("disk_full", "full");
    batches.push(b);
  });
  inbox.look("a");
  inbox.flush();
  inbox.look("b");
  full = false;
  await until("batch", () => batches.length > 0, WAIT);
  expect(names(batches)).toEqual([["a", "b"]]);
  inbox.stop();
});
