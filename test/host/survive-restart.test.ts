import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../src/lib/retry.ts";
import { commandLine } from "../../src/os/procfs.ts";
import { settled } from "../kit/audit.ts";
import { TestDocklet } from "../kit/docklet.ts";
import { became, Counter, create, inside, limitsOf, type Seen, seen, seenNode, sh, sweep } from "../kit/nodes.ts";

/** What restarts, reboots and sudden ends do to nodes: nothing, or what the person is told. */
const MINUTES = 60_000;
let d: TestDocklet;

beforeAll(async () => {
  d = await TestDocklet.start({ images: ["mini"] });
}, MINUTES);
afterAll(() => d.destroy(), MINUTES);

afterEach(() => sweep(d), MINUTES);

/** Names, addresses and links of all nodes, and whether they run. */
const picture = async () =>
  (await d.root.vclusters({ query: {} })).items
    .map((v) => ({
      name: v.name,
      state: v.state,
      subnet: v.subnet,
      nodes: v.nodes.map((n) => [n.id, n.name, n.address, n.slug, n.state]),
    }))
    .sort((a, b) => a.name.localeCompare(b.name));

describe("docklet ends", () => {
  for (const how of ["down", "kill"] as const) {
    test(`by ${how === "down" ? "TERM" : "SIGKILL"}: nodes, their processes and connections go on`, async () => {
      const vc = await create(d, "load", 2);
      const counters = [await Counter.start(d, "load", "host-0"), await Counter.start(d, "load", "host-1")];
      const [a, b] = [await seen(d, "load", "host-0"), await seen(d, "load", "host-1")];
      const address = vc.nodes[1]!.address!;
      sh(b, "setsid sh -c 'sleep 100000 | nc -l -p 5000 > /run/received' >/dev/null 2>&1 </dev/null &");
      await until("the listener", () => sh(b, "netstat -ltn").includes(":5000"), { timeoutMs: 10_000 });
      const send = `i=0; while :; do i=$((i+1)); echo $i; usleep 50000; done | nc ${address} 5000`;
      sh(a, `setsid sh -c '${send}' >/dev/null 2>&1 </dev/null &`);
      const received = () => sh(b, "tail -n 1 /run/received").trim();
      await until("the connection", () => received() !== "", { timeoutMs: 10_000 });

      const exec = d.exec("load", "sh", "-c", "echo begun; exec sleep 600");
      await until("the command", () => sh(a, "pidof sleep || true").split(" ").length > 1, { timeoutMs: 10_000 });
      const before = await picture();
      const code = await (how === "down" ? d.down() : d.kill());
      if (how === "down") expect(code).toBe(0);
      const answer = await exec;
      expect(answer.code).toBe(255);
      expect(answer.stdout).toBe("begun\n");
      expect(answer.stderr).toMatch(/connection|lost|ended|stopp|restart/i);

      const last = received();
      for (const c of counters) await c.goesOn();
      await until("bytes while docklet is away", () => received() !== last, { timeoutMs: 10_000 });
      await d.up();
      await settled(d);
      expect(await picture()).toEqual(before);
      for (const c of counters) await c.goesOn();
      const later = received();
      await until("bytes after it is back", () => received() !== later, { timeoutMs: 10_000 });
      expect((await d.exec("load/host-1", "hostname")).stdout).toBe("host-1\n");
    });
  }

  test("a node that ends while docklet is away is found stopped, with a reason", async () => {
    await create(d, "away", 1);
    const n = await seen(d, "away");
    await d.kill();
    process.kill(n.pid, "SIGKILL");
    await d.up();
    const vc = await until(
      "the news",
      async () => {
        const now = await d.root.vcluster({ params: { name: "away" } });
        // Whether it is started again or shown as stopped, its state is true and its disk kept.
        return (now.state === "stopped" && now.reason !== null) || now.state === "ready" ? now : null;
      },
      { timeoutMs: 30_000 },
    );
    expect(["stopped", "ready"]).toContain(vc.state);
  });
});

test("a second docklet from the same folder is refused, and harms nothing", async () => {
  await create(d, "mine");
  const c = await Counter.start(d, "mine");
  const before = await picture();
  const second = await d.cli("serve", "--config", d.configFile);
  expect(second.code).not.toBe(0);
  expect(second.stderr).toContain("already running");
  expect(readFileSync(join(d.prefix, "local/run/docklet.pid"), "utf8").trim()).toBe(String(d.pid));
  expect(await picture()).toEqual(before);
  await c.goesOn();
  await d.kill();
  // Three at once: one has it, the others say why they don't.
  const ended: Awaited<ReturnType<typeof d.cli>>[] = [];
  const rivals = [1, 2, 3].map(() => d.cli("serve", "--config", d.configFile).then((r) => ended.push(r)));
  await until("the losers", () => ended.length === 2, { timeoutMs: 20_000 });
  for (const loser of ended) {
    expect(loser.code).not.toBe(0);
    expect(loser.stderr).toContain("already running");
  }
  process.kill(Number(readFileSync(join(d.prefix, "local/run/docklet.pid"), "utf8")), "SIGTERM");
  await Promise.all(rivals);
  expect(ended[2]!.code).toBe(0);
  await d.ended();
  await d.up();
  await c.goesOn();
});

