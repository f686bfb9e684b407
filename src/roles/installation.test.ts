import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Installation } from "./installation.ts";

let dir: string;
let home: Installation;
const children: Bun.Subprocess[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "dkl-installation-"));
  home = new Installation(dir);
  home.prepare();
});
afterEach(async () => {
  for (const c of children.splice(0)) {
    c.kill("SIGKILL");
    await c.exited;
  }
  rmSync(dir, { recursive: true });
});

/** A process that sleeps, and that looks like this in the list of processes (behind the name of a shell). */
async function processCalled(name: string, ...args: string[]): Promise<number> {
  const script = join(dir, name);
  writeFileSync(script, "echo up; read line");
  const child = Bun.spawn(["sh", script, ...args], { stdin: "pipe", stdout: "pipe" });
  children.push(child);
  await child.stdout.getReader().read();
  return child.pid;
}

test("folders that nobody but root looks into; LXC may walk through", () => {
  const mode = (path: string) => (statSync(join(dir, path)).mode & 0o777).toString(8);
  expect(["local", "local/run", "local/log", "global"].map(mode)).toEqual(["711", "700", "700", "711"]);
});

describe("the tag", () => {
  test("two letters, made once, kept", () => {
    const tag = home.tag();
    expect(tag).toMatch(/^[a-z][a-z0-9]$/);
    expect(new Installation(dir).tag()).toBe(tag);
  });

  test("a broken one is never replaced: what runs carries the old one", () => {
    for (const broken of ["", "a", "abc", "A1", "../x"]) {
      writeFileSync(join(dir, "local/tag"), broken);
      expect(() => home.tag()).toThrow(expect.objectContaining({ code: "invalid" }));
      expect(readFileSync(join(dir, "local/tag"), "utf8")).toBe(broken);
    }
  });
});

describe("claiming", () => {
  test("writes our pid, release takes it away", () => {
    home.claim();
    expect(readFileSync(home.pidFile, "utf8")).toBe(`${process.pid}\n`);
    home.claim();
    home.release();
    expect(existsSync(home.pidFile)).toBe(false);
  });

  for (const [name, ...args] of [
    ["docklet", "serve"],
    ["docklet-linux-x64", "--fs-prefix=/srv", "serve", "--role=worker"],
    ["main.ts", "serve"],
  ]) {
    test(`a running \`${[name, ...args].join(" ")}\` has the folder`, async () => {
      const pid = await processCalled(name!, ...args);
      writeFileSync(home.pidFile, `${pid}\n`);
      expect(home.runningPid()).toBe(pid);
      expect(() => home.claim()).toThrow(
        expect.objectContaining({ code: "conflict", message: expect.stringContaining(String(pid)) }),
      );
      // The loser leaves the winner's file alone.
      home.release();
      expect(readFileSync(home.pidFile, "utf8")).toBe(`${pid}\n`);
    });
  }

  for (const [name, ...args] of [
    ["tail", "-f", "/opt/docklet/local/log/docklet-worker.log"],
    ["lxc-start", "-f", "/opt/docklet/local/live/abcdef/lxc.conf"],
    ["docklet", "vcluster", "ls"],
    ["vim", "docklet", "reserve"],
  ]) {
    test(`a stale pid that now is \`${[name, ...args].join(" ")}\` is nobody's`, async () => {
      writeFileSync(home.pidFile, `${await processCalled(name!, ...args)}\n`);
      expect(home.runningPid()).toBeNull();
      home.claim();
      expect(readFileSync(home.pidFile, "utf8")).toBe(`${process.pid}\n`);
    });
  }

  test("a pid file that is empty, garbage or of the dead is no obstacle", () => {
    for (const text of ["", "garbage", "-1", "0", String(2 ** 22 + 1), "1e3"]) {
      writeFileSync(home.pidFile, text);
      expect(home.runningPid()).toBeNull();
      home.claim();
      home.release();
    }
  });

  test("a socket that a killed docklet left is removed, any other file is not", async () => {
    const script = `Bun.listen({ unix: ${JSON.stringify(home.socket)}, socket: { data() {} } }); process.kill(process.pid, "SIGKILL")`;
    await Bun.spawn([process.execPath, "-e", script]).exited;
    expect(existsSync(home.socket)).toBe(true);
    home.claim();
    expect(existsSync(home.socket)).toBe(false);
    writeFileSync(home.socket, "a plain file");
    home.claim();
    expect(existsSync(home.socket)).toBe(true);
  });
});
