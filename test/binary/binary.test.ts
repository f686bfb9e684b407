import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildBinaries, sha256, type Target } from "../../scripts/build-binary.ts";
import { listAssets } from "../../src/os/assets.ts";

setDefaultTimeout(300_000);
const OWN: Target = process.arch === "arm64" ? "arm64" : "x64";
const dir = mkdtempSync(join(tmpdir(), "docklet-binary-"));
let binary = "";

beforeAll(async () => {
  [binary = ""] = await buildBinaries({ targets: [OWN], outDir: join(dir, "one") });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function run(args: string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
  const child = Bun.spawn([binary, ...args], {
    cwd: options.cwd ?? "/",
    env: { PATH: "/usr/bin:/bin", HOME: dir, ...options.env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { stdout, stderr, code };
}

test("the same sources give the same bytes, wherever they are put", async () => {
  const [second = ""] = await buildBinaries({ targets: [OWN], outDir: join(dir, "another/place") });
  expect(sha256(second)).toBe(sha256(binary));
  const sums = readFileSync(join(dir, "one/SHA256SUMS"), "utf8");
  expect(sums).toBe(`${sha256(binary)}  docklet-linux-${OWN}\n`);
  expect(statSync(binary).mode & 0o111).toBe(0o111);
});

test("it knows what it is, and carries migrations and the portal", async () => {
  const { stdout, code } = await run(["version", "--json"]);
  const v = JSON.parse(stdout);
  expect(code).toBe(0);
  expect(v.version).toBe(JSON.parse(readFileSync(join(import.meta.dir, "../../package.json"), "utf8")).version);
  expect(v.commit).toMatch(/^[0-9a-f]{12}(-dirty)?$|^unknown$/);
  expect(v.bun).toBe(Bun.version);
  for (const wing of ["supermaster", "master", "worker"])
    expect(v.schema[wing]).toBe(Number(listAssets(`migrations/${wing}`).at(-1)!.slice(0, 4)));
});

test("nothing of the machine that built it is in it", () => {
  const bytes = readFileSync(binary);
  for (const text of [join(import.meta.dir, "../.."), dir]) expect(bytes.includes(text)).toBe(false);
});

test("a bunfig.toml, .env, package.json or tsconfig.json where root happens to stand is not obeyed", async () => {
  const cwd = join(dir, "hostile");
  const ran = join(cwd, "ran");
  mkdirSync(cwd);
  writeFileSync(join(cwd, "evil.ts"), `require("node:fs").writeFileSync(${JSON.stringify(ran)}, "x");`);
  writeFileSync(join(cwd, "bunfig.toml"), 'preload = ["./evil.ts"]\n');
  writeFileSync(join(cwd, ".env"), "DOCKLET_CLUSTER_NAME=stolen\n");
  writeFileSync(join(cwd, "tsconfig.json"), '{"compilerOptions":{"paths":{"zod":["./evil.ts"]}}}');
  writeFileSync(join(cwd, "package.json"), '{"imports":{"zod":"./evil.ts"}}');
  const { stdout, code } = await run(["config", "show", "--json"], { cwd });
  expect(code).toBe(0);
  expect(stdout).not.toContain("stolen");
  expect(await Bun.file(ran).exists()).toBe(false);
});

test("flags that Bun has too are ours", async () => {
  for (const args of [["--help"], ["help"]]) expect((await run(args)).stdout).toContain("usage: docklet COMMAND");
  expect((await run(["run", "x.ts"])).code).toBe(2);
  expect((await run(["--inspect"])).code).toBe(2);
});

test("completion and errors work as from source", async () => {
  expect((await run(["completion", "bash"])).stdout).toContain("complete -F _docklet docklet");
  const { code, stderr } = await run(["vc", "ls"], { env: { DOCKLET_URL: "http://127.0.0.1:9", DOCKLET_TOKEN: "x" } });
  expect([code, stderr]).toEqual([1, expect.stringContaining("connection was refused")]);
});

test("serve starts itself again with room for more than 256 requests, under the same pid, and says what is wrong", async () => {
  const prefix = join(dir, "file-not-folder");
  writeFileSync(prefix, "");
  const env = { BUN_OPTIONS: "--smol", DOCKLET_FS_PREFIX: prefix, DOCKLET_PROXY_PORT: "0" };
  const { code, stderr } = await run(["serve"], { env });
  expect(code).not.toBe(0);
  expect(stderr).toContain(process.getuid?.() === 0 ? "PROXY_PORT=0" : "needs root");
});
