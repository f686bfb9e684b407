import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { output, run } from "../../src/os/exec.ts";
import { links } from "../../src/os/ip.ts";
import { Layout } from "../../src/worker/layout.ts";
import { Attachments } from "../../src/worker/network/attachment.ts";
import { Bridges, gatewayMac } from "../../src/worker/network/bridges.ts";
import {
  allowedPorts,
  allowPort,
  firewallLeftovers,
  forgetPort,
  installFirewall,
  removeFirewall,
  updateSets,
} from "../../src/worker/network/firewall.ts";
import { Networks } from "../../src/worker/network/networks.ts";
import { Tunnels } from "../../src/worker/network/tunnels.ts";
import { orderOf } from "../kit/worker-parts.ts";

/** Needs root. Rules and links of an installation that is none, by a tag that no other test has. */
const TAG = "zq";
const OTHER = "zr";
const facts = (deny = ["127.0.0.0/8"]) => ({ tag: TAG, clusterNet: "10.213.0.0/24", deny, dns: ["192.0.2.53"] });
const dir = mkdtempSync(join(tmpdir(), "docklet-network-"));
const layout = new Layout(dir, TAG);
const order = orderOf(["running"], {
  id: "vcluzq",
  network: { subnet: "10.213.0.0/26", gateway: "10.213.0.1", vni: 9, mtu: 1450, members: [], gatewayHost: null },
});
const spec = { ...order.nodes[0]!, address: "10.213.0.2" };
const ID = "instzq";
const PORT = { veth: layout.veth(ID), mac: spec.mac, address: spec.address };
const rules = async (what: string) => (await output(["iptables-save"])).split("\n").filter((l) => l.includes(what));
const ours = async () => (await links()).filter((l) => l.ifname.startsWith(`dk${TAG}`)).map((l) => l.ifname);

/** A process in a network of its own, with eth0, whose other end is the host's veth of an instance: all that a node is here. */
let node: Bun.Subprocess<"pipe", "pipe">;
async function plugIn(id: string): Promise<void> {
  await run(["ip", "link", "add", layout.veth(id), "type", "veth", "peer", "name", "eth0", "netns", String(node.pid)]);
}

beforeAll(async () => {
  node = Bun.spawn(["unshare", "--net", "sh", "-c", "echo up; exec cat"], { stdin: "pipe", stdout: "pipe" });
  await node.stdout.getReader().read();
  mkdirSync(layout.run(ID), { recursive: true });
});
afterAll(async () => {
  node.kill("SIGKILL");
  await node.exited;
  rmSync(dir, { recursive: true });
});
beforeEach(() => installFirewall(facts()));
afterEach(async () => {
  for (const name of await ours()) await run(["ip", "link", "del", name], { ok: [0, 1] });
  await removeFirewall(TAG);
  await removeFirewall(OTHER);
});

