/**
 * The smallest programs there are: an x86-64 ELF file that makes some system calls and exits with the errno of the last
 * one, 0 when it worked. So the tests can call what no tool in a node calls, and no compiler is needed.
 */
export interface Call {
  nr: number;
  args?: (number | bigint | "last" | "data")[];
  /** By the 32-bit way (int 0x80), with that ABI's numbers. */
  compat?: boolean;
}

const BASE = 0x400000n;
const HEADERS = 64 + 56;

/** `mov reg, imm64` of rdi, rsi, rdx, r10, r8, r9. */
const LOAD = [
  [0x48, 0xbf],
  [0x48, 0xbe],
  [0x48, 0xba],
  [0x49, 0xba],
  [0x49, 0xb8],
  [0x49, 0xb9],
];
/** `mov reg, r15`, where the last result is kept. */
const LOAD_LAST = [
  [0x4c, 0x89, 0xff],
  [0x4c, 0x89, 0xfe],
  [0x4c, 0x89, 0xfa],
  [0x4d, 0x89, 0xfa],
  [0x4d, 0x89, 0xf8],
  [0x4d, 0x89, 0xf9],
];
/** ebx, ecx, edx, esi, edi, ebp. */
const LOAD_COMPAT = [
  [0x48, 0xbb],
  [0x48, 0xb9],
  [0x48, 0xba],
  [0x48, 0xbe],
  [0x48, 0xbf],
  [0x48, 0xbd],
];

/** The program, in base64. `data` is put behind it; the argument "data" is its address. */
export function syscallProgram(calls: Call[], data: string | Uint8Array = ""): string {
  const bytes = typeof data === "string" ? Buffer.from(`${data}\0`) : data;
  const length = code(calls, 0n).length;
  const text = code(calls, BASE + BigInt(HEADERS + length));
  return Buffer.concat([headers(HEADERS + text.length + bytes.length), text, bytes]).toString("base64");
}

function code(calls: Call[], data: bigint): Buffer {
  const out: number[] = [];
  for (const call of calls) {
    for (let i = 0; i < 6; i++) {
      const arg = call.args?.[i] ?? 0;
      if (arg === "last") out.push(...LOAD_LAST[i]!);
      else out.push(...(call.compat ? LOAD_COMPAT : LOAD)[i]!, ...imm64(arg === "data" ? data : BigInt(arg)));
    }
    out.push(0x48, 0xb8, ...imm64(BigInt(call.nr)));
    out.push(...(call.compat ? [0xcd, 0x80, 0x48, 0x98] : [0x0f, 0x05]));
    // mov r15, rax
    out.push(0x49, 0x89, 0xc7);
  }
  // rdi = r15 < 0 ? -r15 : 0; exit(rdi)
  out.push(0x4c, 0x89, 0xff, 0x48, 0xf7, 0xdf, 0x4d, 0x85, 0xff, 0x78, 0x02, 0x31, 0xff);
  out.push(0xb8, 0x3c, 0, 0, 0, 0x0f, 0x05);
  return Buffer.from(out);
}

function imm64(value: bigint): Buffer {
  const b = Buffer.alloc(8);
  b.writeBigUInt64LE(BigInt.asUintN(64, value));
  return b;
}

/** ELF header and one segment that is everything: readable, writable, executable. */
function headers(size: number): Buffer {
  const b = Buffer.alloc(HEADERS);
  b.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  b.writeUInt16LE(2, 16);
  b.writeUInt16LE(62, 18);
  b.writeUInt32LE(1, 20);
  b.writeBigUInt64LE(BASE + BigInt(HEADERS), 24);
  b.writeBigUInt64LE(64n, 32);
  b.writeUInt16LE(64, 52);
  b.writeUInt16LE(56, 54);
  b.writeUInt16LE(1, 56);
  b.writeUInt32LE(1, 64);
  b.writeUInt32LE(7, 68);
  b.writeBigUInt64LE(BASE, 80);
  b.writeBigUInt64LE(BASE, 88);
  b.writeBigUInt64LE(BigInt(size), 96);
  b.writeBigUInt64LE(BigInt(size), 104);
  b.writeBigUInt64LE(4096n, 112);
  return b;
}

/** Shell text that writes the program and runs it. */
export const runProgram = (calls: Call[], data: string | Uint8Array = "") =>
  `p=$(mktemp) && echo ${syscallProgram(calls, data)} | base64 -d > $p && chmod +x $p && exec $p`;
