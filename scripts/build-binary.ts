import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { buildPortal } from "./build-portal.ts";

const ROOT = resolve(import.meta.dir, "..");

/** Name of the file → what Bun calls the platform. */
export const TARGETS = {
  x64: "bun-linux-x64",
  arm64: "bun-linux-arm64",
  "x64-musl": "bun-linux-x64-musl",
  "arm64-musl": "bun-linux-arm64-musl",
} as const;
export type Target = keyof typeof TARGETS;

/** Folders that travel inside, found again by src/os/assets.ts. */
const ASSETS = ["static", "migrations", "dist/portal"];

export interface BuildOptions {
  targets: Target[];
  outDir: string;
  /** Bun of another platform, for building without a network. */
  runtime?: string;
}

/**
 * One executable per target: `docklet-linux-<target>`, and SHA256SUMS over them. The same sources give the
 * same bytes: nothing of the time, the user or the folder goes in.
 */
export async function buildBinaries({ targets, outDir, runtime }: BuildOptions): Promise<string[]> {
  mkdirSync(outDir, { recursive: true });
  const portal = join(ROOT, "dist/portal");
  await buildPortal(portal);
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
  const commit = await commitOf();
  const files: string[] = [];
  for (const target of targets) {
    // The name given to the bundler ends up in the bytes, so it is the same wherever the result goes.
    const file = join(outDir, `docklet-linux-${target}`);
    const work = join(outDir, `.build-${process.pid}`);
    mkdirSync(work, { recursive: true });
    try {
      await bundle(join(work, "docklet"), target, { DOCKLET_VERSION: version, DOCKLET_COMMIT: commit }, runtime);
      renameSync(join(work, "docklet"), file);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
    files.push(file);
  }
  const sums = files.map((f) => `${sha256(f)}  ${basename(f)}\n`).join("");
  writeFileSync(join(outDir, "SHA256SUMS"), sums);
  return files;
}

export function sha256(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

async function bundle(outfile: string, target: Target, facts: Record<string, string>, runtime?: string): Promise<void> {
  await command([
    process.execPath,
    "build",
    "src/main.ts",
    "--compile",
    `--target=${TARGETS[target]}`,
    `--outfile=${outfile}`,
    "--format=esm",
    "--bytecode",
    "--minify",
    "--keep-names",
    // Stack traces in the log name our own files and lines.
    "--sourcemap=linked",
    // Otherwise the .env and bunfig.toml of the folder that root happens to stand in would be obeyed.
    "--no-compile-autoload-dotenv",
    "--no-compile-autoload-bunfig",
    ...ASSETS.map((folder) => `--asset=./${folder}`),
    // Packages that ask for their own folder would bring the name of this one into the bytes.
    '--define=__dirname="/$bunfs/root"',
    '--define=__filename="/$bunfs/root/docklet"',
    ...Object.entries(facts).map(([name, value]) => `--define=${name}=${JSON.stringify(value)}`),
    ...(runtime === undefined ? [] : [`--compile-executable-path=${runtime}`]),
  ]);
}

/** 12 digits, with `-dirty` when something that goes in differs from it. */
async function commitOf(): Promise<string> {
  try {
    const head = (await command(["git", "rev-parse", "--short=12", "HEAD"])).trim();
    const changed = await command([
      "git",
      "status",
      "--porcelain",
      "--",
      "src",
      "static",
      "migrations",
      "package.json",
      "bun.lock",
    ]);
    return changed.trim() === "" ? head : `${head}-dirty`;
  } catch {
    // An unpacked source archive has no history.
    return "unknown";
  }
}

async function command(argv: string[]): Promise<string> {
  const child = Bun.spawn(argv, { cwd: ROOT, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`${argv.slice(0, 3).join(" ")} … exited with ${code}:\n${err || out}`);
  return out;
}

function fromArgv(argv: string[]): BuildOptions {
  const options: BuildOptions = { targets: ["x64"], outDir: join(ROOT, "dist") };
  if (process.arch === "arm64") options.targets = ["arm64"];
  for (const arg of argv) {
    const [name, value] = arg.split("=", 2);
    if (name === "--all") options.targets = Object.keys(TARGETS) as Target[];
    else if (name === "--target" && value && Object.hasOwn(TARGETS, value)) options.targets = [value as Target];
    else if (name === "--out" && value) options.outDir = resolve(value);
    else if (name === "--runtime" && value) options.runtime = resolve(value);
    else {
      console.error(
        `usage: build-binary.ts [--all | --target=${Object.keys(TARGETS).join("|")}] [--out=DIR] [--runtime=BUN]`,
      );
      process.exit(2);
    }
  }
  return options;
}

if (import.meta.main) {
  const began = performance.now();
  const options = fromArgv(process.argv.slice(2));
  const files = await buildBinaries(options);
  // The one for this machine under the short name that install.sh and the tests use.
  const own = files.find((f) => f.endsWith(`-${process.arch}`));
  if (own) {
    const temp = join(options.outDir, `.docklet-${process.pid}`);
    copyFileSync(own, temp);
    renameSync(temp, join(options.outDir, "docklet"));
  }
  for (const f of files) console.error(`${relative(process.cwd(), f)}  ${sha256(f)}`);
  console.error(`built in ${((performance.now() - began) / 1000).toFixed(1)} s`);
}
