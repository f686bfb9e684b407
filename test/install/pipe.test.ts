import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { freePort, installer, PROGRAM, prepared, Release } from "./fixture.ts";
import { Machine, type Said } from "./machine.ts";

setDefaultTimeout(600_000);

let machine: Machine;
let release: Release;
let port: string;

beforeEach(async () => {
  machine = await Machine.start((await prepared()).lowers);
  release = new Release();
  port = await freePort();
});
afterEach(async () => {
  await release.stop();
  await machine.remove();
});

const install = (env: Record<string, string> = {}, flags = ""): Promise<Said> =>
  machine.sh(`curl -fsSL ${release.url}/install.sh | sh -s -- ${flags}`, {
    INSTALL_DOCKLET_BASE_URL: release.url,
    DOCKLET_NGINX_PORT: port,
    ...env,
  });
const calls = (): string[] => read("/var/log/stub.log").split("\n").filter(Boolean);
const read = (path: string): string => readFileSync(machine.path(path), "utf8");
const exists = (path: string): boolean => existsSync(machine.path(path));
const write = (path: string, text = "") => writeFileSync(machine.path(path), text);
const remove = (path: string) => rmSync(machine.path(path));
const pid = (): string => read("/opt/docklet/local/run/docklet.pid").trim();

test("host packages on a bare system: all there, nothing started, nothing left behind", async () => {
  const { said } = await prepared();
  expect(said.stderr).toContain("Installing host packages");
  expect(said.code).toBe(0);
  expect(said.stdout).toBe("");
  for (const tool of ["lxc-start", "lxcfs", "mkfs.btrfs", "iptables", "ipset", "nft", "mmdebstrap", "curl", "zstd"])
    expect([tool, (await machine.sh(`command -v ${tool}`)).code]).toEqual([tool, 0]);
  expect(read("/etc/default/lxc-net")).toContain('USE_LXC_BRIDGE="false"');
  expect(exists("/usr/sbin/policy-rc.d")).toBe(false);
  expect((await machine.sh("cat /proc/[0-9]*/comm")).stdout).not.toMatch(/lxc|dnsmasq/);
});

describe("through a pipe", () => {
  test("installs, starts, builds the image and ends with three lines", async () => {
    const said = await install({ DOCKLET_CLUSTER_NAME: "our lab" });
    expect(said.stderr).not.toContain("install.sh:");
    expect(said.code).toBe(0);
    const lines = said.stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(new RegExp(`^portal: http://[0-9.]+:${port}$`));
    expect(lines.slice(1)).toEqual(["user: root", "password: in /opt/docklet/local/generated_password.txt"]);
    expect(statSync(machine.path("/opt/docklet/local/generated_password.txt")).mode & 0o777).toBe(0o600);
    expect(calls()).toEqual(["doctor --fix", "serve", "image ls --json", "image build base"]);
    expect(read("/etc/docklet/docklet.conf")).toContain(`CLUSTER_NAME='our lab'\nNGINX_PORT='${port}'\n`);
    expect(read(`/proc/${pid()}/cmdline`)).toContain("/usr/local/bin/docklet\0serve");
    expect(exists("/var/lib/docklet-install/unfinished")).toBe(false);
  });

  test("the service gets a clean environment", async () => {
    await install({ SECRET: "x", BUN_OPTIONS: "--preload=/x", INSTALL_DOCKLET_SKIP_IMAGE: "1" });
    const names = read("/var/log/stub.env")
      .split("\n")
      .map((l) => l.split("=")[0]!);
    expect(names.filter((n) => !["PWD", "_", "SHLVL"].includes(n))).toEqual([
      "BUN_CONFIG_MAX_HTTP_REQUESTS",
      "HOME",
      "LANG",
      "PATH",
    ]);
    expect(calls()).not.toContain("image build base");
  });

  test("a second run changes and restarts nothing, and says so", async () => {
    await install();
    const files = "find / -xdev -newer /newer -type f ! -path '/var/log/stub.log' ! -path '/root/*' | sort";
    const first = pid();
    const before = calls();
    await machine.sh("touch /newer; sleep 0.05");
    const again = await install();
    expect(again.code).toBe(0);
    expect(again.stderr).toContain("Nothing to do");
    expect(again.stdout.split("\n")).toHaveLength(4);
    expect(pid()).toBe(first);
    expect(calls().slice(before.length)).toEqual(["doctor --fix", "image ls --json"]);
    expect((await machine.sh(files)).stdout.replace("/etc/sysctl.d/60-docklet.conf\n", "")).toBe("");
  });

  test("a new version is put in place and the service restarted once; settings stay", async () => {
    await install();
    const first = pid();
    write("/etc/docklet/docklet.conf", `${read("/etc/docklet/docklet.conf")}# mine\n`);
    release.publish("two");
    const said = await install();
    expect(said.stderr).toContain("Installed docklet 9.9.9-two");
    expect(pid()).not.toBe(first);
    expect(calls().filter((c) => c === "serve")).toHaveLength(2);
    expect(calls()).toContain("serve stopped");
    expect(read("/etc/docklet/docklet.conf")).toContain("# mine");
  });

  test("a version's own folder", async () => {
    for (const name of [PROGRAM, "SHA256SUMS"]) {
      release.files.set(`/v7/${name}`, release.files.get(`/${name}`)!);
      release.files.delete(`/${name}`);
    }
    const said = await install({ INSTALL_DOCKLET_VERSION: "v7", INSTALL_DOCKLET_SKIP_START: "1" });
    expect(said.code).toBe(0);
    expect(said.stdout).toBe("");
    expect(exists("/usr/local/bin/docklet")).toBe(true);
    expect(exists("/opt/docklet")).toBe(false);
  });

  test("dry run changes nothing", async () => {
    await machine.sh("touch /newer; sleep 0.05");
    const said = await install({}, "--dry-run");
    expect(said.code).toBe(0);
    expect(said.stdout).toBe("");
    expect(said.stderr).toContain("nothing was changed");
    expect((await machine.sh("find / -xdev -newer /newer -type f")).stdout).toBe("");
  });
});

