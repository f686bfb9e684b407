import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../src/os/exec.ts";
import { idmappedBind, idmappedOverlay, isMounted, listMounts, tmpfs, unmount } from "../../src/os/mounts.ts";
import { setHostnameOf } from "../../src/os/namespaces.ts";
import { mapNamespace, type UserNamespace, userNamespaceOf } from "../../src/os/userns.ts";

/** Needs root. A file system of its own, so that it does not matter what the temporary folder lies on. */
const BASE = 3_000_000_000;
const dir = mkdtempSync(join(tmpdir(), "docklet-mounts-"));
const disk = join(dir, "disk");
let ns: UserNamespace;
const owner = (path: string) => statSync(path).uid;

beforeAll(async () => {
  await run(["truncate", "-s", "64M", `${disk}.img`]);
  await run(["mkfs.ext4", "-q", `${disk}.img`]);
  mkdirSync(disk);
  await run(["mount", "-o", "loop", `${disk}.img`, disk]);
  ns = await mapNamespace(BASE);
});
afterAll(async () => {
  ns.close();
  const left = listMounts(dir).map((m) => m.target);
  for (const target of left.toReversed()) unmount(target, false);
  rmSync(dir, { recursive: true });
  expect(left).toEqual([disk]);
});

/** Runs as the node's root, or as its user 1000, with no rights but theirs. */
const as = (id: number) => (cwd: string, script: string) =>
  run(["setpriv", "--reuid", String(id), "--regid", String(id), "--clear-groups", "sh", "-c", script], { cwd });
const asRoot = as(BASE);
const asUser = as(BASE + 1000);

/** Two layers and a node's folder; returns where it is merged. */
function tree(name: string) {
  const at = (part: string) => join(disk, name, part);
  for (const part of ["top", "bottom", "node/upper", "node/work", "merged"]) mkdirSync(at(part), { recursive: true });
  writeFileSync(at("bottom/both"), "bottom");
  writeFileSync(at("top/both"), "top");
  writeFileSync(at("bottom/mine"), "1000");
  chownSync(at("bottom/mine"), 1000, 1000);
  const mount = () => idmappedOverlay({ lowers: [at("top"), at("bottom")], node: at("node") }, at("merged"), ns.fd);
  return { at, mount };
}

describe("the overlay of a node", () => {
  test("shows ids in the node's range, and stores those from 0 on", async () => {
    const { at, mount } = tree("ids");
    mount();
    expect(readFileSync(at("merged/both"), "utf8")).toBe("top");
    expect([owner(at("merged/both")), owner(at("merged/mine"))]).toEqual([BASE, BASE + 1000]);
    await asRoot(at("merged"), "echo new > new && mkdir d && rm both");
    await asUser(at("merged"), "echo more >> mine");
    unmount(at("merged"));
    // On disk the node's root is root, and its other users are who they are in there.
    expect([owner(at("node/upper/new")), owner(at("node/upper/d")), owner(at("node/upper/mine"))]).toEqual([
      0, 0, 1000,
    ]);
    expect(statSync(at("node/upper/both")).isCharacterDevice()).toBe(true);
    expect(readFileSync(at("bottom/mine"), "utf8")).toBe("1000");
    // The one spare id: what overlay makes for itself belongs to 65 536 on disk, never to an id of the node.
    expect(owner(at("node/work/work"))).toBe(65_536);
  });

  test("an id outside of the node's range is nobody in there, and cannot be stored", () => {
    const { at, mount } = tree("foreign");
    writeFileSync(at("bottom/foreign"), "");
    chownSync(at("bottom/foreign"), 70_000, 70_000);
    mount();
    expect(owner(at("merged/foreign"))).toBe(65_534);
    expect(() => chownSync(at("merged/both"), 4_000_000_000, 0)).toThrow();
    unmount(at("merged"));
  });

  test("what another node's range stored is this node's as well: nothing on disk remembers a range", async () => {
    const { at, mount } = tree("moved");
    mount();
    await asRoot(at("merged"), "touch kept");
    unmount(at("merged"));
    const other = await mapNamespace(BASE + 65_536);
    idmappedOverlay({ lowers: [at("top"), at("bottom")], node: at("node") }, at("merged"), other.fd);
    other.close();
    expect(owner(at("merged/kept"))).toBe(BASE + 65_536);
    unmount(at("merged"));
  });

  test("one that comes up read-only is an error, not a node that cannot write; also below a folder with a blank", () => {
    const { at, mount } = tree("read only");
    // Overlay cannot make its own folder there, says nothing, and mounts without it.
    rmSync(at("node/work"), { recursive: true });
    mkdirSync(at("node/work/work"), { recursive: true });
    chownSync(at("node/work"), 70_000, 70_000);
    chownSync(at("node/work/work"), 70_000, 70_000);
    const failed = (() => {
      try {
        mount();
      } catch (e) {
        return e as Error;
      }
    })();
    expect(failed?.message).toMatch(/read-only|Permission|Value too large/i);
    expect(isMounted(at("merged"))).toBe(false);
    const good = tree("writable here");
    good.mount();
    writeFileSync(join(good.at("merged"), "both"), "written", { flag: "r+" });
    unmount(good.at("merged"));
  });

  test("a layer that is not there is an error that names it, and leaves nothing mounted or open", () => {
    const { at } = tree("missing");
    const open = () => readdirSync("/proc/self/fd").length;
    const before = open();
    expect(() => idmappedOverlay({ lowers: [at("top"), at("none")], node: at("node") }, at("merged"), ns.fd)).toThrow(
      "missing/none",
    );
    expect(open()).toBe(before);
    expect(isMounted(at("merged"))).toBe(false);
  });
});

