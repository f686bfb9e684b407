import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { statSync } from "node:fs";
import { installer, PROGRAM, prepared } from "./fixture.ts";
import type { Said } from "./machine.ts";
import { Site } from "./site.ts";

setDefaultTimeout(600_000);

let site: Site;
beforeEach(async () => {
  site = await Site.open();
});
afterEach(() => site.close());

test("host packages on a bare system: all there, nothing started, nothing left behind", async () => {
  const { said } = await prepared();
  expect(said.stderr).toContain("Installing host packages");
  expect(said.code).toBe(0);
  expect(said.stdout).toBe("");
  for (const tool of ["lxc-start", "lxcfs", "mkfs.btrfs", "iptables", "ipset", "nft", "mmdebstrap", "curl", "zstd"])
    expect([tool, (await site.machine.sh(`command -v ${tool}`)).code]).toEqual([tool, 0]);
  expect(site.read("/etc/default/lxc-net")).toContain('USE_LXC_BRIDGE="false"');
  expect(site.exists("/usr/sbin/policy-rc.d")).toBe(false);
  expect((await site.machine.sh("cat /proc/[0-9]*/comm")).stdout).not.toMatch(/lxc|dnsmasq/);
});

describe("through a pipe", () => {
  test("installs, starts, builds the image and ends with three lines", async () => {
    const said = await site.install({ DOCKLET_CLUSTER_NAME: "our lab" });
    expect(said.stderr).not.toContain("install.sh:");
    expect(said.code).toBe(0);
    const lines = said.stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(new RegExp(`^portal: http://[0-9.]+:${site.port}$`));
    expect(lines.slice(1)).toEqual(["user: root", "password: in /opt/docklet/local/generated_password.txt"]);
    expect(statSync(site.machine.path("/opt/docklet/local/generated_password.txt")).mode & 0o777).toBe(0o600);
    expect(site.calls()).toEqual(["doctor --fix", "serve", "image ls --json", "image build base"]);
    expect(site.read("/etc/docklet/docklet.conf")).toContain(`CLUSTER_NAME='our lab'\nNGINX_PORT='${site.port}'\n`);
    expect(site.read(`/proc/${site.pid()}/cmdline`)).toContain("/usr/local/bin/docklet\0serve");
    expect(site.exists("/var/lib/docklet-install/unfinished")).toBe(false);
  });

  test("the service gets a clean environment", async () => {
    await site.install({ SECRET: "x", BUN_OPTIONS: "--preload=/x", INSTALL_DOCKLET_SKIP_IMAGE: "1" });
    const names = site
      .read("/var/log/stub.env")
      .split("\n")
      .map((l) => l.split("=")[0]!);
    expect(names.filter((n) => !["PWD", "_", "SHLVL"].includes(n))).toEqual([
      "BUN_CONFIG_MAX_HTTP_REQUESTS",
      "HOME",
      "LANG",
      "PATH",
    ]);
    expect(site.calls()).not.toContain("image build base");
  });

  test("a second run changes and restarts nothing, and says so", async () => {
    await site.install();
    const files = "find / -xdev -newer /newer -type f ! -path '/var/log/stub.log' ! -path '/root/*' | sort";
    const first = site.pid();
    const before = site.calls();
    await site.machine.sh("touch /newer; sleep 0.05");
    const again = await site.install();
    expect(again.code).toBe(0);
    expect(again.stderr).toContain("Nothing to do");
    expect(again.stdout.split("\n")).toHaveLength(4);
    expect(site.pid()).toBe(first);
    expect(site.calls().slice(before.length)).toEqual(["doctor --fix", "image ls --json"]);
    expect((await site.machine.sh(files)).stdout.replace("/etc/sysctl.d/60-docklet.conf\n", "")).toBe("");
  });

  test("a new version is put in place and the service restarted once; settings stay", async () => {
    await site.install();
    const first = site.pid();
    site.write("/etc/docklet/docklet.conf", `${site.read("/etc/docklet/docklet.conf")}# mine\n`);
    site.release.publish("two");
    const said = await site.install();
    expect(said.stderr).toContain("Installed docklet 9.9.9-two");
    expect(site.pid()).not.toBe(first);
    expect(site.calls().filter((c) => c === "serve")).toHaveLength(2);
    expect(site.calls()).toContain("serve stopped");
    expect(site.read("/etc/docklet/docklet.conf")).toContain("# mine");
  });

  test("a version's own folder", async () => {
    for (const name of [PROGRAM, "SHA256SUMS"]) {
      site.release.files.set(`/v7/${name}`, site.release.files.get(`/${name}`)!);
      site.release.files.delete(`/${name}`);
    }
    const said = await site.install({ INSTALL_DOCKLET_VERSION: "v7", INSTALL_DOCKLET_SKIP_START: "1" });
    expect(said.code).toBe(0);
    expect(said.stdout).toBe("");
    expect(site.exists("/usr/local/bin/docklet")).toBe(true);
    expect(site.exists("/opt/docklet")).toBe(false);
  });

  test("dry run changes nothing", async () => {
    await site.machine.sh("touch /newer; sleep 0.05");
    const said = await site.install({}, "--dry-run");
    expect(said.code).toBe(0);
    expect(said.stdout).toBe("");
    expect(said.stderr).toContain("nothing was changed");
    expect((await site.machine.sh("find / -xdev -newer /newer -type f")).stdout).toBe("");
  });
});

