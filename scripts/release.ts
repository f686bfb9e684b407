import { appendFileSync, copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { buildBinaries, sha256, TARGETS, type Target } from "./build-binary.ts";

/**
 * Makes the folder that a web server has to serve so that install.sh works through a pipe:
 * `<out>/<version>/` with the executables of all platforms, install.sh and SHA256SUMS over all of it.
 *   bun scripts/release.ts [--out=DIR] [--allow-dirty]
 */
const ROOT = resolve(import.meta.dir, "..");

async function release(out: string, allowDirty: boolean): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
  const status = Bun.spawnSync(["git", "status", "--porcelain"], { cwd: ROOT });
  if (!allowDirty && (!status.success || status.stdout.length > 0)) {
    throw new Error(
      "There are changes that are not committed: nobody could build this release again. Commit them first.",
    );
  }
  const folder = join(out, version);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await buildBinaries({ targets: Object.keys(TARGETS) as Target[], outDir: folder });
  const installer = join(folder, "install.sh");
  copyFileSync(join(ROOT, "install.sh"), installer);
  appendFileSync(join(folder, "SHA256SUMS"), `${sha256(installer)}  install.sh\n`);
  return folder;
}

const args = process.argv.slice(2);
const out = resolve(args.find((a) => a.startsWith("--out="))?.slice("--out=".length) ?? join(ROOT, "dist/release"));
const unknown = args.find((a) => !a.startsWith("--out=") && a !== "--allow-dirty");
if (unknown !== undefined) {
  console.error(`release.ts: ${unknown}?\nusage: release.ts [--out=DIR] [--allow-dirty]`);
  process.exit(2);
}
try {
  const folder = await release(out, args.includes("--allow-dirty"));
  console.error(`${relative(process.cwd(), folder)}\n${readFileSync(join(folder, "SHA256SUMS"), "utf8").trimEnd()}`);
} catch (e) {
  console.error(`release.ts: ${e instanceof Error ? e.message : String(e)}`);
  process.exit(1);
}
