import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Operation, Vcluster } from "../../src/contracts/public/index.ts";
import { until } from "../../src/lib/retry.ts";
import { Visit } from "../e2e/workspace-visit.ts";
import { basePool } from "../kit/base-pool.ts";
import { LabCluster } from "../kit/lab-cluster.ts";
import { layPool } from "../kit/mini-pool.ts";
import { SETUP_MS, TEST_MS } from "./stage.ts";

/** Nodes that move between three machines while somebody uses them. */
let cloud: LabCluster;
let vc: Vcluster;
const SIZE = { cpu: 1, memory: 384, disk: 1024 };
const WAIT = { timeoutMs: 90_000, firstMs: 10, maxMs: 200 };
const PORT = 8080;

/** Appends a number to a file ten times a second, and serves the folder that it is in; comes up with the node. */
const SERVICES = `
mkdir -p /srv/web && cat >/etc/systemd/system/count.service <<'END'
[Service]
ExecStart=/bin/sh -c 'n=$(tail -n 1 /srv/web/count 2>/dev/null || echo 0); while :; do n=$((n+1)); echo $n >>/srv/web/count; sleep 0.1; done'
[Install]
WantedBy=multi-user.target
END
cat >/etc/systemd/system/web.service <<'END'
[Service]
ExecStart=/usr/bin/python3 -m http.server ${PORT} --directory /srv/web
[Install]
WantedBy=multi-user.target
END
systemctl enable -q --now count web
dd if=/dev/urandom of=/srv/web/big bs=1M count=48 status=none
mkdir -p /srv/tree/a/b && ln -s ../a /srv/tree/link && chown -R 1234:4321 /srv/tree/a && chmod 2750 /srv/tree/a && setfattr -n user.x -v y /srv/tree/a 2>/dev/null
true`;
/** What a file system is made of, in one line. */
const FINGERPRINT =
  "cd /srv && (find tree -printf '%p %m %U %G %y %l %T@\\n' | sort; sha256sum web/big; cat /etc/ssh/ssh_host_*_key.pub /etc/machine-id) | sha256sum";

beforeAll(async () => {
  const pool = await basePool();
  const settings = { CLUSTER_NET: "10.204.0.0/16", CPU_OVERCOMMIT: 20, MEMORY_RESERVE: 0 };
  cloud = await LabCluster.up(["one", "two", "three"], settings, (prefix) => layPool(pool, prefix));
  await cloud.lab.letIn();
  await only("two", true);
  vc = await cloud.create({ name: "lab", image: "base", nodes: 2, size: SIZE });
  await only("two", false);
  await cloud.shell("lab/host-0", SERVICES);
}, SETUP_MS);
afterAll(() => cloud?.down(), SETUP_MS);

const api = () => cloud.first.root;

/** Nothing new is placed anywhere but there. */
async function only(host: string, cordoned: boolean): Promise<void> {
  for (const h of cloud.lab.hosts.filter((x) => x.name !== host))
    await api().patchHost({ params: { name: h.name }, body: { cordoned } });
}

const places = async () => {
  vc = await api().vcluster({ params: { name: "lab" } });
  return vc.nodes.map((n) => n.host);
};
const move = (to: string, nodes?: string[]) =>
  api().moveVcluster({ params: { name: "lab" }, body: { to, ...(nodes ? { nodes } : {}) } });
const state = async (op: Operation) => (await api().operation({ params: { id: op.id } })).state;
const ended = (op: Operation) =>
  until(
    "the operation to end",
    async () => ((await api().operation({ params: { id: op.id } })).endedAt ? true : null),
    WAIT,
  );
/** Every number once, in order: nothing that was written is lost, and nobody else wrote. */
async function counted(): Promise<number> {
  const numbers = (await cloud.shell("lab/host-0", "cat /srv/web/count")).split("\n").map(Number);
  expect(numbers).toEqual(numbers.map((_, i) => i + 1));
  return numbers.length;
}

test(
  "a node that writes and serves moves: its disk, keys and address are the same, and the others reach it",
  async () => {
    const two = cloud.lab.host("two");
    const disks = async () => (await two.run("ls", `${two.prefix}/local/pool/nodes`)).trim().split("\n");
    const there = await disks();
    const before = await cloud.shell("lab/host-0", FINGERPRINT);
    const slug = vc.nodes[0]!.slug;
    const count = await counted();
    expect((await cloud.shell("lab/host-1", "ssh -o BatchMode=yes host-0 hostname")).trim()).toBe("host-0");
    await cloud.done(await move("three", ["host-0"]));
    expect(await places()).toEqual(["three", "two"]);
    expect(vc.nodes[0]!.slug).toBe(slug);
    expect(await cloud.shell("lab/host-0", FINGERPRINT)).toBe(before);
    expect(await counted()).toBeGreaterThan(count);
    expect((await cloud.shell("lab/host-1", "ssh -o BatchMode=yes host-0 hostname")).trim()).toBe("host-0");
    expect((await cloud.shell("lab/host-0", "ssh -o BatchMode=yes host-1 hostname")).trim()).toBe("host-1");
    // Nothing of it is left on the host that it came from; what is new there was booted for whoever comes next.
    const after = new Set(await disks());
    expect(there.filter((d) => !after.has(d))).toHaveLength(1);
  },
  TEST_MS,
);

