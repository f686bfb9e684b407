import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { aptSources } from "./sources.ts";

/** Survives between runs: a root file system is the same as long as the apt sources are. */
const CACHE = "/var/cache/docklet-test";

/** What was downloaded by apt inside a machine, so that the next machine need not. */
export const ARCHIVES = join(CACHE, "archives");

const MAX_AGE_MS = 7 * 86_400_000;

/** A folder with a bare Debian in it: what a rented machine has, without kernel and init. Only ever a lower layer. */
export async function bareRoot(): Promise<string> {
  const sources = aptSources();
  const root = join(CACHE, "bare");
  const stamp = join(CACHE, "bare.stamp");
  mkdirSync(join(ARCHIVES, "partial"), { recursive: true });
  const [age, of] = existsSync(stamp) ? readFileSync(stamp, "utf8").split("\n\n") : [];
  if (existsSync(root) && of === sources && Date.now() - Number(age) < MAX_AGE_MS) return root;
  rmSync(root, { recursive: true, force: true });
  rmSync(`${root}.new`, { recursive: true, force: true });
  const list = join(CACHE, "sources.list");
  writeFileSync(list, sources);
  const suite = sources.split(/\s+/).find((w) => /^[a-z]+$/.test(w) && w !== "deb")!;
  const made = Bun.spawn(
    ["mmdebstrap", "--quiet", "--variant=minbase", "--mode=root", "--format=directory", suite, `${root}.new`, list],
    { stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  );
  if ((await made.exited) !== 0) throw new Error(`mmdebstrap: ${await new Response(made.stderr).text()}`);
  renameSync(`${root}.new`, root);
  writeFileSync(stamp, `${Date.now()}\n\n${sources}`);
  return root;
}
