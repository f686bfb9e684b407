import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Step } from "../../src/contracts/public/index.ts";
import type { Recipe } from "../../src/contracts/public/system.ts";
import { silentLogger } from "../../src/lib/log.ts";
import { run } from "../../src/os/exec.ts";
import { listMounts } from "../../src/os/mounts.ts";
import { createImages, type Images } from "../../src/worker/images/images.ts";
import { resolvePackages } from "../../src/worker/images/packages.ts";
import { builtinRecipes } from "../../src/worker/images/recipes.ts";

/** Needs root, btrfs and reachable apt sources: a real pool on a loop device, real builds. */
const dir = mkdtempSync(join(tmpdir(), "docklet-images-"));
const pool = join(dir, "pool");
const MINUTES = 60_000;
const mini = builtinRecipes().get("mini")!;
let images: Images;

const open = () => createImages({ pool, log: silentLogger, inUse: () => false });
const never = () => new AbortController().signal;
const entries = (folder: string) => readdirSync(join(pool, folder)).sort();
const layerNames = () => entries("layers").map((e) => e.replace(/@[0-9a-f]{16}/, ""));
/** Processes whose command line names our folder. */
function processes(): string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(dir);
    } catch {
      return false;
    }
  });
}

beforeAll(async () => {
  mkdirSync(pool);
  await run(["truncate", "-s", "4G", join(dir, "pool.img")]);
  await run(["mkfs.btrfs", "-q", "-m", "single", "-d", "single", join(dir, "pool.img")]);
  await run(["mount", "-o", "loop,noatime,nosuid,nodev", join(dir, "pool.img"), pool]);
  images = await open();
}, MINUTES);

afterAll(async () => {
  await run(["umount", pool]);
  const loops = (await run(["losetup", "-j", join(dir, "pool.img")])).stdout;
  rmSync(dir, { recursive: true });
  expect(loops).toBe("");
}, MINUTES);

