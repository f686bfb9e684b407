import type { StreamFrame } from "../../contracts/public/system.ts";
import type { Connection } from "./connection.ts";

/** A server that sends a line longer than this is not ours. */
const MAX_BUFFER = 8 * 1024 * 1024;

/** The data of each server-sent event, in order. Comments and ids are left out. */
export async function* eventData(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let buffer = "";
  let data: string[] = [];
  for await (const chunk of chunks) {
    buffer += decoder.decode(chunk, { stream: true });
    const lines = buffer.split(/\r\n|\n|\r(?!$)/);
    buffer = lines.pop() ?? "";
    if (buffer.length > MAX_BUFFER) throw new Error("the event stream is damaged");
    for (const line of lines) {
      if (line.startsWith("data:")) data.push(line.slice(line[5] === " " ? 6 : 5));
      else if (line === "" && data.length > 0) {
        yield data.join("\n");
        data = [];
      }
    }
  }
}

/** Everything that changes, from now on; `hello` first. Ends when the server ends it or `signal` aborts. */
export async function* frames(connection: Connection, signal: AbortSignal): AsyncGenerator<StreamFrame> {
  const res = await connection.stream("/api/v1/events/stream", signal);
  for await (const text of eventData(res.body as unknown as AsyncIterable<Uint8Array>)) {
    const frame = JSON.parse(text) as StreamFrame;
    if (typeof frame?.type === "string") yield frame;
  }
}
