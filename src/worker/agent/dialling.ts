import { DIALLED, DialRequest } from "../../contracts/uplink.ts";
import { Joint, jointHandlers } from "../../lib/channel/joint.ts";
import type { ChannelStream } from "../../lib/channel/stream.ts";

/** A node that does not answer by then is taken for one that never will. */
const CONNECT_MS = 10_000;

interface Line {
  joint: Joint | null;
}

/**
 * Connects a stream to a port of a node. Only nodes that run here: whoever took over the master must not get into
 * this host's own network through it.
 */
export async function dial(runs: (address: string) => boolean, params: unknown, line: ChannelStream): Promise<void> {
  const request = DialRequest.safeParse(params);
  if (!request.success) return line.reset("EINVAL");
  const { address, port } = request.data;
  if (!runs(address)) return line.reset("EHOSTUNREACH");
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    line.reset("ETIMEDOUT");
  }, CONNECT_MS);
  try {
    const socket = await Bun.connect<Line>({
      hostname: address,
      port,
      allowHalfOpen: true,
      data: { joint: null },
      socket: {
        ...jointHandlers<Line>(() => {}),
        open: (opened) => {
          opened.data.joint = new Joint(opened, line);
          // What the node says first waits until it is known that it was reached.
          opened.pause();
        },
      },
    });
    clearTimeout(timer);
    if (late) return void socket.terminate();
    await line.write(Uint8Array.of(DIALLED));
    socket.resume();
    await socket.data.joint!.run();
  } catch (e) {
    clearTimeout(timer);
    line.reset((e as { code?: string }).code ?? "EHOSTUNREACH");
  }
}
