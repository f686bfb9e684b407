import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { FakeStream } from "../../../test/kit/fake-stream.ts";
import { FakeWorker } from "../../../test/kit/fake-worker.ts";
import { HostSite } from "../../../test/kit/host-site.ts";
import { ANN, SIZE, WAIT } from "../../../test/kit/master-stage.ts";
import type { StreamRequest } from "../../contracts/worker.ts";
import { DockletError } from "../../lib/errors.ts";
import { until } from "../../lib/retry.ts";

setDefaultTimeout(60_000);
const TERMINAL: StreamRequest = { kind: "terminal", node: "", session: "one", cols: 80, rows: 24 };
const EXEC: StreamRequest = {
  kind: "exec",
  node: "",
  argv: ["cat", "a b"],
  tty: false,
  cols: 80,
  rows: 24,
  env: { A: "ü" },
  cwd: "/",
};

let s: HostSite;
let streams: FakeStream[];
let failure: unknown;
beforeEach(async () => {
  streams = [];
  failure = null;
  s = await new HostSite().up();
  const worker = new FakeWorker({ name: "beta" });
  worker.openStream = async (request) => {
    if (failure) throw failure;
    const stream = new FakeStream(request);
    streams.push(stream);
    return stream;
  };
  await s.remote.connect(s.master, "beta", worker);
  await s.become("beta", "ready");
  const cause = { actor: "ann", requestId: "r" };
  const { operation } = await s.master.api.create({
    ...cause,
    id: "vcaaaa",
    owner: ANN,
    name: "web",
    image: "mini",
    nodes: 1,
    size: SIZE,
  });
  await until("ready", async () => (await s.master.api.operation(operation.id))?.state === "done", WAIT);
});
afterEach(() => s.down());

const open = async (request: StreamRequest) => {
  const stream = await s.master.api.openStream("vcaaaa", "host-0", request);
  const heard: Record<1 | 2, string> = { 1: "", 2: "" };
  stream.onData((fd, data) => {
    heard[fd] += new TextDecoder().decode(data);
  });
  return { stream, heard, far: streams.at(-1)! };
};
const bytes = (text: string) => new TextEncoder().encode(text);

test("input, output, errors, size, end of input and exit code all cross", async () => {
  const { stream, heard, far } = await open(EXEC);
  expect(far.request).toMatchObject({ argv: ["cat", "a b"], env: { A: "ü" }, cwd: "/" });
  stream.write(bytes("hello"));
  await until("echo", () => heard[1] === "hello", WAIT);
  far.say(2, "oh");
  stream.resize(120, 40);
  stream.end();
  await until("told", () => heard[2] === "oh" && far.ended && far.size?.cols === 120, WAIT);
  far.say(1, " and the last words");
  far.exit(7);
  expect(await stream.exited).toBe(7);
  expect(heard[1]).toBe("hello and the last words");
});

test("a host's refusal arrives in its own words", async () => {
  failure = new DockletError("conflict", "The node does not run.", "Start its vcluster first.");
  await expect(open(TERMINAL)).rejects.toMatchObject({ code: "conflict", hint: "Start its vcluster first." });
});

test("leaving tells the other side; output that is still under way hurts nobody", async () => {
  const { stream, heard, far } = await open(TERMINAL);
  stream.close();
  await until("closed", () => far.closed, WAIT);
  far.say(1, "x".repeat(100_000));
  far.exit(129);
  expect(await stream.exited).toBe(129);
  expect(heard[1]).toBe("");
});

test("a lost connection ends the stream with the reason, and the process is closed on its host", async () => {
  const { stream, far } = await open(EXEC);
  await s.remote.disconnect("beta");
  await expect(stream.exited).rejects.toMatchObject({ code: "unavailable" });
  await until("closed", () => far.closed, WAIT);
});

test("a reader that pauses stops the process, and nothing is lost", async () => {
  const { stream, heard, far } = await open(EXEC);
  stream.pause!();
  let said = 0;
  await until(
    "the process is stopped",
    () => {
      if (far.paused) return true;
      far.say(1, "x".repeat(65_536));
      said += 65_536;
      return false;
    },
    WAIT,
  );
  expect(said).toBeLessThan(4_000_000);
  stream.resume!();
  await until("all is there", () => heard[1].length === said && !far.paused, WAIT);
  far.exit(0);
  expect(await stream.exited).toBe(0);
});

test("a megabyte of input arrives whole while the process takes its time", async () => {
  const { stream, far } = await open(EXEC);
  far.keepsUp = false;
  const piece = bytes("0123456789".repeat(10_000));
  for (let i = 0; i < 10; i++) stream.write(piece);
  await until("taken", () => far.heard.reduce((n, h) => n + h.length, 0) === 1_000_000, WAIT);
  far.exit(0);
});
