import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import type { Socket, UnixSocketListener } from "bun";
import type { z } from "zod";
import { DIALLED, type DialRequest, RELAY_PREFACE, STREAM } from "../../contracts/uplink.ts";
import type { Channel } from "../../lib/channel/channel.ts";
import { Joint, jointHandlers } from "../../lib/channel/joint.ts";
import type { ChannelStream } from "../../lib/channel/stream.ts";
import { messageOf } from "../../lib/errors.ts";

/** The first line; whoever sends more without an end of line is not the gateway. */
const LONGEST_PREFACE = 64;

interface Caller {
  joint: Joint | null;
  /** What came before the line was complete. */
  text: string;
  asked: boolean;
}

/**
 * The way from the gateway to nodes of one other host: a socket that only root can open, whose connections become
 * streams on that host's connection. It is there as long as the host is connected.
 */
export class Relay {
  #listener: UnixSocketListener<Caller> | null = null;

  constructor(
    readonly path: string,
    readonly channel: Channel,
  ) {}

  open(): void {
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
    rmSync(this.path, { force: true });
    this.#listener = Bun.listen<Caller>({
      unix: this.path,
      allowHalfOpen: true,
      socket: {
        ...jointHandlers<Caller>((socket, piece) => this.#early(socket, piece)),
        open: (socket) => {
          socket.data = { joint: null, text: "", asked: false };
        },
      },
    } as Bun.UnixSocketOptions<Caller>);
    chmodSync(this.path, 0o600);
  }

  close(): void {
    this.#listener?.stop(true);
    this.#listener = null;
    rmSync(this.path, { force: true });
  }

  #early(socket: Socket<Caller>, piece: Buffer): void {
    const { data } = socket;
    // Nothing but the line is said before it is answered.
    if (data.asked) return void socket.terminate();
    data.text += piece.toString("latin1");
    const end = data.text.indexOf("\n");
    if (end < 0 && data.text.length < LONGEST_PREFACE) return;
    const m = end === data.text.length - 1 ? RELAY_PREFACE.exec(data.text.slice(0, end)) : null;
    if (!m) return void socket.terminate();
    data.asked = true;
    void this.#connect(socket, { address: m[1]!, port: Number(m[2]) });
  }

  async #connect(socket: Socket<Caller>, request: z.infer<typeof DialRequest>): Promise<void> {
    try {
      const stream = this.channel.open(STREAM.dial, request);
      const first = await stream[Symbol.asyncIterator]().next();
      if (first.done || first.value[0] !== DIALLED || first.value.length !== 1) throw new Error("EPROTO");
      this.#join(socket, stream);
    } catch (e) {
      const why = /^E[A-Z]+$/.exec(messageOf(e))?.[0] ?? "ENOTCONN";
      socket.write(`-${why}\n`);
      socket.end();
    }
  }

  #join(socket: Socket<Caller>, stream: ChannelStream): void {
    if (socket.readyState <= 0) {
      stream.reset("the caller has gone");
      return;
    }
    socket.write("+\n");
    const joint = new Joint(socket, stream, true);
    socket.data.joint = joint;
    void joint.run();
  }
}
