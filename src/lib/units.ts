import { DockletError } from "./errors.ts";

const FACTORS: Record<string, number> = {
  "": 1,
  M: 1,
  MB: 1,
  MIB: 1,
  G: 1024,
  GB: 1024,
  GIB: 1024,
  T: 1024 ** 2,
  TB: 1024 ** 2,
  TIB: 1024 ** 2,
};

/** `512`, `512M`, `2G`, `1.5GiB` → MiB (integer). A bare number is MiB. Throws `invalid`. */
export function parseMiB(text: string): number {
  const m = /^\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*$/.exec(text);
  const factor = m ? FACTORS[m[2]!.toUpperCase()] : undefined;
  const mib = Math.round(Number(m?.[1]) * (factor ?? Number.NaN));
  // Above that a number of bytes is no longer exact.
  if (!(mib <= Number.MAX_SAFE_INTEGER / 1_048_576)) {
    throw new DockletError("invalid", `"${text.slice(0, 40)}" is not a size.`, "Write for example 512M, 2G or 1T.");
  }
  return mib;
}

/** 2048 → "2 GiB", 1536 → "1.5 GiB", 300 → "300 MiB". */
export function formatMiB(mib: number): string {
  if (mib >= 1024 ** 2) return `${trim(mib / 1024 ** 2)} TiB`;
  if (mib >= 1024) return `${trim(mib / 1024)} GiB`;
  return `${mib} MiB`;
}

/** 1536 → "1.5 KiB" */
export function formatBytes(bytes: number): string {
  const names = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  let n = bytes;
  while (n >= 1024 && i < names.length - 1) {
    n /= 1024;
    i++;
  }
  return `${i === 0 ? n : trim(n)} ${names[i]}`;
}

function trim(n: number): string {
  return n.toFixed(n < 10 ? 1 : 0).replace(/\.0$/, "");
}
