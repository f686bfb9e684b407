import { afterEach, beforeEach, expect, test } from "bun:test";
import { type Credentials, type Stage, supermasterStage } from "../../../test/kit/supermaster-stage.ts";
import type { StreamFrame } from "../../contracts/public/index.ts";
import { until } from "../../lib/retry.ts";

let stage: Stage;
let alice: Credentials;
beforeEach(async () => {
  stage = await supermasterStage();
  stage.person("alice");
  stage.person("mallory");
  alice = stage.session("alice");
});
afterEach(() => stage.stop());

/** A browser's EventSource, as far as it matters. */
async function listen(as: Credentials) {
  const response = await stage.call("GET", "/events/stream", { as });
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  const frames: StreamFrame[] = [];
  const state = { over: false };
  const reader = response.body!.getReader();
  void (async () => {
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      text += new TextDecoder().decode(value);
      const parts = text.split("\n\n");
      text = parts.pop()!;
      for (const p of parts) if (p.startsWith("data: ")) frames.push(JSON.parse(p.slice(6)) as StreamFrame);
    }
    state.over = true;
  })();
  await until("hello", () => frames.length > 0, { timeoutMs: 2000 });
  return { frames, state, types: () => new Set(frames.map((f) => f.type)), leave: () => reader.cancel() };
}
const create = (as: Credentials, name: string) => stage.json("POST", "/vclusters", { as, body: { name } });

test("hello first, then what is mine: nobody else's vclusters, operations, events and metrics", async () => {
  const mine = await listen(alice);
  const theirs = await listen(stage.session("mallory"));
  const admins = await listen(stage.session("root"));
  expect(mine.frames[0]).toEqual({ type: "hello", at: stage.clock.now() });
  await create(alice, "lab");
  const id = [...stage.master.rows.keys()][0]!;
  const sample = { at: 1, cpu: 1, memory: 1, disk: 1, rx: 0, tx: 0, pids: 1 };
  stage.master.emit({ type: "metrics", data: { vcluster: id, node: "host-0", sample } });
  stage.master.emit({ type: "host", data: stage.master.hostList[0]! });
  await until("the host frame", () => theirs.types().has("host") && mine.types().has("host"), { timeoutMs: 2000 });
  expect([...mine.types()].sort()).toEqual(["event", "hello", "host", "me", "metrics", "operation", "vcluster"]);
  expect([...theirs.types()].sort()).toEqual(["hello", "host"]);
  await until("all for the admin", () => admins.types().has("host"), { timeoutMs: 2000 });
  expect([...admins.types()].sort()).toEqual(["event", "hello", "host", "metrics", "operation", "vcluster"]);
  await stage.json("DELETE", "/vclusters/lab", { as: alice });
  await until("deleted", () => mine.types().has("vcluster.deleted"), { timeoutMs: 2000 });
  expect(theirs.types().has("vcluster.deleted")).toBe(false);
  await Promise.all([mine.leave(), theirs.leave(), admins.leave()]);
});

test("ends at once when the session does, or the account is disabled", async () => {
  const first = await listen(alice);
  const second = await listen(stage.session("alice"));
  await stage.json("DELETE", "/session", { as: alice });
  await until("the first is over", () => first.state.over, { timeoutMs: 2000 });
  expect(second.state.over).toBe(false);
  await stage.json("PATCH", "/users/alice", { as: stage.session("root"), body: { disabled: true } });
  await until("the second is over", () => second.state.over, { timeoutMs: 2000 });
});

test("a reader who does not read is let go, and the others go on", async () => {
  const response = await stage.call("GET", "/events/stream", { as: alice });
  const other = await listen(alice);
  const message = "x".repeat(10_000);
  for (let i = 0; i < 200; i++) {
    stage.master.addEvent({ owner: "alice", message });
    await Promise.resolve();
  }
  await until("the last event", () => other.frames.length > 200, { timeoutMs: 2000 });
  let size = 0;
  for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) size += part.length;
  expect(size).toBeLessThan(1_500_000);
  expect(other.state.over).toBe(false);
  await other.leave();
});

test("forty streams of one person are enough", async () => {
  const open: Response[] = [];
  for (let i = 0; i < 40; i++) open.push(await stage.call("GET", "/events/stream", { as: alice }));
  expect((await stage.call("GET", "/events/stream", { as: alice })).status).toBe(429);
  await open[0]!.body!.cancel();
  expect((await stage.call("GET", "/events/stream", { as: alice })).status).toBe(200);
});

test("names and owners of frames are this wing's, whatever the master calls them", async () => {
  await create(alice, "lab");
  const mine = await listen(alice);
  const v = structuredClone([...stage.master.rows.values()][0]!);
  stage.master.emit({ type: "vcluster", data: { ...v, name: "stale-name", owner: "somebody" } });
  await until("the frame", () => mine.types().has("vcluster"), { timeoutMs: 2000 });
  expect(mine.frames.find((f) => f.type === "vcluster")).toMatchObject({ data: { name: "lab", owner: "alice" } });
  stage.master.emit({ type: "vcluster", data: { ...v, id: "nobody" } });
  await mine.leave();
});
