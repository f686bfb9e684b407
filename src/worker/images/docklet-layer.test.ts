import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listAssets } from "../../os/assets.ts";
import { dockletEntries, writeEntries } from "./docklet-layer.ts";
import { Tree } from "./tree.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "layer-"));
  writeEntries(new Tree(dir), dockletEntries());
});
afterEach(() => rmSync(dir, { recursive: true }));

describe("docklet's own layer", () => {
  test("identity is read from where docklet binds it", () => {
    for (const f of ["hosts", "hostname", "resolv.conf"])
      expect(readlinkSync(join(dir, "etc", f))).toBe(`/run/docklet/${f}`);
    expect(readFileSync(join(dir, "etc/machine-id"), "utf8")).toBe("");
    const sshd = readFileSync(join(dir, "etc/ssh/sshd_config.d/00-docklet.conf"), "utf8");
    expect(sshd).toContain("HostKey /run/docklet/ssh_host_ed25519_key");
    expect(sshd).toContain("PasswordAuthentication no");
  });

  test("masks are links to /dev/null, the enabled units are not masked", () => {
    const units = join(dir, "etc/systemd/system");
    expect(readlinkSync(join(units, "sys-kernel-debug.mount"))).toBe("/dev/null");
    expect(readlinkSync(join(units, "systemd-udevd.service"))).toBe("/dev/null");
    expect(lstatSync(join(units, "docklet-jupyter.service")).isFile()).toBe(true);
    expect(readdirSync(join(units, "multi-user.target.wants")).sort()).toEqual([
      "docklet-jupyter.service",
      "ssh.service",
    ]);
  });

  test("no path is made twice, and every file of static/node is used", () => {
    const entries = dockletEntries();
    expect(new Set(entries.map((e) => e.path)).size).toBe(entries.length);
    const contents = new Set(entries.map((e) => ("content" in e ? e.content : "")));
    for (const file of listAssets("static/node"))
      expect(contents.has(readFileSync(join(import.meta.dir, "../../../static/node", file), "utf8"))).toBe(true);
  });

  test("folders have the modes that an image has them with", () => {
    expect(statSync(join(dir, "root")).mode & 0o777).toBe(0o700);
    expect(statSync(join(dir, "root/nfs")).mode & 0o777).toBe(0o700);
    expect(statSync(join(dir, "etc")).mode & 0o777).toBe(0o755);
  });
});