test(
  "a host is drained while somebody reads from a node over the gateway",
  async () => {
    const { url } = await api().openVcluster({ params: { name: "lab" }, body: { port: PORT } });
    const visit = await Visit.by(url);
    const read = async () => {
      const r = await visit.fetch(`/port/${PORT}/count`, { signal: AbortSignal.timeout(2_000) }).catch(() => null);
      const text = r?.ok ? await r.text().catch(() => "") : "";
      return text.startsWith("1\n");
    };
    expect(await read()).toBe(true);
    let reading = true;
    let last = performance.now();
    let longest = 0;
    const client = (async () => {
      while (reading) {
        if (await read()) {
          longest = Math.max(longest, performance.now() - last);
          last = performance.now();
        }
        await Bun.sleep(20);
      }
    })();
    const op = await api().drainHost({ params: { name: "three" }, body: {} });
    const seen = new Set<string>();
    while ((await state(op)) === "running") {
      for (const h of (await api().hosts()).items) if (h.name === "three") seen.add(h.state);
      await Bun.sleep(50);
    }
    await cloud.done(op);
    expect(await read()).toBe(true);
    reading = false;
    await client;
    console.log(`drain: the longest gap for an HTTP client was ${(longest / 1000).toFixed(2)} s`);
    expect(seen).toContain("draining");
    const three = (await api().hosts()).items.find((h) => h.name === "three")!;
    expect([three.state, three.nodes]).toEqual(["cordoned", 0]);
    expect((await places())[0]).not.toBe("three");
    await counted();
    const down = (await api().events({ query: { object: "lab", limit: 20 } })).items.find((e) =>
      /down for/.test(e.message),
    );
    console.log(down?.message);
    await api().patchHost({ params: { name: "three" }, body: { cordoned: false } });
  },
  TEST_MS,
);

test(
  "the worker or the master is killed in the middle: it goes on, or it stays, and never runs twice",
  async () => {
    for (const victim of ["source", "target", "master"] as const) {
      const [from] = await places();
      const to = from === "two" ? "three" : "two";
      const d = victim === "master" ? cloud.first : cloud.of(victim === "source" ? from! : to);
      const op = await move(to, ["host-0"]);
      await until(
        "it to be copied",
        async () => {
          const steps = (await api().operation({ params: { id: op.id } })).steps;
          return steps.some((s) => s.name === "copy" && (s.progress ?? 0) > 0);
        },
        WAIT,
      );
      await d.crash();
      if (d === cloud.first) {
        d.serve();
        await d.ready();
        for (const other of cloud.docklets.slice(1)) await cloud.first.sees(other.host.name);
      } else d.serve("--role=worker", "--master-ip", cloud.first.host.address);
      await ended(op);
      const how = await state(op);
      expect(await places()).toEqual([how === "done" ? to : from!, "two"]);
      await until("ready", async () => (await api().vcluster({ params: { name: "lab" } })).state === "ready", WAIT);
      await counted();
      console.log(`${victim} killed: ${how}`);
    }
  },
  2 * TEST_MS,
);

test(
  "cancelled on the way, from the command line: it goes on where it was",
  async () => {
    const [from] = await places();
    const to = from === "one" ? "two" : "one";
    const begun = await cloud.first.cli("vcluster", "move", "lab", "host-0", "--to", to, "--detach", "--json");
    const op = JSON.parse(begun.stdout) as Operation;
    expect([op.kind, op.object]).toEqual(["vcluster.move", "lab"]);
    await api().cancelOperation({ params: { id: op.id } });
    await ended(op);
    expect([await state(op), (await places())[0]]).toEqual(["cancelled", from!]);
    await counted();
    const moved = await cloud.first.cli("vcluster", "move", "lab", "host-0", "--to", to);
    expect([moved.code, moved.stderr]).toEqual([0, expect.stringContaining(`host-0 of lab moved to ${to}.`)]);
    await counted();
    const no = await cloud.first.cli("vcluster", "move", "lab", "--to", "nowhere");
    expect([no.code, no.stderr]).toEqual([1, expect.stringContaining("There is no host named nowhere")]);
  },
  TEST_MS,
);
