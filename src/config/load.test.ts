import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DockletError } from "../lib/errors.ts";
import { loadConfig } from "./load.ts";

const dir = mkdtempSync(join(tmpdir(), "docklet-config-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
let n = 0;
function conf(text: string): string {
  const path = join(dir, `${n++}.conf`);
  writeFileSync(path, text);
  return path;
}
const empty = conf("");
function failure(f: () => unknown): DockletError {
  try {
    f();
  } catch (e) {
    if (e instanceof DockletError) return e;
    throw e;
  }
  throw new Error("nothing was thrown");
}
const whole = (e: DockletError) => `${e.message}\n${e.hint}`;

describe("layers", () => {
  test("defaults, each with its origin", () => {
    const { config, entries } = loadConfig({ file: empty });
    expect(config.PROXY_PORT).toBe(8000);
    expect(config.CLUSTER_NET).toBe("172.16.0.0/16");
    expect(config.DISTRIBUTED_GATEWAY).toBe(true);
    expect(config.LOG_LEVEL).toBe("info");
    expect(config.WARM_NODES).toEqual({ base: 2 });
    expect(config.PUBLIC_IP).toBeNull();
    expect(new Set(entries.map((e) => e.origin))).toEqual(new Set(["default"]));
    expect(entries.some((e) => e.key === "AUTH_KEY")).toBe(false);
  });

  test("flag over environment over file over default", () => {
    const file = conf("PROXY_PORT=1001\nNGINX_PORT=1002\nMASTER_PORT=1003\n");
    const env = { DOCKLET_PROXY_PORT: "2001", DOCKLET_NGINX_PORT: "2002", HOME: "/root" };
    const { config, entries } = loadConfig({ file, env, flags: { "proxy-port": "3001" } });
    expect([config.PROXY_PORT, config.NGINX_PORT, config.MASTER_PORT, config.WORKER_PORT]).toEqual([
      3001, 2002, 1003, 9001,
    ]);
    const origin = (key: string) => entries.find((e) => e.key === key)?.origin;
    expect(origin("PROXY_PORT")).toBe("flag --proxy-port");
    expect(origin("NGINX_PORT")).toBe("env DOCKLET_NGINX_PORT");
    expect(origin("MASTER_PORT")).toBe(`file ${file}:3`);
    expect(origin("WORKER_PORT")).toBe("default");
  });

  test("DOCKLET_CONFIG names the file, --config wins over it", () => {
    const a = conf("NGINX_PORT=1111");
    const b = conf("NGINX_PORT=2222");
    expect(loadConfig({ env: { DOCKLET_CONFIG: a } }).config.NGINX_PORT).toBe(1111);
    expect(loadConfig({ env: { DOCKLET_CONFIG: a }, file: b }).config.NGINX_PORT).toBe(2222);
  });

  test("an alias sets its key", () => {
    expect(loadConfig({ file: conf("PORTAL_PORT=81") }).config.NGINX_PORT).toBe(81);
    expect(loadConfig({ file: empty, flags: { "portal-port": "82" } }).config.NGINX_PORT).toBe(82);
    const e = failure(() => loadConfig({ file: conf("PORTAL_PORT=81\nNGINX_PORT=80") }));
    expect(whole(e)).toContain("PORTAL_PORT and NGINX_PORT are the same setting");
  });

  test("a named file that is not there is an error, the default one may be absent", () => {
    const e = failure(() => loadConfig({ file: join(dir, "absent.conf") }));
    expect(e.message).toContain("absent.conf");
    expect(e.message).toContain("flag --config");
  });

  test("docklet's other variables are no settings", () => {
    const env = { DOCKLET_URL: "http://x", DOCKLET_TOKEN: "t", DOCKLET_JOIN: "j" };
    expect(loadConfig({ file: empty, env }).config.CLUSTER_NAME).toBe("docklet");
  });
});

describe("good values", () => {
  const good: [string, string, unknown][] = [
    ["CLUSTER_NET=172.16.0.1/16", "CLUSTER_NET", "172.16.0.0/16"],
    ["CLUSTER_NET=10.0.0.0/8", "CLUSTER_NET", "10.0.0.0/8"],
    ["CLUSTER_NET=192.168.7.9/24", "CLUSTER_NET", "192.168.7.0/24"],
    ["CLUSTER_NET=100.64.0.0/10", "CLUSTER_NET", "100.64.0.0/10"],
    ['CLUSTER_NAME="my cloud" # the name', "CLUSTER_NAME", "my cloud"],
    ["CLUSTER_NAME='a b'", "CLUSTER_NAME", "a b"],
    ["PORTAL_URL=http://x/#b", "PORTAL_URL", "http://x/#b"],
    ["export CLUSTER_NAME=lab", "CLUSTER_NAME", "lab"],
    ["  CLUSTER_NAME = lab  # comment", "CLUSTER_NAME", "lab"],
    ["CLUSTER_NAME=lab\r", "CLUSTER_NAME", "lab"],
    ["DISTRIBUTED_GATEWAY=False", "DISTRIBUTED_GATEWAY", false],
    ["PUBLIC_IP=", "PUBLIC_IP", null],
    ["PORTAL_URL=http://x/?a=b", "PORTAL_URL", "http://x/?a=b"],
    ["DNS_SERVERS=1.1.1.1, 9.9.9.9", "DNS_SERVERS", ["1.1.1.1", "9.9.9.9"]],
    ["WARM_NODES=base=4,mini=0", "WARM_NODES", { base: 4, mini: 0 }],
    ["LOG_LEVEL=WARNING", "LOG_LEVEL", "warn"],
    ["CPU_OVERCOMMIT=1.5", "CPU_OVERCOMMIT", 1.5],
    ["\uFEFFLOG_LIFE=3", "LOG_LIFE", 3],
  ];
  test.each(good)("%j", (text, key, value) => {
    expect(loadConfig({ file: conf(text) }).config[key as "PUBLIC_IP"]).toEqual(value as string);
  });
});

describe("bad values name key, value, layer and remedy", () => {
  const bad: [string, ...string[]][] = [
    ["PROXY_PORT=80a", "PROXY_PORT=80a", "must be a number", ":1)", "default is 8000"],
    ["PROXY_PORT=", "PROXY_PORT=", "must be a number"],
    ["PROXY_PORT=0", "PROXY_PORT=0", "8000"],
    ["PROXY_PORT=70000", "PROXY_PORT=70000"],
    ["PROXY_PORT=0x50", "PROXY_PORT=0x50"],
    ["PROXY_PORT=80.5", "whole number"],
    ["MEMORY_RESERVE=", "MEMORY_RESERVE=", "must be a number"],
    ["FS_PREFIX=opt", "absolute path"],
    ["CLUSTER_NET=172.16.0.0", "must be a network like"],
    ["CLUSTER_NET=172.16.0.300/16", "must be a network like"],
    ["CLUSTER_NET=172.16.0.0/33", "must be a network like"],
    ["CLUSTER_NET=172.16.0.0/25", "too small"],
    ["CLUSTER_NET=8.8.0.0/16", "must be private"],
    ["CLUSTER_NET=172.16.0.0/8", "must be private"],
    ["ALLOCATED_PORTS=20000-10000", "smaller one first"],
    ["ALLOCATED_PORTS=10000-70000", "between 1 and 65535"],
    ["STORAGE=tape", "STORAGE=tape"],
    ["DISTRIBUTED_GATEWAY=maybe", "DISTRIBUTED_GATEWAY=maybe"],
    ["WARM_NODES=base:4", "base=4,mini=0"],
    ["LOG_LEVEL=loud", "LOG_LEVEL=loud"],
    ["BIND_ADDRESS=all", "BIND_ADDRESS=all"],
    ["\nPROXYPORT=1", "PROXYPORT", ":2)", "Did you mean PROXY_PORT?"],
    ["proxy_port=1", "Did you mean PROXY_PORT?"],
    ["CLUSTRE_NET=10.0.0.0/16", "Did you mean CLUSTER_NET?"],
    ["COMPLETELY_ELSE=1", "no setting called COMPLETELY_ELSE", "config docs"],
    ["AUTH_KEY=docklet", "AUTH_KEY=docklet is refused", "join-token"],
    ["BATCH_NET=10.16.0.0/16", "classic docklet", "remove the line"],
    ["NGINX_PORT=1\nNGINX_PORT=2", "set twice", ":1 says NGINX_PORT=1"],
    ['CLUSTER_NAME="lab', "not closed", ":1)"],
    ['CLUSTER_NAME="lab" more', "after the closing"],
    ["CLUSTER_NAME=$(hostname)", "shell syntax", "not executed"],
    ["CLUSTER_NAME=`hostname`", "shell syntax"],
    ['CLUSTER_NAME="$HOME"', "shell syntax"],
    ["rm -rf /", "is not a setting"],
  ];
  test.each(bad)("%j", (text, ...expected) => {
    const e = failure(() => loadConfig({ file: conf(text) }));
    expect(e.code).toBe("invalid");
    for (const piece of expected) expect(whole(e)).toContain(piece);
  });

  test("in the environment", () => {
    const e = failure(() => loadConfig({ file: empty, env: { DOCKLET_PROXY_PROT: "1" } }));
    expect(whole(e)).toContain("env DOCKLET_PROXY_PROT");
    expect(whole(e)).toContain("Did you mean DOCKLET_PROXY_PORT?");
  });

  test("in a flag", () => {
    const e = failure(() => loadConfig({ file: empty, flags: { "proxy-port": "x" } }));
    expect(whole(e)).toContain("flag --proxy-port");
  });

  test("secrets are not repeated", () => {
    for (const text of ["AUTH_KEY=hush-hush", "ROOT_PASSWORD=hush-hush"]) {
      const e = failure(() => loadConfig({ file: conf(text) }));
      expect(whole(e)).not.toContain("hush-hush");
    }
  });

  test("all problems at once", () => {
    const e = failure(() => loadConfig({ file: conf("PROXY_PORT=x\nSTORAGE=tape\nNOPE=1") }));
    expect(e.message).toContain("3 things are wrong");
    expect(e.details?.problems).toHaveLength(3);
  });
});

test("nothing in the file is executed", () => {
  const marker = join(dir, "ran");
  failure(() => loadConfig({ file: conf(`CLUSTER_NAME=$(touch ${marker})`) }));
  expect(loadConfig({ file: conf(`PORTAL_URL='$(touch ${marker})'`) }).config.PORTAL_URL).toBe(`$(touch ${marker})`);
  expect(existsSync(marker)).toBe(false);
});
