import type { TLSSocket } from "node:tls";
import { type Answers, Channel } from "./channel.ts";

/** What was written last (a refusal, mostly) gets so long to arrive. */
const LINGER_MS = 1_000;

/** A channel over a TLS connection. Whoever closes one closes the other. */
export function channelOver(socket: TLSSocket, answers: Answers): Channel {
  const channel = new Channel(
    {
      write: (bytes) => {
        if (!socket.destroyed) socket.write(bytes);
      },
      close: () => {
        socket.end();
        setTimeout(() => socket.destroy(), LINGER_MS).unref?.();
      },
    },
    answers,
  );
  socket.setNoDelay(true);
  socket.on("data", (bytes: Uint8Array) => channel.receive(bytes));
  socket.on("error", (e: Error) => channel.close(e.message));
  socket.on("end", () => channel.close("the other side closed it"));
  socket.on("close", () => channel.close("the other side closed it"));
  return channel;
}