describe("the firewall", () => {
  test("installed twice is installed once, each chain by one jump that comes first", async () => {
    const before = await rules(`DOCKLET-${TAG}-`);
    await installFirewall(facts());
    expect((await rules(`DOCKLET-${TAG}-`)).map((l) => l.replace(/\[.*\]/, ""))).toEqual(
      before.map((l) => l.replace(/\[.*\]/, "")),
    );
    for (const [table, chain, what] of [
      ["filter", "INPUT", "IN"],
      ["filter", "FORWARD", "FWD"],
      ["nat", "POSTROUTING", "NAT"],
    ] as const) {
      const all = (await output(["iptables", "-t", table, "-S", chain])).split("\n").filter((l) => l.startsWith("-A"));
      expect(all.filter((l) => l.includes(`DOCKLET-${TAG}-${what}`))).toHaveLength(1);
      expect(all[0]).toContain(`-j DOCKLET-${TAG}-${what}`);
    }
  });

  test("is wholly gone after it was removed; another installation's stays, and the host's rules are as before", async () => {
    const strip = (text: string) => text.replace(/^#.*$|\[\d+:\d+\]/gm, "");
    await removeFirewall(TAG);
    const host = strip(await output(["iptables-save"]));
    await installFirewall({ ...facts(), tag: OTHER });
    await installFirewall(facts());
    await removeFirewall(TAG);
    expect(await firewallLeftovers(TAG)).toEqual([]);
    expect(await output(["ipset", "list", "-n"])).not.toContain(`docklet-${TAG}-`);
    expect(await output(["nft", "list", "tables"])).not.toContain(`docklet_${TAG}`);
    expect((await firewallLeftovers(OTHER)).length).toBeGreaterThan(0);
    await removeFirewall(TAG);
    await removeFirewall(OTHER);
    expect(strip(await output(["iptables-save"]))).toBe(host);
  });

  test("new sets take the place of the old ones", async () => {
    await updateSets(facts(["10.1.0.0/16", "10.2.0.0/16"]));
    const members = (await output(["ipset", "list", `docklet-${TAG}-deny`])).split("Members:\n")[1]!.trim().split("\n");
    expect(members.sort()).toEqual(["10.1.0.0/16", "10.2.0.0/16"]);
    expect(await output(["ipset", "list", "-n"])).not.toContain("-next");
  });

  test("ports are let in once, survive a new installation of the rules, and are forgotten once", async () => {
    await allowPort(TAG, PORT);
    await allowPort(TAG, PORT);
    await installFirewall(facts());
    expect(await allowedPorts(TAG)).toEqual([PORT]);
    await forgetPort(TAG, PORT);
    await forgetPort(TAG, PORT);
    expect(await allowedPorts(TAG)).toEqual([]);
  });
});

describe("bridges", () => {
  const net = { vcluster: order.id, subnet: "10.213.0.0/26", gateway: "10.213.0.1", mtu: 1450, elsewhere: false };
  const br = layout.bridge(order.id);

  test("made with the gateway's address and MAC, no IPv6, no answers for other addresses; removed whole", async () => {
    const bridges = new Bridges(layout);
    await bridges.join(net, []);
    await bridges.join(net, []);
    const text = await output(["ip", "addr", "show", "dev", br]);
    expect(text).toContain("inet 10.213.0.1/26");
    expect(text).toContain(`link/ether ${gatewayMac("10.213.0.1")}`);
    expect(text).not.toContain("inet6");
    expect(readFileSync(`/proc/sys/net/ipv4/conf/${br}/arp_ignore`, "utf8").trim()).toBe("1");
    await bridges.remove(order.id);
    await bridges.remove(order.id);
    expect(await ours()).toEqual([]);
  });

  test("one that failed half-way is no obstacle for the next", async () => {
    const bridges = new Bridges(layout);
    const failed = bridges.join(net, ["link set dkzqnnobody up"]);
    expect(await failed.catch((e) => e.code)).toBe("host_command");
    expect(await ours()).toEqual([]);
    await bridges.join(net, []);
    expect(await ours()).toEqual([br]);
  });

  test("a failure while it is in use takes nothing away", async () => {
    const bridges = new Bridges(layout);
    await bridges.join(net, []);
    expect(await bridges.join(net, ["link set dkzqnnobody up"]).catch((e) => e.code)).toBe("host_command");
    const wider = { ...net, subnet: "10.213.0.0/25" };
    expect(await bridges.join(wider, ["link set dkzqnnobody up"]).catch((e) => e.code)).toBe("host_command");
    expect(await ours()).toEqual([br]);
  });

  test("bridges of an earlier life are found, and used as they are", async () => {
    await new Bridges(layout).join(net, []);
    const again = new Bridges(layout);
    expect(await again.load()).toEqual([order.id]);
    await again.join(net, []);
    expect(await ours()).toEqual([br]);
  });
});

describe("attachments", () => {
  const networks = () =>
    new Networks(
      { bridges: new Bridges(layout), tunnels: new Tunnels(layout, "192.0.2.1"), order: () => order },
      "192.0.2.1",
    );

  test("a node is plugged in, reaches its gateway and nothing of another address gets out", async () => {
    await plugIn(ID);
    const attachments = new Attachments(layout, networks());
    await attachments.plug(ID, node.pid, spec, order);
    expect(await allowedPorts(TAG)).toEqual([PORT]);
    expect(existsSync(join(layout.run(ID), "net.host"))).toBe(true);
    const inside = (...argv: string[]) =>
      run(["nsenter", `--net=/proc/${node.pid}/ns/net`, ...argv], { ok: [0, 1, 2] }).then((r) => r.code);
    expect(await inside("ping", "-c", "1", "-W", "2", "10.213.0.1")).toBe(0);
    await inside("ip", "addr", "add", "10.213.0.9/26", "dev", "eth0");
    expect(await inside("ping", "-c", "1", "-W", "1", "-I", "10.213.0.9", "10.213.0.1")).toBe(1);
    await inside("ip", "addr", "del", "10.213.0.9/26", "dev", "eth0");
    await attachments.forget(ID);
    expect(await allowedPorts(TAG)).toEqual([]);
    await run(["ip", "link", "del", layout.veth(ID)]);
  });

  test("one that could not be plugged in leaves no port open", async () => {
    const attachments = new Attachments(layout, networks());
    expect(await attachments.plug(ID, node.pid, spec, order).catch((e) => e.code)).toBe("host_command");
    await attachments.forget(ID);
    expect(await allowedPorts(TAG)).toEqual([]);
  });

  test("after a restart ports of nodes that are gone are closed, those of others stay and are known", async () => {
    const gone = { veth: layout.veth("gonezq"), mac: "02:00:00:00:00:09", address: "10.213.0.9" };
    await allowPort(TAG, PORT);
    await allowPort(TAG, gone);
    const attachments = new Attachments(layout, networks());
    await attachments.load([ID]);
    expect(await allowedPorts(TAG)).toEqual([PORT]);
    await attachments.forget(ID);
    expect(await allowedPorts(TAG)).toEqual([]);
  });
});
