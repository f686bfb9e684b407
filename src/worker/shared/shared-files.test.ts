import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../lib/log.ts";
import { runApart } from "../../os/apart.ts";
import { Layout } from "../layout.ts";
import { CLAIM, REMOVE, SHOW, SWEEP } from "./scripts.ts";
import { SharedFiles } from "./shared-files.ts";

const dir = mkdtempSync(join(tmpdir(), "docklet-shared-"));
afterAll(() => rmSync(dir, { recursive: true }));
let made = 0;

/** A folder in the place of a file system. */
function folder(token?: string): string {
  const path = join(dir, String(++made));
  mkdirSync(join(path, ".docklet"), { recursive: true });
  if (token !== undefined) writeFileSync(join(path, ".docklet/token"), `${token}\nnonce\n`);
  return path;
}
const sh = (script: string, ...args: string[]) => runApart(["sh", "-c", script, "docklet", ...args], 10_000);

describe("what is done there", () => {
  test("claimed once, by one: again changes what was written last, another is refused", async () => {
    const at = folder();
    await sh(CLAIM, at, "mine", "n1");
    await sh(CLAIM, at, "mine", "n2");
    expect(readFileSync(join(at, ".docklet/token"), "utf8")).toBe("mine\nn2\n");
    await expect(sh(CLAIM, at, "theirs", "n3")).rejects.toThrow("belongs to another data centre");
    expect(readFileSync(join(at, ".docklet/token"), "utf8")).toBe("mine\nn2\n");
  });

  test("where the token is another one, or none, no folder is made or removed", async () => {
    for (const at of [folder(), folder("theirs")]) {
      await expect(sh(SHOW, at, "mine", "annaaa", "3932161000", join(at, "st"), join(at, "slot"))).rejects.toThrow();
      expect(readdirSync(at)).toEqual([".docklet"]);
      mkdirSync(join(at, "homes/annaaa"), { recursive: true });
      await expect(sh(REMOVE, at, "mine", "annaaa")).rejects.toThrow();
      expect(existsSync(join(at, "homes/annaaa"))).toBe(true);
    }
  });

  test("a folder is removed as a whole, and removing it again is no error", async () => {
    const at = folder("mine");
    mkdirSync(join(at, "homes/annaaa/deep"), { recursive: true });
    mkdirSync(join(at, "homes/bobbbb"));
    await sh(REMOVE, at, "mine", "annaaa");
    await sh(REMOVE, at, "mine", "annaaa");
    expect(readdirSync(join(at, "homes")).filter((n) => !n.startsWith(".gone."))).toEqual(["bobbbb"]);
    mkdirSync(join(at, "homes/.new.half"));
    await sh(SWEEP, at, "mine");
    expect(readdirSync(join(at, "homes")).sort()).toEqual([".new.half", "bobbbb"]);
  });
});

describe("with nothing mounted", () => {
  const files = (mode: "auto" | "off" | "required") =>
    new SharedFiles(new Layout(dir, "zz"), mode, "alpha.zz", silentLogger);

  test("nothing is shared, and only who requires it misses it", async () => {
    const [auto, required] = [files("auto"), files("required")];
    expect([await auto.look(), auto.report.type, auto.problem]).toEqual([false, null, null]);
    await required.look();
    expect(required.problem).toContain("SHARED_FS=required, but no shared file system is mounted at");
  });

  test("nothing is written into the bare mount point", async () => {
    mkdirSync(join(dir, "global"));
    const f = files("auto");
    const refused = { code: "unavailable", message: expect.stringContaining("it is not mounted") };
    await expect(f.do({ task: "claim", token: "t", nonce: "n" })).rejects.toMatchObject(refused);
    await expect(f.do({ task: "removeHome", owner: "annaaa", token: "t" })).rejects.toMatchObject(refused);
    await expect(f.show("annaaa", "t", 1, join(dir, "st"), join(dir, "slot"))).rejects.toMatchObject(refused);
    expect(readdirSync(join(dir, "global"))).toEqual([]);
  });
});
