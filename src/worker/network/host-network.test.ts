import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attachedNets, deniedNets, lookAtHostNetwork, nameServers } from "./host-network.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "docklet-resolv-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

function servers(wanted: string[], ...texts: (string | null)[]): string[] {
  const files = texts.map((text, n) => {
    const file = join(dir, `resolv${n}.conf`);
    rmSync(file, { force: true });
    if (text !== null) writeFileSync(file, text);
    return file;
  });
  return nameServers(wanted, files);
}

describe("name servers", () => {
  test("a stub on loopback is looked through", () => {
    expect(servers(["auto"], "nameserver 127.0.0.53\n", "nameserver 192.0.2.53\n")).toEqual(["192.0.2.53"]);
    expect(servers(["auto"], null, "nameserver 127.0.0.53\nnameserver 192.0.2.1\n")).toEqual(["192.0.2.1"]);
    expect(servers(["auto"], "nameserver 127.0.0.1\n", null)).toEqual([]);
  });

  test("only addresses that a node could ask", () => {
    const text = [
      "# nameserver 192.0.2.9",
      "; nameserver 192.0.2.8",
      "search example.org",
      "\tnameserver\t192.0.2.1 # the first",
      "nameserver fe80::1%eth0",
      "nameserver 999.1.1.1",
      "nameserver 0.0.0.0",
      "nameserver",
      "nameserver 192.0.2.2",
    ].join("\n");
    expect(servers(["auto"], text)).toEqual(["192.0.2.1", "192.0.2.2"]);
  });

  test("own ones and the host's together, each once, no more than a resolver asks", () => {
    const host = "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n";
    expect(servers(["198.51.100.1", "auto"], host)).toEqual(["198.51.100.1", "192.0.2.1", "192.0.2.2"]);
    expect(servers(["192.0.2.2", "auto"], host)).toEqual(["192.0.2.2", "192.0.2.1", "192.0.2.3"]);
    expect(servers(["198.51.100.1"], host)).toEqual(["198.51.100.1"]);
  });
});

describe("denied networks", () => {
  const table = [
    { dst: "default", dev: "eth0", gateway: "10.1.0.1" },
    { dst: "10.1.0.0/16", dev: "eth0" },
    { dst: "10.9.0.1", dev: "tun0" },
    { dst: "192.168.7.0/24", dev: "eth1", gateway: "10.1.0.2" },
    { dst: "172.16.3.0/26", dev: "dkabbvclusa" },
  ];

  test("attached ones: without a router, without CLUSTER_NET's own, peers of tunnels included", () => {
    expect(attachedNets(table, "172.16.0.0/12")).toEqual(["10.1.0.0/16", "10.9.0.1/32"]);
  });

  test("the local ones of every host and all of CLUSTER_NET are always among them", () => {
    const net = { clusterNet: "172.16.0.0/12" };
    for (const deny of [[], ["auto"], ["10.2.0.0/16", "auto"]]) {
      const denied = deniedNets({ ...net, deny }, table);
      for (const always of ["127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "172.16.0.0/12"])
        expect(denied).toContain(always);
      expect(denied.includes("10.1.0.0/16")).toBe(deny.includes("auto"));
      expect(denied.includes("10.2.0.0/16")).toBe(deny.includes("10.2.0.0/16"));
      expect(new Set(denied).size).toBe(denied.length);
    }
  });
});

test("a device that is not there is an error that names those that are", async () => {
  const looking = lookAtHostNetwork({ device: "nosuch0", clusterNet: "172.16.0.0/12", deny: [], dns: [] });
  expect(await looking.catch((e) => e)).toMatchObject({
    code: "invalid",
    message: expect.stringContaining("nosuch0"),
    hint: expect.stringContaining("lo"),
  });
});
