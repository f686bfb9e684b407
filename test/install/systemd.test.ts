import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { Site } from "./site.ts";
import { SYSTEMCTL } from "./systemctl.ts";

setDefaultTimeout(600_000);

let site: Site;
beforeEach(async () => {
  site = await Site.open();
  site.write("/usr/local/bin/systemctl", SYSTEMCTL, 0o755);
  await site.machine.sh("mkdir -p /run/systemd/system");
});
afterEach(() => site.close());

const asked = () => site.read("/var/log/systemctl.log").split("\n").filter(Boolean);
const UNIT = "/etc/systemd/system/docklet.service";

test("writes, enables and starts a unit in which nodes outlive docklet", async () => {
  const said = await site.install();
  expect(said.stderr).not.toContain("install.sh:");
  expect(said.code).toBe(0);
  expect(said.stdout.split("\n")).toHaveLength(4);
  const unit = site.read(UNIT);
  for (const line of [
    "ExecStart=/usr/local/bin/docklet serve",
    "KillMode=process",
    "Restart=always",
    "Delegate=yes",
    "LimitNOFILE=1048576",
    "Environment=BUN_CONFIG_MAX_HTTP_REQUESTS=65536",
  ])
    expect(unit.split("\n")).toContain(line);
  expect(asked()).toEqual(["daemon-reload", "is-enabled -q docklet", "enable -q docklet", "restart docklet"]);
  expect(site.exists("/opt/docklet/local/log/serve.out")).toBe(false);
});

test("a second run asks, and changes nothing", async () => {
  await site.install();
  const before = asked().length;
  const said = await site.install();
  expect(said.stderr).toContain("Nothing to do");
  expect(asked().slice(before)).toEqual(["is-enabled -q docklet", "is-active -q docklet"]);
});

test("a unit that somebody changed is put right, and the service restarted", async () => {
  await site.install();
  site.write(UNIT, "[Service]\n");
  await site.install();
  expect(asked().slice(-1)).toEqual(["restart docklet"]);
  expect(site.read(UNIT)).toContain("KillMode=process");
});

test("uninstall stops and removes the unit", async () => {
  await site.install();
  const pid = site.read("/run/unit.pid").trim();
  expect((await site.install({}, "--uninstall --purge")).code).toBe(0);
  expect(asked().slice(-2)).toEqual(["disable -q --now docklet", "daemon-reload"]);
  expect(site.calls().slice(-2)).toEqual(["serve stopped", "cleanup --all"]);
  expect(site.exists(`/proc/${pid}/exe`)).toBe(false);
  expect(site.exists(UNIT)).toBe(false);
});
