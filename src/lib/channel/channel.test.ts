import { describe, expect, test } from "bun:test";
import { DockletError } from "../errors.ts";
import { type Answers, Channel } from "./channel.ts";
import { encodeFrame, FRAME, FrameDecoder } from "./frame.ts";
import { WINDOW } from "./stream.ts";

/** Two channels, each other's connection; bytes arrive in pieces of `piece`. */
function pair(a: Answers, b: Answers, piece = 1000): [Channel, Channel] {
  const cut = (to: () => Channel) => (bytes: Uint8Array) => {
    const copy = bytes.slice();
    queueMicrotask(() => {
      for (let i = 0; i < copy.length; i += piece) to().receive(copy.subarray(i, i + piece));
    });
  };
  const left: Channel = new Channel(
    { write: cut(() => right), close: () => queueMicrotask(() => right.close("closed by the other side")) },
    a,
  );
  const right: Channel = new Channel(
    { write: cut(() => left), close: () => queueMicrotask(() => left.close("closed by the other side")) },
    b,
  );
  return [left, right];
}

describe("calls", () => {
  test("answers and errors cross, both ways and interleaved", async () => {
    const [left, right] = pair(
      { methods: { twice: (n) => (n as number) * 2 } },
      {
        methods: {
          slow: async (n) => {
            await Bun.sleep(5);
            return n;
          },
          refuse: () => {
            throw new DockletError("no_capacity", "full", "wait", { free: 0 });
          },
        },
      },
      3,
    );
    expect(await Promise.all([left.call("slow", 1), right.call("twice", 4), left.call("slow", 2)])).toEqual([1, 8, 2]);
    const e = (await left.call("refuse", null).catch((x) => x)) as DockletError;
    expect(e).toBeInstanceOf(DockletError);
    expect([e.code, e.message, e.hint, e.details]).toEqual(["no_capacity", "full", "wait", { free: 0 }]);
  });

  test("an unknown method is refused, one of Object's too", async () => {
    const [left] = pair({}, { methods: {} });
    for (const name of ["nothing", "toString", "__proto__"])
      expect(((await left.call(name, 1).catch((e) => e)) as DockletError).code).toBe("not_found");
  });

  test("a cancelled call aborts its handler", async () => {
    let aborted = false;
    const [left] = pair(
      {},
      {
        methods: {
          wait: (_, signal) =>
            new Promise((_r, reject) =>
              signal.addEventListener("abort", () => {
                aborted = true;
                reject(signal.reason);
              }),
            ),
        },
      },
    );
    const abort = new AbortController();
    const call = left.call("wait", null, abort.signal).catch((e) => e);
    await Bun.sleep(1);
    abort.abort(new Error("enough"));
    expect(((await call) as Error).message).toBe("enough");
    await Bun.sleep(5);
    expect(aborted).toBe(true);
  });

  test("closing rejects what waits, and everything after", async () => {
    const [left] = pair({}, { methods: { never: () => new Promise(() => {}) } });
    const call = left.call("never", null).catch((e) => e);
    left.close("cable cut");
    expect(((await call) as DockletError).code).toBe("unavailable");
    expect(((await left.call("x", 1).catch((e) => e)) as Error).message).toContain("cable cut");
  });
});

describe("streams", () => {
  const echo: Answers = {
    streams: {
      echo: async (_params, stream) => {
        for await (const chunk of stream) await stream.write(chunk);
        stream.end();
      },
    },
  };

  test("ten streams carry a megabyte each, whole and in order", async () => {
    const [left] = pair({}, echo, 7000);
    await Promise.all(
      Array.from({ length: 10 }, async (_, k) => {
        const stream = left.open("echo", null);
        const bytes = Uint8Array.from({ length: 1_000_000 }, (_x, i) => (i * 31 + k) & 255);
        const writing = stream.write(bytes).then(() => stream.end());
        const got: number[] = [];
        let hash = 0;
        for await (const chunk of stream) {
          for (const b of chunk) hash = (hash * 31 + b) | 0;
          got.push(chunk.length);
        }
        await writing;
        let want = 0;
        for (const b of bytes) want = (want * 31 + b) | 0;
        expect(got.reduce((a, b) => a + b, 0)).toBe(bytes.length);
        expect(hash).toBe(want);
      }),
    );
  });

  test("a reader that does not read holds up its own stream only", async () => {
    let stuck = 0;
    const [left] = pair({}, { ...echo, streams: { ...echo.streams, stuck: () => {} } });
    const blocked = left.open("stuck", null);
    void (async () => {
      for (;;) {
        await blocked.write(new Uint8Array(1024));
        stuck += 1024;
      }
    })().catch(() => {});
    const other = left.open("echo", null);
    await other.write(new Uint8Array(10));
    other.end();
    let n = 0;
    for await (const c of other) n += c.length;
    expect(n).toBe(10);
    await Bun.sleep(5);
    expect(stuck).toBe(WINDOW);
  });

  test("a reset ends reads and writes of the other side with its reason", async () => {
    let failure = "";
    const [left] = pair(
      {},
      {
        streams: {
          s: (_p, stream) =>
            void stream[Symbol.asyncIterator]()
              .next()
              .catch((e) => (failure = e.message)),
        },
      },
    );
    left.open("s", null).reset("gave up");
    await Bun.sleep(2);
    expect(failure).toBe("gave up");
    const refused = left.open("unknown", null);
    await Bun.sleep(2);
    expect(refused.write(new Uint8Array(1))).rejects.toThrow("no stream is called unknown");
  });
});

describe("a peer that breaks the protocol is closed", () => {
  test.each([
    ["an absurd length", Uint8Array.of(255, 255, 255, 255, 1, 0, 0, 0, 1)],
    ["an unknown type", encodeFrame(99 as never, 1)],
    ["no JSON", encodeFrame(FRAME.call, 1, new TextEncoder().encode("{"))],
  ])("%s", async (_name, bytes) => {
    const channel = new Channel({ write: () => {}, close: () => {} }, {});
    channel.receive(bytes);
    expect((await channel.closed).message).toContain("broke the protocol");
  });

  test("frames are found whatever the pieces", () => {
    const frames = [
      encodeFrame(FRAME.ping, 0),
      encodeFrame(FRAME.data, 7, Uint8Array.of(1, 2, 3)),
      encodeFrame(FRAME.end, 7),
    ];
    const all = Buffer.concat(frames);
    for (let piece = 1; piece <= all.length; piece++) {
      const d = new FrameDecoder();
      const got: string[] = [];
      for (let i = 0; i < all.length; i += piece)
        for (const f of d.push(all.subarray(i, i + piece))) got.push(`${f.type}:${f.id}:${[...f.payload]}`);
      expect(got).toEqual(["11:0:", "7:7:1,2,3", "8:7:"]);
    }
  });
});
