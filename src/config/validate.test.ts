import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "./load.ts";
import { type HostFacts, type ValidateOptions, validateAgainstHost } from "./validate.ts";

const dir = mkdtempSync(join(tmpdir(), "docklet-validate-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const file = join(dir, "empty.conf");
writeFileSync(file, "");

const facts: HostFacts = {
  devices: ["lo", "eth0", "eth1", "dkabc123"],
  addresses: [
    { address: "127.0.0.1", cidr: "127.0.0.1/8", device: "lo" },
    { address: "10.1.2.3", cidr: "10.1.2.3/24", device: "eth0" },
    { address: "172.16.0.1", cidr: "172.16.0.1/26", device: "dkabc123" },
  ],
  routes: [
    { net: "0.0.0.0/0", device: "eth0" },
    { net: "10.1.2.0/24", device: "eth0" },
    { net: "192.168.0.0/16", device: "eth1" },
    { net: "172.16.0.0/26", device: "dkabc123" },
  ],
  listeners: [
    { address: "0.0.0.0", port: 8081, pid: 42, program: "nginx" },
    { address: "127.0.0.1", port: 8082, pid: null, program: null },
  ],
  mounts: [{ source: "/dev/null", target: "/mnt/data" }],
  swaps: [],
};

function problems(
  flags: Record<string, string>,
  options: ValidateOptions = {},
  more: Partial<HostFacts> = {},
): string[] {
  const loaded = loadConfig({ file, flags: { "fs-prefix": dir, ...flags } });
  return validateAgainstHost(loaded, { ...facts, ...more }, options).map((p) => `${p.message} ${p.hint} [${p.origin}]`);
}

test("the defaults are fine on an ordinary host, with docklet's own bridges there already", () => {
  expect(problems({})).toEqual([]);
});

describe("what is wrong is named with its remedy", () => {
  const cases: [string, Record<string, string>, string[]][] = [
    [
      "an interface's network",
      { "cluster-net": "10.1.0.0/16" },
      ["CLUSTER_NET=10.1.0.0/16", "10.1.2.0/24", "eth0 (10.1.2.3)", "--cluster-net"],
    ],
    ["a route", { "cluster-net": "192.168.5.0/24" }, ["route to 192.168.0.0/16 through eth1"]],
    ["a port in use", { "nginx-port": "8081" }, ["NGINX_PORT=8081", "nginx (pid 42)", "choose another NGINX_PORT"]],
    ["a port on loopback", { "proxy-port": "8082" }, ["PROXY_PORT=8082", "another program"]],
    ["equal ports", { "nginx-port": "8000" }, ["NGINX_PORT has the same port"]],
    ["a port of the mappings", { "nginx-port": "20000" }, ["ALLOCATED_PORTS=10000-65535"]],
    ["no such device", { "network-device": "eth7" }, ["NETWORK_DEVICE=eth7", "There are: eth0, eth1."]],
    ["disk without DISK", { storage: "disk" }, ["Set DISK=/dev/"]],
    ["a DISK that is not there", { storage: "disk", disk: "/dev/nope" }, ["DISK=/dev/nope", "does not exist"]],
    ["a DISK that is none", { storage: "disk", disk: file }, ["no block device"]],
    ["a prefix that is a file", { "fs-prefix": file }, ["is no directory"]],
    ["a prefix below a file", { "fs-prefix": `${file}/x` }, ["is no directory"]],
  ];
  test.each(cases)("%s", (_, flags, expected) => {
    const found = problems(flags);
    expect(found).toHaveLength(1);
    for (const text of expected) expect(found[0]).toContain(text);
  });
});

test("a listener on another address is in nobody's way", () => {
  const listeners = [{ address: "10.1.2.3", port: 8080, pid: 1, program: "x" }];
  expect(problems({ "bind-address": "127.0.0.1" }, {}, { listeners })).toEqual([]);
  expect(problems({ "bind-address": "10.1.2.3" }, {}, { listeners })).toHaveLength(1);
});

test("the docklet that runs already is no problem for a look, but for a start", () => {
  const prefix = join(dir, "running");
  mkdirSync(join(prefix, "local/run"), { recursive: true });
  writeFileSync(join(prefix, "local/run/docklet.pid"), "42\n");
  expect(problems({ "fs-prefix": prefix, "nginx-port": "8081" }, { runningIsFine: true })).toEqual([]);
  expect(problems({ "fs-prefix": prefix, "nginx-port": "8081" })).toHaveLength(1);
});

test("a role is only asked about what it uses", () => {
  expect(problems({ "nginx-port": "8081", "cluster-net": "10.1.0.0/16" }, { roles: ["master"] })).toEqual([]);
  expect(problems({ "master-port": "8081" }, { roles: ["supermaster", "master"] })).toHaveLength(1);
  // A worker listens on one port of loopback, and has to know where its master is.
  const worker = { "nginx-port": "8081", "bind-address": "192.0.2.1", "master-ip": "192.0.2.9" };
  expect(problems(worker, { roles: ["worker"] })).toEqual([]);
  expect(problems({ ...worker, "worker-port": "8082" }, { roles: ["worker"] })).toHaveLength(1);
  expect(problems({}, { roles: ["worker"] })).toEqual([expect.stringContaining("where its master is")]);
  expect(problems({ "worker-port": "8081" })).toEqual([]);
});
