import { dlopen, FFIType, ptr, read } from "bun:ffi";
import { strerror } from "./errno.ts";

/**
 * The few system calls that no command line tool offers in the form that we need (util-linux before 2.39 has no
 * idmapped mounts). Numbers from 424 on are the same on every architecture; the rest goes through libc by name.
 */
const SYS_open_tree = 428;
const SYS_move_mount = 429;
const SYS_mount_setattr = 442;

const symbols = {
  syscall: {
    args: [FFIType.i64, FFIType.i64, FFIType.i64, FFIType.i64, FFIType.i64, FFIType.i64],
    returns: FFIType.i64,
  },
  mount: {
    args: [FFIType.cstring, FFIType.cstring, FFIType.cstring, FFIType.u64, FFIType.cstring],
    returns: FFIType.i32,
  },
  umount2: { args: [FFIType.cstring, FFIType.i32], returns: FFIType.i32 },
  setns: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  sethostname: { args: [FFIType.cstring, FFIType.u64], returns: FFIType.i32 },
  close: { args: [FFIType.i32], returns: FFIType.i32 },
  __errno_location: { args: [], returns: FFIType.ptr },
} as const;

function open() {
  const names = ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`];
  for (const name of names) {
    try {
      return dlopen(name, symbols).symbols;
    } catch {
      // The other C library then.
    }
  }
  throw new Error("no C library to call into");
}

let loaded: ReturnType<typeof open> | undefined;
const libc = () => {
  loaded ??= open();
  return loaded;
};

/** A system call that failed: `code` is the errno's name. */
export class SyscallError extends Error {
  readonly code: string;
  constructor(call: string, errno: number, detail: string) {
    const [code, text] = strerror(errno);
    super(`${call}(${detail}): ${text}`);
    this.name = "SyscallError";
    this.code = code;
  }
}

const cstr = (text: string) => Buffer.from(`${text}\0`);

function check(result: number | bigint, call: string, detail: string): number {
  if (Number(result) >= 0) return Number(result);
  const errno = read.i32(libc().__errno_location()!, 0);
  throw new SyscallError(call, errno, detail);
}

const address = (buffer: Uint8Array) => BigInt(ptr(buffer));
const AT_FDCWD = -100n;
const AT_EMPTY_PATH = 0x1000n;
const AT_RECURSIVE = 0x8000n;
const OPEN_TREE_CLONE = 1n;
const O_CLOEXEC = 0o2000000n;

/** A detached copy of the mount at `path` (with all below it when `recursive`), as a file descriptor that the caller closes. */
export function openTree(path: string, recursive = false): number {
  const p = cstr(path);
  const flags = OPEN_TREE_CLONE | O_CLOEXEC | (recursive ? AT_RECURSIVE : 0n);
  return check(
    libc().syscall(
      SYS_open_tree as never,
      AT_FDCWD as never,
      address(p) as never,
      flags as never,
      0n as never,
      0n as never,
    ),
    "open_tree",
    path,
  );
}

export const MOUNT_ATTR = { RDONLY: 0x1n, NOSUID: 0x2n, NODEV: 0x4n, NOATIME: 0x10n, IDMAP: 0x100000n };

/** Sets attributes on a detached mount; with `usernsFd`, ids are shown through that namespace's map. */
export function mountSetattr(fd: number, set: bigint, usernsFd = 0): void {
  const attr = Buffer.alloc(32);
  attr.writeBigUInt64LE(set, 0);
  attr.writeBigUInt64LE(BigInt(usernsFd), 24);
  const empty = cstr("");
  check(
    libc().syscall(
      SYS_mount_setattr as never,
      BigInt(fd) as never,
      address(empty) as never,
      AT_EMPTY_PATH as never,
      address(attr) as never,
      32n as never,
    ),
    "mount_setattr",
    `fd ${fd}`,
  );
}

/** Puts a detached mount at `target`. */
export function moveMount(fd: number, target: string): void {
  const empty = cstr("");
  const to = cstr(target);
  check(
    libc().syscall(
      SYS_move_mount as never,
      BigInt(fd) as never,
      address(empty) as never,
      AT_FDCWD as never,
      address(to) as never,
      4n as never,
    ),
    "move_mount",
    target,
  );
}

export const MS = {
  RDONLY: 1,
  NOSUID: 2,
  NODEV: 4,
  NOEXEC: 8,
  REMOUNT: 32,
  NOATIME: 1024,
  BIND: 4096,
  REC: 16384,
  PRIVATE: 1 << 18,
  SLAVE: 1 << 19,
  SHARED: 1 << 20,
};

export function mount(source: string, target: string, type: string, flags: number, data: string): void {
  check(libc().mount(cstr(source), cstr(target), cstr(type), flags, cstr(data)), "mount", `${type} on ${target}`);
}

const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;

/** Unmounts. `lazy`: out of sight at once, gone when nothing uses it any more. */
export function umount(target: string, lazy: boolean): void {
  check(libc().umount2(cstr(target), UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0)), "umount", target);
}

export const CLONE = { NEWUTS: 0x04000000, NEWNET: 0x40000000 };

/** Moves this thread into a namespace. The caller moves it back in the same tick, whatever happens in between. */
export function setns(fd: number, kind: number): void {
  check(libc().setns(fd, kind), "setns", `fd ${fd}`);
}

export function sethostname(name: string): void {
  check(libc().sethostname(cstr(name), Buffer.byteLength(name)), "sethostname", name);
}

export function closeFd(fd: number): void {
  libc().close(fd);
}
