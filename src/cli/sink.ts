import { writeSync } from "node:fs";
import { isatty } from "node:tty";
import type { Sink } from "./output.ts";

/** Writes the whole of it before it returns: nothing is lost at exit, and a slow reader slows us down. */
export function writeAll(fd: number, data: Uint8Array): void {
  let at = 0;
  while (at < data.length) {
    try {
      at += writeSync(fd, data, at);
    } catch (e) {
      const { code } = e as { code?: string };
      if (code === "EAGAIN") Bun.sleepSync(2);
      // The reader has gone (`docklet events | head`): there is nobody left to write to.
      else if (code === "EPIPE") process.exit(141);
      else throw e;
    }
  }
}

export function sinkOf(fd: 1 | 2): Sink {
  const encoder = new TextEncoder();
  return {
    write: (text) => writeAll(fd, encoder.encode(text)),
    isTTY: isatty(fd),
    get columns() {
      return (fd === 1 ? process.stdout : process.stderr).columns;
    },
  };
}