test(
  "the host reboots: what ran runs again, what was stopped stays stopped, addresses, links and disks are the same",
  async () => {
    await create(d, "ran", 2);
    await create(d, "slept", 1);
    sh(await seen(d, "ran", "host-1"), "echo precious > /root/file; echo shared > /root/nfs/reboot");
    await d.finish(await d.root.stopVcluster({ params: { name: "slept" } }));
    const before = await picture();
    await d.kill();
    const gone = await d.cli("cleanup", "--all");
    expect(gone.code).toBe(0);
    expect((await d.cli("cleanup", "--dry-run")).stdout).toBe("");

    await d.up();
    await became(d, "ran", "ready");
    await settled(d);
    expect(await picture()).toEqual(before);
    const n = await seen(d, "ran", "host-1");
    expect(sh(n, "cat /root/file /root/nfs/reboot")).toBe("precious\nshared");
    expect(sh(n, "ping -c 1 -W 2 host-0 >/dev/null && echo ok")).toBe("ok");
    await d.finish(await d.root.startVcluster({ params: { name: "slept" } }));
    await became(d, "slept", "ready");
  },
  MINUTES,
);

/** Reboots a node from inside, and waits until the next one of it runs. */
async function reboot(n: Seen): Promise<Seen> {
  inside(n, "reboot", "-f");
  return until(
    "the node to be up again",
    () => {
      const now = seenNode(d, n.node);
      // LXC is done with it when the node's own init runs.
      return now.pid !== n.pid && commandLine(now.pid)?.includes("/sbin/init") ? now : null;
    },
    { timeoutMs: 20_000 },
  );
}

describe("a node by itself", () => {
  test("shut down from inside: shown as stopped with a reason, and it starts again", async () => {
    const vc = await create(d, "off");
    const n = await seen(d, "off");
    sh(n, "echo kept > /root/file");
    inside(n, "poweroff", "-f");
    const stopped = await became(d, "off", "stopped");
    expect(stopped).toMatchObject({ reason: expect.stringContaining("from inside") });
    await settled(d);
    const refused = await d.exec("off", "true");
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain("stopped");
    expect((await d.finish(await d.root.startVcluster({ params: { name: "off" } }))).state).toBe("done");
    expect(sh(await seen(d, "off"), "cat /root/file")).toBe("kept");
    const again = await d.root.vcluster({ params: { name: "off" } });
    expect(again.nodes.map((x) => [x.address, x.slug])).toEqual(vc.nodes.map((x) => [x.address, x.slug]));
  });

  test("its init killed: the same", async () => {
    await create(d, "killed", 2);
    process.kill((await seen(d, "killed", "host-1")).pid, "SIGKILL");
    const vc = await became(d, "killed", "failed");
    expect(vc).toMatchObject({ reason: expect.stringContaining("host-1") });
    await settled(d);
    expect((await d.finish(await d.root.startVcluster({ params: { name: "killed" } }))).state).toBe("done");
    await became(d, "killed", "ready");
    expect(sh(await seen(d, "killed", "host-1"), "ping -c 1 -W 2 host-0 >/dev/null && echo ok")).toBe("ok");
  });

  test(
    "its monitor killed: noticed by the sweep",
    async () => {
      await create(d, "blind");
      const n = await seen(d, "blind");
      const monitor = readdirSync("/proc").find((pid) => {
        if (!/^\d+$/.test(pid)) return false;
        try {
          const argv = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
          return argv[0]!.endsWith("lxc-start") && argv.includes(n.layout.container(n.id));
        } catch {
          return false;
        }
      });
      process.kill(Number(monitor), "SIGKILL");
      await became(d, "blind", "stopped");
      await settled(d);
      expect((await d.finish(await d.root.startVcluster({ params: { name: "blind" } }))).state).toBe("done");
    },
    2 * MINUTES,
  );

  test("rebooted from inside: limits, address, names and data folder are as before", async () => {
    const vc = await create(d, "again", 2);
    const n = await seen(d, "again");
    const before = { limits: limitsOf(n), hosts: sh(n, "cat /etc/hosts"), name: sh(n, "hostname") };
    sh(n, "echo shared > /root/nfs/again; echo kept > /root/file");
    let next = n;
    for (let i = 0; i < 3; i++) next = await reboot(next);
    await until("its network", () => inside(next, "ping", "-c", "1", "-W", "1", "host-1").code === 0, {
      timeoutMs: 20_000,
    });
    await until("its name", () => sh(next, "hostname") === before.name, { timeoutMs: 20_000 });
    expect({ limits: limitsOf(next), hosts: sh(next, "cat /etc/hosts"), name: sh(next, "hostname") }).toEqual(before);
    expect(sh(next, "ip -4 addr show eth0")).toContain(`${vc.nodes[0]!.address}/`);
    expect(sh(next, "cat /root/nfs/again /root/file")).toBe("shared\nkept");
    await became(d, "again", "ready");
  });
});
