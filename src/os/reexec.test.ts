import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const MODULE = join(import.meta.dir, "reexec.ts");

/** A program that starts itself again and then tells what it is. */
async function tell(env: Record<string, string>) {
  const dir = mkdtempSync(join(tmpdir(), "docklet-reexec-"));
  const program = join(dir, "program.ts");
  writeFileSync(
    program,
    `import { reexecForServing } from ${JSON.stringify(MODULE)};
     reexecForServing();
     const { BUN_CONFIG_MAX_HTTP_REQUESTS: max, BUN_OPTIONS: options, KEPT: kept } = process.env;
     console.log(JSON.stringify({ pid: process.pid, max, options, kept, args: process.argv.slice(2) }));`,
  );
  const child = Bun.spawn([process.execPath, program, "serve", "--proxy-port", "1"], {
    env: { PATH: "/usr/bin:/bin", KEPT: "yes", ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const said = JSON.parse(await new Response(child.stdout).text());
  rmSync(dir, { recursive: true });
  return { ...said, same: said.pid === child.pid };
}

test("the same pid and arguments, more requests, nothing that steers the runtime", async () => {
  expect(await tell({ BUN_OPTIONS: "--smol" })).toMatchObject({
    same: true,
    max: "65535",
    kept: "yes",
    args: ["serve", "--proxy-port", "1"],
  });
  expect((await tell({ BUN_OPTIONS: "--smol" })).options).toBeUndefined();
});

test("a figure that was chosen stays", async () => {
  expect((await tell({ BUN_CONFIG_MAX_HTTP_REQUESTS: "4096" })).max).toBe("4096");
});
