import { appendFileSync, readFileSync, rmSync } from "node:fs";

/**
 * Death at a chosen place, for the tests of survival. Everything that changes the host calls this when it has done
 * so. With DOCKLET_CRASH_FILE set, the process looks for that file: `3` in it kills us at the third such place from
 * then on, `btrfs subvolume create 2` at the second of that name; `off` takes that back, and `trace` lists in FILE.trace
 * what is passed. The kernel does the killing, so nothing of ours runs afterwards. Without the variable it costs one
 * comparison.
 */
const FILE = process.env.DOCKLET_CRASH_FILE;

let armed: { name: string | null; left: number } | null = null;

export function crashPoint(name: string): void {
  if (FILE === undefined) return;
  const text = order(FILE);
  if (text === "trace") appendFileSync(`${FILE}.trace`, `${name}\n`);
  else if (text !== null) {
    armed = text === "off" ? null : parse(text);
    // Read once: the docklet that is started next must not die of it again.
    rmSync(FILE, { force: true });
  }
  if (armed === null || (armed.name !== null && armed.name !== name)) return;
  armed.left--;
  if (armed.left <= 0) process.kill(process.pid, "SIGKILL");
}

/** The name of a place where a command has run: its words without what differs from call to call. */
export function commandPoint(argv: readonly string[]): string {
  const words = argv.slice(0, 3).filter((w) => /^[a-z][a-z-]*$/.test(w));
  return words.join(" ") || argv[0]!;
}

function order(file: string): string | null {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return null;
  }
}

function parse(text: string): { name: string | null; left: number } {
  const [, name, count] = /^(.*?) ?(\d+)$/.exec(text) ?? [];
  return { name: name || null, left: Number(count ?? 1) };
}