describe("binds", () => {
  test("through the map, and read-only where asked", () => {
    const { at } = tree("bind");
    idmappedBind(at("bottom"), at("merged"), ns.fd, { readonly: true });
    expect(owner(at("merged/mine"))).toBe(BASE + 1000);
    expect(() => writeFileSync(at("merged/new"), "")).toThrow(expect.objectContaining({ code: "EROFS" }));
    unmount(at("merged"));
    expect(existsSync(at("merged/mine"))).toBe(false);
  });

  test("through the map of a process that runs", async () => {
    const child = Bun.spawn(["unshare", "--user", "cat"], { stdin: "pipe", stdout: "pipe" });
    child.stdin.write("x");
    await child.stdin.flush();
    await child.stdout.getReader().read();
    for (const map of ["uid_map", "gid_map"]) writeFileSync(`/proc/${child.pid}/${map}`, "0 3100000000 1000\n");
    const { at } = tree("process");
    const theirs = userNamespaceOf(child.pid);
    idmappedBind(at("bottom"), at("merged"), theirs.fd);
    theirs.close();
    expect(owner(at("merged/both"))).toBe(3_100_000_000);
    unmount(at("merged"));
    child.kill("SIGKILL");
    await child.exited;
  });
});

test("unmount takes all that is stacked, also while something is inside; twice is no error", async () => {
  const at = join(dir, "stack");
  for (let i = 0; i < 3; i++) tmpfs(at, "size=64k");
  expect(listMounts(at)).toHaveLength(3);
  const inside = Bun.spawn(["sleep", "60"], { cwd: at, stdin: "ignore" });
  unmount(at);
  expect(isMounted(at)).toBe(false);
  unmount(at);
  unmount(join(dir, "nowhere"));
  inside.kill("SIGKILL");
  await inside.exited;
});

test("the host name of another namespace is set, ours is not", async () => {
  const own = hostname();
  const child = Bun.spawn(["unshare", "--uts", "sh", "-c", "echo up; read x; hostname"], {
    stdin: "pipe",
    stdout: "pipe",
  });
  const reader = child.stdout.getReader();
  await reader.read();
  setHostnameOf(child.pid, "host-7");
  expect(hostname()).toBe(own);
  child.stdin.write("\n");
  child.stdin.end();
  expect(new TextDecoder().decode((await reader.read()).value)).toBe("host-7\n");
  expect(() => setHostnameOf(2 ** 22 + 1, "x")).toThrow();
  expect(hostname()).toBe(own);
});

test("a map is let go with its descriptor; ids beyond the last are refused", async () => {
  const open = () => readdirSync("/proc/self/fd").length;
  const before = open();
  for (let i = 0; i < 3; i++) (await mapNamespace(BASE + i * 65_536)).close();
  expect(await mapNamespace(2 ** 32 - 10).catch((e) => e.code)).toBe("EINVAL");
  expect(open()).toBeLessThanOrEqual(before);
});