describe("image builds", () => {
  test(
    "a build that is cancelled half-way leaves only its stages, and goes on from there",
    async () => {
      const abort = new AbortController();
      const slow: Recipe = { ...mini, run: [...(mini.run ?? []), ["sh", "-c", "echo started; exec sleep 600"]] };
      let steps: Step[] = [];
      const building = images.build(
        slow,
        (s) => {
          steps = s;
          if (s.some((step) => step.name === "run" && step.state === "running")) setTimeout(() => abort.abort(), 500);
        },
        abort.signal,
      );
      expect((await building.catch((e) => e)).code).toBe("cancelled");
      expect(steps.map((s) => s.state)).toEqual(["done", "done", "done", "cancelled", "waiting", "waiting"]);
      expect(images.get("mini")).toMatchObject({ state: "absent", building: false, reason: null });
      expect(entries("layers")).toEqual([]);
      expect(entries("build").filter((e) => !e.includes("."))).toEqual([]);
      expect(listMounts(pool)).toHaveLength(1);
      expect(processes()).toEqual([]);

      // The same bootstrap, packages and files; other commands.
      const kept: string[] = [];
      const built = await images.build(
        mini,
        (s) => kept.push(...s.filter((x) => x.message?.includes("kept")).map((x) => x.name)),
        never(),
      );
      expect([...new Set(kept)]).toEqual(["bootstrap", "packages", "files"]);
      expect(built.state).toBe("ready");
      expect(layerNames()).toEqual(["mini", "mini.json"]);
      expect(entries("build")).toEqual([]);
    },
    5 * MINUTES,
  );

  test("the built image is what a node needs, and read-only", async () => {
    const [layer] = images.layersOf("mini");
    for (const path of ["bin/sh", "bin/ip", "bin/wget", "bin/nc", "bin/ping", "bin/httpd", "sbin/init", "etc/passwd"])
      expect(lstatSync(join(layer!, path), { throwIfNoEntry: false })?.isDirectory()).toBe(false);
    expect(readdirSync(join(layer!, "dev"))).toEqual([]);
    expect(images.get("mini")!.size).toBeLessThan(8 * 1024 * 1024);
    expect((await run(["touch", join(layer!, "x")], { ok: [0, 1] })).code).toBe(1);
    expect((await run(["chroot", layer!, "/bin/sh", "-c", "busybox echo works"])).stdout).toBe("works\n");
  });

  test(
    "a build killed from outside is swept at the next start; its stages stay and serve",
    async () => {
      const recipe: Recipe = { ...mini, name: "killed", run: [...(mini.run ?? []), ["sleep", "600"]] };
      const script = `
        import { createImages } from ${JSON.stringify(join(import.meta.dir, "../../src/worker/images/images.ts"))};
        import { silentLogger } from ${JSON.stringify(join(import.meta.dir, "../../src/lib/log.ts"))};
        const images = await createImages({ pool: ${JSON.stringify(pool)}, log: silentLogger, inUse: () => true });
        await images.build(${JSON.stringify(recipe)}, (s) => console.log(s.find((x) => x.state === "running")?.name), new AbortController().signal);
      `;
      const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
      const reader = child.stdout.getReader();
      const decoder = new TextDecoder();
      for (let seen = ""; !/^run$/m.test(seen); ) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`the build ended early: ${seen}`);
        seen += decoder.decode(value);
      }
      child.kill("SIGKILL");
      await child.exited;
      // The kernel takes the command, its namespaces and their mounts along.
      while (processes().length > 0) await Bun.sleep(20);
      expect(listMounts(pool)).toHaveLength(1);
      expect(entries("build")).toContain("killed");

      images = await open();
      expect(entries("build").filter((e) => !e.includes("."))).toEqual([]);
      expect(images.get("killed")).toBeUndefined();
      expect(images.get("mini")!.state).toBe("ready");
      let kept = 0;
      await images.build(
        { ...recipe, run: mini.run },
        (s) => {
          kept = s.filter((x) => x.message?.includes("kept")).length;
        },
        never(),
      );
      expect(kept).toBe(3);
      await images.remove("killed");
      expect(layerNames()).toEqual(["mini", "mini.json"]);
    },
    5 * MINUTES,
  );

  test(
    "an image with a parent holds only what it adds",
    async () => {
      const child: Recipe = {
        name: "child",
        description: "",
        parent: "mini",
        packages: [],
        files: { "/etc/child": { content: "of mini\n", mode: "0600" } },
        run: [["sh", "-c", "test -r /etc/child && rm /bin/httpd && mkdir -p /opt/x && echo 1 > /opt/x/y"]],
        ready: "init",
        init: "simple",
      };
      await images.build(child, () => {}, never());
      const [top, below, ...rest] = images.layersOf("child");
      expect(rest).toEqual([]);
      expect(below).toBe(images.layersOf("mini")[0]!);
      expect(readFileSync(join(top!, "etc/child"), "utf8")).toBe("of mini\n");
      expect(readFileSync(join(top!, "opt/x/y"), "utf8")).toBe("1\n");
      expect(lstatSync(join(top!, "bin/httpd")).isCharacterDevice()).toBe(true);
      expect(existsSync(join(top!, "bin/sh"))).toBe(false);

      expect((await images.remove("mini").catch((e) => e)).message).toContain("child builds on mini");
      await images.remove("child");
      expect(layerNames()).toEqual(["mini", "mini.json"]);
    },
    5 * MINUTES,
  );

  test(
    "a build that fails says why, and leaves no image",
    async () => {
      const broken: Recipe = { ...mini, name: "broken", run: [["busybox", "sh", "-c", "echo the reason >&2; exit 7"]] };
      const e = await images.build(broken, () => {}, never()).catch((x) => x);
      expect(e.code).toBe("host_command");
      expect(e.message).toContain("the reason");
      expect(e.hint).toContain("broken.log");
      expect(images.get("broken")).toMatchObject({ state: "failed", digest: null });
      await images.remove("broken");
      expect(entries("build")).toEqual([]);
      expect(images.get("broken")).toBeUndefined();
    },
    5 * MINUTES,
  );

  test(
    "building again makes a new layer, and the old one goes when nothing needs it",
    async () => {
      const before = images.layersOf("mini");
      await images.build(mini, () => {}, never());
      expect(images.layersOf("mini")).not.toEqual(before);
      expect(existsSync(before[0]!)).toBe(false);
    },
    5 * MINUTES,
  );

  test("docklet's own layer is made once", async () => {
    const path = await images.dockletLayer();
    expect(readFileSync(join(path, "etc/machine-id"), "utf8")).toBe("");
    expect(await (await open()).dockletLayer()).toBe(path);
    expect(entries("layers").filter((e) => e.startsWith("docklet@"))).toHaveLength(2);
  });
});

test(
  "a full pool fails the build with its reason, and gives the space back",
  async () => {
    const small = join(dir, "small");
    mkdirSync(small);
    await run(["truncate", "-s", "256M", `${small}.img`]);
    await run(["mkfs.btrfs", "-q", "-m", "single", "-d", "single", `${small}.img`]);
    await run(["mount", "-o", "loop,noatime,nosuid,nodev", `${small}.img`, small]);
    try {
      const cramped = await createImages({ pool: small, log: silentLogger, inUse: () => false });
      const hog: Recipe = {
        ...mini,
        name: "hog",
        run: [["busybox", "dd", "if=/dev/urandom", "of=/x", "bs=1M", "count=400"]],
      };
      const e = await cramped.build(hog, () => {}, never()).catch((x) => x);
      expect(e.code).toBe("disk_full");
      expect(e.hint).not.toBe("");
      await cramped.remove("hog");
      expect(readdirSync(join(small, "build"))).toEqual([]);
    } finally {
      await run(["umount", small]);
    }
  },
  5 * MINUTES,
);

test(
  "apt knows every package of the recipes that come along",
  async () => {
    for (const recipe of builtinRecipes().values())
      expect((await resolvePackages(recipe.packages)).length).toBeGreaterThan(0);
  },
  MINUTES,
);