describe("what goes wrong is said, and breaks nothing", () => {
  const nothingThere = () => {
    expect(exists("/usr/local/bin/docklet")).toBe(false);
    expect(exists("/etc/docklet")).toBe(false);
    expect(exists("/opt/docklet")).toBe(false);
  };
  const refuses = async (said: Said, ...words: string[]) => {
    expect(said.code).toBe(1);
    expect(said.stdout).toBe("");
    for (const w of words) expect(said.stderr).toContain(w);
  };

  test("a wrong checksum", async () => {
    release.files.set(`/${PROGRAM}`, "something else");
    await refuses(await install(), "damaged", "Nothing was installed");
    nothingThere();
  });

  test("a wrong checksum leaves the installed version as it is", async () => {
    await install();
    const first = pid();
    release.publish("two");
    release.files.set(`/${PROGRAM}`, "something else");
    await refuses(await install(), "damaged");
    expect(pid()).toBe(first);
    expect(read("/usr/local/bin/docklet")).toContain("9.9.9-one");
    expect((await machine.sh("docklet version")).code).toBe(0);
  });

  test("checksums that do not name the program", async () => {
    release.files.set("/SHA256SUMS", "");
    await refuses(await install(), `does not name ${PROGRAM}`);
    nothingThere();
  });

  test("no server", async () => {
    await refuses(await install({ INSTALL_DOCKLET_BASE_URL: `${release.url}/nothing` }), "could not be downloaded");
    nothingThere();
  });

  test("no address and no clone", async () => {
    await refuses(await install({ INSTALL_DOCKLET_BASE_URL: "" }), "INSTALL_DOCKLET_BASE_URL is not set");
  });

  test("no disk space", async () => {
    await machine.sh("mkdir /small && mount -t tmpfs -o size=64m tmpfs /small");
    await refuses(
      await install({ DOCKLET_FS_PREFIX: "/small/docklet" }),
      "not enough disk space",
      "DOCKLET_FS_PREFIX=",
    );
    nothingThere();
  });

  test("no root", async () => {
    write("/tmp/install.sh", installer());
    await refuses(await machine.sh("setpriv --reuid 1000 --clear-groups sh /tmp/install.sh"), "needs root", "sudo");
  });

  test("a system that is not supported", async () => {
    remove("/etc/os-release");
    write("/etc/os-release", 'ID=fedora\nVERSION_ID=44\nPRETTY_NAME="Fedora Linux 44"\n');
    await refuses(await install(), "Fedora Linux 44 is not supported", "Ubuntu 24.04");
    nothingThere();
  });

  test("a folder that can't be docklet's", async () => {
    await refuses(await install({ DOCKLET_FS_PREFIX: "/etc" }), "can't be docklet's folder");
  });

  test("a script that broke off while it was downloaded does nothing", async () => {
    const text = installer();
    for (const share of [0.2, 0.5, 0.9, 0.999]) {
      release.files.set("/install.sh", text.slice(0, Math.floor(text.length * share)));
      await install();
      nothingThere();
      expect(exists("/var/lib/docklet-install/unfinished")).toBe(false);
    }
  });

  test("an installation that was killed is gone on with", async () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    release.before = async (path) => {
      if (path !== `/${PROGRAM}`) return;
      resolve();
      await new Promise(() => {});
    };
    write("/tmp/install.sh", installer());
    const env = { INSTALL_DOCKLET_BASE_URL: release.url, DOCKLET_NGINX_PORT: port };
    const killed = machine.spawn("echo $$ >/tmp/pid; exec sh /tmp/install.sh", env);
    await asked;
    expect((await install()).stderr).toContain("another installation is running");
    await machine.sh("kill -9 $(cat /tmp/pid)");
    await killed.exited;
    await machine.sh(
      "for p in $(cat /proc/[0-9]*/comm | grep -c curl); do kill -9 $(grep -l '^curl$' /proc/[0-9]*/comm | cut -d/ -f3); done",
    );
    release.before = async () => {};
    const said = await install();
    expect(said.stderr).toContain("stopped at: the program. Going on from there");
    expect(said.code).toBe(0);
    expect(exists("/var/lib/docklet-install/unfinished")).toBe(false);
    expect((await machine.sh("ls -A /var/lib/docklet-install; ls -A /usr/local/bin")).stdout.trim()).toBe("docklet");
  });

  test("a host that can't run docklet", async () => {
    write("/etc/stub-fails-doctor");
    await refuses(await install(), "doctor fails, as it was told to", "can't run docklet yet");
    expect(exists("/opt/docklet/local/run/docklet.pid")).toBe(false);
    remove("/etc/stub-fails-doctor");
    expect((await install()).code).toBe(0);
  });

  test("a service that does not come up", async () => {
    write("/etc/stub-fails-serve");
    await refuses(await install(), "did not become ready", "serve fails, as it was told to");
    remove("/etc/stub-fails-serve");
    expect((await install()).code).toBe(0);
  });

  test("an image that can't be built: the portal stays up, and the next run only builds it", async () => {
    write("/opt/x".replace("/opt/x", "/etc/stub-fails-image"));
    await refuses(await install(), "the image base could not be built", "docklet image build base");
    const first = pid();
    remove("/etc/stub-fails-image");
    expect((await install()).code).toBe(0);
    expect(pid()).toBe(first);
  });
});
