import { describe, expect, test } from "bun:test";
import { FakeStream } from "../../../test/kit/fake-stream.ts";
import type { NodeStream, StreamRequest } from "../../contracts/worker.ts";
import { DockletError } from "../../lib/errors.ts";
import { silentLogger } from "../../lib/log.ts";
import type { PersonActor } from "../accounts/actor.ts";
import { clamped, type SocketKind, TerminalSocket, type Wire } from "./terminal-socket.ts";

class FakeWire implements Wire {
  sent: (string | Uint8Array)[] = [];
  closedWith: number | null = null;
  paused = false;
  buffered = 0;
  send(data: string | Uint8Array): number {
    this.sent.push(data);
    return data.length;
  }
  close(code?: number): void {
    this.closedWith = code ?? 1000;
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  getBufferedAmount(): number {
    return this.buffered;
  }
  replies(): unknown[] {
    return this.sent.filter((s) => typeof s === "string").map((s) => JSON.parse(s as string));
  }
}

const TERMINAL: SocketKind = { kind: "terminal", session: "main", cols: 0, rows: 1e6 };
const settle = () => new Promise((r) => setTimeout(r, 1));

function join(what: SocketKind, open?: (r: StreamRequest) => Promise<NodeStream>) {
  const streams: FakeStream[] = [];
  const wire = new FakeWire();
  const make = async (r: StreamRequest) => {
    streams.push(new FakeStream(r));
    return streams.at(-1)!;
  };
  const socket = new TerminalSocket({} as PersonActor, "owner", what, "host-0", open ?? make, silentLogger);
  socket.opened(wire);
  return { wire, socket, streams };
}
const bytes = (s: string) => new TextEncoder().encode(s);

describe("a terminal", () => {
  test("sends raw bytes both ways, and nonsense sizes are made sensible", async () => {
    const { wire, socket, streams } = join(TERMINAL);
    await settle();
    expect(streams[0]!.request).toEqual({ kind: "terminal", node: "host-0", session: "main", cols: 2, rows: 500 });
    socket.message(bytes("ls\n"));
    expect(streams[0]!.heard).toEqual(["ls\n"]);
    expect(wire.sent).toEqual([bytes("ls\n")]);
    socket.message(JSON.stringify({ type: "resize", cols: 1e6, rows: 0 }));
    expect(streams[0]!.size).toEqual({ cols: 1000, rows: 1 });
    expect(clamped(Number.NaN, Number.POSITIVE_INFINITY)).toEqual({ cols: 2, rows: 500 });
  });

  test("what is typed before it is there arrives, in order", async () => {
    const { socket, streams, wire } = join(TERMINAL);
    socket.message(bytes("a"));
    socket.message(JSON.stringify({ type: "resize", cols: 90, rows: 30 }));
    socket.message(bytes("b"));
    expect(wire.paused).toBe(true);
    await settle();
    expect(streams[0]!.heard).toEqual(["a", "b"]);
    expect(streams[0]!.size).toEqual({ cols: 90, rows: 30 });
    expect(wire.paused).toBe(false);
  });

  test("leaving leaves the process alone to the stream's own rule: it is closed once", async () => {
    const { socket, streams } = join(TERMINAL);
    await settle();
    socket.closed();
    expect(streams[0]!.closed).toBe(true);
  });

  test("one that can't be opened says why and closes", async () => {
    const { wire } = join(TERMINAL, () =>
      Promise.reject(new DockletError("conflict", "The node is stopped.", "Start it.")),
    );
    await settle();
    expect(wire.replies()).toEqual([{ type: "error", message: "The node is stopped.", hint: "Start it." }]);
    expect(wire.closedWith).toBe(1011);
  });

  test("an inner failure tells nothing of itself", async () => {
    const { wire } = join(TERMINAL, () => Promise.reject(new Error("secret path /x")));
    await settle();
    expect(JSON.stringify(wire.replies())).not.toContain("secret");
  });

  test("a socket that went away before the stream came leaves none behind", async () => {
    const { socket, streams } = join(TERMINAL);
    socket.closed();
    await settle();
    expect(streams[0]!.closed).toBe(true);
  });
});

describe("exec", () => {
  const start = JSON.stringify({ argv: ["cat"], tty: false });

  test("waits for its first frame, then tells stdout and stderr apart, and the exit code", async () => {
    const { wire, socket, streams } = join({ kind: "exec" });
    await settle();
    expect(streams).toHaveLength(0);
    socket.message(start);
    await settle();
    expect(streams[0]!.request).toMatchObject({ kind: "exec", argv: ["cat"], tty: false, env: {}, cwd: "" });
    streams[0]!.say(1, "out");
    streams[0]!.say(2, "err");
    expect(wire.sent).toEqual([new Uint8Array([1, ...bytes("out")]), new Uint8Array([2, ...bytes("err")])]);
    socket.message(JSON.stringify({ type: "eof" }));
    expect(streams[0]!.ended).toBe(true);
    streams[0]!.exit(3);
    await settle();
    expect(wire.replies()).toEqual([{ type: "exit", code: 3 }]);
    expect(wire.closedWith).toBe(1000);
  });

  test("first frames that are no command, and later ones that are no control frame", async () => {
    for (const first of ["{", '{"argv":[]}', '{"argv":["a"],"cwd":1}', '{"argv":["a"],"env":{"A=B":"x"}}', '"x"']) {
      const { wire, socket } = join({ kind: "exec" });
      socket.message(first);
      expect(wire.replies()).toMatchObject([{ type: "error" }]);
      expect(wire.closedWith).toBe(1011);
    }
    const { wire, socket } = join({ kind: "exec" });
    socket.message(start);
    await settle();
    socket.message(start);
    expect(wire.replies()).toMatchObject([{ type: "error", message: "A text frame was no control frame." }]);
  });
});

describe("backpressure", () => {
  test("a slow reader makes the node wait; one that never reads is let go", async () => {
    const { wire, socket, streams } = join(TERMINAL);
    await settle();
    wire.buffered = 2 * 1024 * 1024;
    streams[0]!.say(1, "x");
    expect(streams[0]!.paused).toBe(true);
    wire.buffered = 100_000;
    socket.drained();
    expect(streams[0]!.paused).toBe(false);
    wire.buffered = 9 * 1024 * 1024;
    streams[0]!.say(1, "x");
    expect(wire.closedWith).toBe(1013);
    expect(streams[0]!.closed).toBe(true);
  });

  test("a slow node makes the socket wait, and it goes on by itself", async () => {
    const { wire, socket, streams } = join(TERMINAL);
    await settle();
    streams[0]!.keepsUp = false;
    socket.message(bytes("x"));
    expect(wire.paused).toBe(true);
    await new Promise((r) => setTimeout(r, 40));
    expect(wire.paused).toBe(false);
  });
});
