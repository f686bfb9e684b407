import { expect, test } from "bun:test";
import { QueryClient } from "@tanstack/react-query";
import { keys } from "../app/queries.ts";
import { applyFrame } from "./reducer.ts";
import { Replay } from "./replay.ts";
import { parseFrame } from "./stream.ts";

test("an answer asked before a frame does not undo it", async () => {
  const cache = new QueryClient();
  let clock = 0;
  const replay = new Replay(
    cache,
    (f) => applyFrame(cache, f, "ann"),
    () => ++clock,
  );
  const answer = Promise.withResolvers<{ name: string; warm: number }[]>();
  const fetching = cache.fetchQuery({ queryKey: keys.hosts, queryFn: () => answer.promise });
  replay.take({ type: "host", data: { name: "h1", warm: 7 } as never });
  answer.resolve([{ name: "h1", warm: 1 }]);
  await fetching;
  expect(cache.getQueryData<{ warm: number }[]>(keys.hosts)![0]!.warm).toBe(7);

  // Asked after the frame: the answer is the newer one.
  await cache.fetchQuery({ queryKey: keys.hosts, queryFn: async () => [{ name: "h1", warm: 3 }] });
  expect(cache.getQueryData<{ warm: number }[]>(keys.hosts)![0]!.warm).toBe(3);
  replay.stop();
});

test("what is not a frame is passed over", () => {
  expect(parseFrame("{")).toBeNull();
  expect(parseFrame("null")).toBeNull();
  expect(parseFrame("[]")).toBeNull();
  expect(parseFrame(new ArrayBuffer(1))).toBeNull();
  expect(parseFrame('{"type":"hello","at":1}')).toEqual({ type: "hello", at: 1 });
});
