import { expect, test } from "bun:test";
import type { Socket } from "bun";
import { RelayAnswer } from "./relay-answer.ts";

/** What the owner of a connection sees when a relay says this, cut after every `step` bytes. */
function heard(said: Buffer, step: number): { events: string[]; ended: boolean } {
  const events: string[] = [];
  let bytes = "";
  let ended = false;
  const socket = { data: {}, write: () => 0, terminate: () => events.push("terminated") } as unknown as Socket<object>;
  const relay = new RelayAnswer<object>(
    "DIAL\n",
    {
      data: (_, piece) => {
        bytes += piece.toString("latin1");
      },
      end: () => {
        ended = true;
      },
      error: () => void events.push("broken"),
    },
    () => events.push("reached"),
    (cause) => events.push((cause as { code: string }).code),
  );
  const h = relay.socketHandlers;
  for (let at = 0; at < said.length; at += step) h.data!(socket, said.subarray(at, at + step));
  h.end!(socket);
  return { events: [...events, bytes].filter(Boolean), ended };
}

const framed = (...pieces: string[]) =>
  Buffer.concat(
    pieces.flatMap((p) => {
      const head = Buffer.alloc(4);
      head.writeUInt32BE(p.length);
      return [head, Buffer.from(p, "latin1")];
    }),
  );

test("whatever the pieces, the node's bytes come out, and an end is told from a break", () => {
  const whole = Buffer.concat([Buffer.from("+\n"), framed("HTTP/1.1 200", " OK\r\n", "")]);
  for (let step = 1; step <= whole.length; step++) {
    expect(heard(whole, step)).toEqual({ events: ["reached", "HTTP/1.1 200 OK\r\n"], ended: true });
    const broken = heard(whole.subarray(0, whole.length - 6), step);
    expect(broken.events).toEqual(["reached", "broken", "HTTP/1.1 200 OK"]);
    expect(broken.ended).toBe(false);
  }
});

test("a refusal, an early end and nonsense are failures of the connection", () => {
  for (const [said, code] of [
    ["-ECONNREFUSED\n", "ECONNREFUSED"],
    ["", "ECONNRESET"],
    ["-ECON", "ECONNRESET"],
    ["HTTP/1.1 200 OK\n", "EPROTO"],
    ["x".repeat(100), "EPROTO"],
  ] as const)
    expect(heard(Buffer.from(said), 3).events).toEqual([code, "terminated"]);
});