describe("what goes wrong is said, and breaks nothing", () => {
  const nothingThere = () => {
    expect(site.exists("/usr/local/bin/docklet")).toBe(false);
    expect(site.exists("/etc/docklet")).toBe(false);
    expect(site.exists("/opt/docklet")).toBe(false);
  };
  const refuses = async (said: Said, ...words: string[]) => {
    expect(said.code).toBe(1);
    expect(said.stdout).toBe("");
    for (const w of words) expect(said.stderr).toContain(w);
  };

  test("a wrong checksum", async () => {
    site.release.files.set(`/${PROGRAM}`, "something else");
    await refuses(await site.install(), "damaged", "Nothing was installed");
    nothingThere();
  });

  test("a wrong checksum leaves the installed version as it is", async () => {
    await site.install();
    const first = site.pid();
    site.release.publish("two");
    site.release.files.set(`/${PROGRAM}`, "something else");
    await refuses(await site.install(), "damaged");
    expect(site.pid()).toBe(first);
    expect(site.read("/usr/local/bin/docklet")).toContain("9.9.9-one");
    expect((await site.machine.sh("docklet version")).code).toBe(0);
  });

  test("checksums that do not name the program", async () => {
    site.release.files.set("/SHA256SUMS", "");
    await refuses(await site.install(), `does not name ${PROGRAM}`);
    nothingThere();
  });

  test("no server", async () => {
    await refuses(
      await site.install({ INSTALL_DOCKLET_BASE_URL: `${site.release.url}/nothing` }),
      "could not be downloaded",
    );
    nothingThere();
  });

  test("no address and no clone", async () => {
    await refuses(await site.install({ INSTALL_DOCKLET_BASE_URL: "" }), "INSTALL_DOCKLET_BASE_URL is not set");
  });

  test("no disk space", async () => {
    await site.machine.sh("mkdir /small && mount -t tmpfs -o size=64m tmpfs /small");
    await refuses(
      await site.install({ DOCKLET_FS_PREFIX: "/small/docklet" }),
      "not enough disk space",
      "DOCKLET_FS_PREFIX=",
    );
    nothingThere();
  });

  test("no root", async () => {
    site.write("/tmp/install.sh", installer());
    await refuses(
      await site.machine.sh("setpriv --reuid 1000 --clear-groups sh /tmp/install.sh"),
      "needs root",
      "sudo",
    );
  });

  test("a system that is not supported", async () => {
    site.remove("/etc/os-release");
    site.write("/etc/os-release", 'ID=fedora\nVERSION_ID=44\nPRETTY_NAME="Fedora Linux 44"\n');
    await refuses(await site.install(), "Fedora Linux 44 is not supported", "Ubuntu 24.04");
    nothingThere();
  });

  test("a folder that can't be docklet's", async () => {
    await refuses(await site.install({ DOCKLET_FS_PREFIX: "/etc" }), "can't be docklet's folder");
  });

  test("a script that broke off while it was downloaded does nothing", async () => {
    const text = installer();
    for (const share of [0.2, 0.5, 0.9, 0.999]) {
      site.release.files.set("/install.sh", text.slice(0, Math.floor(text.length * share)));
      await site.install();
      nothingThere();
      expect(site.exists("/var/lib/docklet-install/unfinished")).toBe(false);
    }
  });

  test("an installation that was killed is gone on with", async () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    site.release.before = async (path) => {
      if (path !== `/${PROGRAM}`) return;
      resolve();
      await new Promise(() => {});
    };
    site.write("/tmp/install.sh", installer());
    const env = { INSTALL_DOCKLET_BASE_URL: site.release.url, DOCKLET_NGINX_PORT: site.port };
    const killed = site.machine.spawn("echo $$ >/tmp/pid; exec sh /tmp/install.sh", env);
    await asked;
    expect((await site.install()).stderr).toContain("another installation is running");
    await site.machine.sh("kill -9 $(cat /tmp/pid)");
    await killed.exited;
    await site.machine.sh(
      "for p in $(cat /proc/[0-9]*/comm | grep -c curl); do kill -9 $(grep -l '^curl$' /proc/[0-9]*/comm | cut -d/ -f3); done",
    );
    site.release.before = async () => {};
    const said = await site.install();
    expect(said.stderr).toContain("stopped at: the program. Going on from there");
    expect(said.code).toBe(0);
    expect(site.exists("/var/lib/docklet-install/unfinished")).toBe(false);
    expect((await site.machine.sh("ls -A /var/lib/docklet-install; ls -A /usr/local/bin")).stdout.trim()).toBe(
      "docklet",
    );
  });

  test("a host that can't run docklet", async () => {
    site.write("/etc/stub-fails-doctor");
    await refuses(await site.install(), "doctor fails, as it was told to", "can't run docklet yet");
    expect(site.exists("/opt/docklet/local/run/docklet.pid")).toBe(false);
    site.remove("/etc/stub-fails-doctor");
    expect((await site.install()).code).toBe(0);
  });

  test("a wrong setting is named before anything starts, and not kept", async () => {
    site.write("/etc/stub-fails-config");
    await refuses(await site.install(), "config fails, as it was told to", "a setting is wrong");
    expect(site.exists("/etc/docklet/docklet.conf")).toBe(false);
    expect(site.calls()).toEqual([]);
    site.remove("/etc/stub-fails-config");
    expect((await site.install()).code).toBe(0);
  });

  test("a service that does not come up", async () => {
    site.write("/etc/stub-fails-serve");
    await refuses(await site.install(), "did not become ready", "serve fails, as it was told to");
    site.remove("/etc/stub-fails-serve");
    expect((await site.install()).code).toBe(0);
  });

  test("an image that can't be built: the portal stays up, and the next run only builds it", async () => {
    site.write("/opt/x".replace("/opt/x", "/etc/stub-fails-image"));
    await refuses(await site.install(), "the image base could not be built", "docklet image build base");
    const first = site.pid();
    site.remove("/etc/stub-fails-image");
    expect((await site.install()).code).toBe(0);
    expect(site.pid()).toBe(first);
  });
});
