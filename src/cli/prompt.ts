import { readSync } from "node:fs";
import { isatty } from "node:tty";
import { DockletError } from "../lib/errors.ts";
import type { Output } from "./output.ts";

export const canAsk = () => isatty(0) && isatty(2);

/** Asks on stderr and reads a line from the terminal. `hidden`: nothing of it is shown. */
export async function ask(out: Output, question: string, hidden = false): Promise<string> {
  out.stderr.write(question);
  const { stdin } = process;
  let line = "";
  if (hidden) stdin.setRawMode(true);
  stdin.resume();
  try {
    for (;;) {
      const chunk = await new Promise<Buffer | null>((resolve) => {
        const onData = (data: Buffer) => done(data);
        const onEnd = () => done(null);
        const done = (value: Buffer | null) => {
          stdin.off("data", onData);
          stdin.off("end", onEnd);
          resolve(value);
        };
        stdin.on("data", onData);
        stdin.on("end", onEnd);
      });
      if (chunk === null) return line;
      for (const c of chunk.toString("utf8")) {
        if (c === "\r" || c === "\n") return line;
        if (c === "\u0003" || (c === "\u0004" && line === "")) throw new DockletError("cancelled", "Nothing was done.");
        if (c === "\u007f" || c === "\b") line = [...line].slice(0, -1).join("");
        else if (c >= " ") line += c;
      }
    }
  } finally {
    if (hidden) {
      stdin.setRawMode(false);
      out.stderr.write("\n");
    }
    stdin.pause();
  }
}

/** All of stdin, for --password-stdin and the like: without the line end that echo adds. */
export function readStdin(limit = 1024 * 1024): string {
  const chunks: Buffer[] = [];
  const buffer = Buffer.alloc(65_536);
  for (let total = 0; ; ) {
    let n = 0;
    try {
      n = readSync(0, buffer);
    } catch (e) {
      if ((e as { code?: string }).code === "EAGAIN") {
        Bun.sleepSync(5);
        continue;
      }
      if ((e as { code?: string }).code !== "EOF") throw e;
    }
    if (n === 0) break;
    total += n;
    if (total > limit) throw new DockletError("too_large", `stdin is longer than ${limit} bytes.`);
    chunks.push(Buffer.from(buffer.subarray(0, n)));
  }
  return Buffer.concat(chunks)
    .toString("utf8")
    .replace(/\r?\n$/, "");
}
