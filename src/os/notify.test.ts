import { CString, dlopen, FFIType, ptr } from "bun:ffi";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { notifySystemd } from "./notify.ts";

const { symbols: libc } = dlopen("libc.so.6", {
  socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  bind: { args: [FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
  recv: { args: [FFIType.i32, FFIType.ptr, FFIType.u64, FFIType.i32], returns: FFIType.i64 },
  close: { args: [FFIType.i32], returns: FFIType.i32 },
});
const MSG_DONTWAIT = 0x40;

/** What systemd does: a datagram socket with a path, or a name without a file. */
function listen(name: string): { next(): string | null; close(): void } {
  const fd = libc.socket(1, 2, 0);
  const path = Buffer.from(name.startsWith("@") ? `\0${name.slice(1)}` : name);
  const address = Buffer.concat([Buffer.from([1, 0]), path]);
  if (libc.bind(fd, ptr(address), address.length) !== 0) throw new Error(`cannot bind ${name}`);
  return {
    next: () => {
      const buffer = Buffer.alloc(256);
      return Number(libc.recv(fd, ptr(buffer), 255, MSG_DONTWAIT)) < 0 ? null : new CString(ptr(buffer)).toString();
    },
    close: () => void libc.close(fd),
  };
}

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "docklet-notify-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

for (const [kind, name] of [
  ["a path", () => join(dir, "notify")],
  ["an abstract name", () => `@docklet-test-${process.pid}`],
] as const) {
  test(`tells whoever listens at ${kind}`, () => {
    const systemd = listen(name());
    notifySystemd("READY=1", name());
    notifySystemd("STATUS=zwölf", name());
    expect([systemd.next(), systemd.next(), systemd.next()]).toEqual(["READY=1", "STATUS=zwölf", null]);
    systemd.close();
  });
}

test("nobody listens, or nobody asked: nothing happens", () => {
  notifySystemd("READY=1", join(dir, "nobody"));
  notifySystemd("READY=1", "");
  notifySystemd("READY=1", undefined);
});
