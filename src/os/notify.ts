import { dlopen, FFIType, ptr } from "bun:ffi";

/** Tells systemd how we are ("READY=1", "STOPPING=1"). Nothing happens where no systemd listens. */
export function notifySystemd(message: string, socketPath = process.env.NOTIFY_SOCKET): void {
  if (!socketPath) return;
  const libc = dlopen("libc.so.6", {
    socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
    sendto: {
      args: [FFIType.i32, FFIType.ptr, FFIType.u64, FFIType.i32, FFIType.ptr, FFIType.u32],
      returns: FFIType.i64,
    },
    close: { args: [FFIType.i32], returns: FFIType.i32 },
  }).symbols;
  const AF_UNIX = 1;
  const SOCK_DGRAM = 2;
  const SOCK_CLOEXEC = 0o2000000;
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  // "@…" is systemd's way to write an abstract socket: its name starts with a zero byte.
  const path = Buffer.from(socketPath.startsWith("@") ? `\0${socketPath.slice(1)}` : socketPath);
  const address = Buffer.alloc(2 + path.length);
  address.writeUInt16LE(AF_UNIX, 0);
  path.copy(address, 2);
  const body = Buffer.from(message);
  libc.sendto(fd, ptr(body), body.length, 0, ptr(address), address.length);
  libc.close(fd);
}
