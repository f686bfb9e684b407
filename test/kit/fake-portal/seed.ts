import {
  DEFAULT_ON_HOST_LOSS,
  DEFAULT_PLACEMENT,
  type Host,
  type JoinToken,
  type Node,
  type NodeSize,
  type Sample,
  type State,
  type Vcluster,
} from "../../../src/contracts/public/index.ts";
import { randomName, shortId } from "../../../src/lib/ids.ts";
import { hourOfHost, makeHost } from "./hosts.ts";
import { World } from "./world.ts";

const GIB = 1024;
const HOUR = 3_600_000;
const SIZE: NodeSize = { cpu: 1, memory: GIB, disk: 10 * GIB };

export function makeNode(i: number, state: State, size: NodeSize = SIZE): Node {
  const up = state === "ready";
  return {
    id: shortId(),
    name: `host-${i}`,
    slug: randomName(14),
    state,
    reason: null,
    host: "quay-1",
    address: `172.16.3.${i + 2}`,
    size,
    warm: true,
    why: "a warm node waits",
    bootedAt: up ? Date.now() - 42 * 60_000 : null,
  };
}

export function vcluster(
  name: string,
  owner: string,
  state: State,
  nodes: Node[],
  reason: string | null = null,
  image = "base",
): Vcluster {
  return {
    id: shortId(),
    name,
    owner,
    image,
    state,
    reason,
    desired: state === "stopped" ? "stopped" : "running",
    subnet: "172.16.3.0/26",
    nodes,
    operation: null,
    placement: DEFAULT_PLACEMENT,
    onHostLoss: DEFAULT_ON_HOST_LOSS,
    createdAt: Date.now() - 26 * HOUR,
  };
}

/** An hour of a node that does something: smooth enough to look at, the same on every run. */
export function hourOf(node: Node, seed: number): Sample[] {
  const end = Date.now();
  return Array.from({ length: 360 }, (_, i) => sampleOf(node, end - (359 - i) * 10_000, i / 12 + seed * 7));
}

export function sampleOf(node: Node, at: number, phase: number): Sample {
  const wave = (f: number) => 0.5 + 0.5 * Math.sin(phase * f) * Math.cos(phase * f * 0.37);
  const mib = 1024 * 1024;
  return {
    at,
    cpu: node.size.cpu * (0.08 + 0.7 * wave(0.9) ** 2),
    memory: node.size.memory * mib * (0.35 + 0.25 * wave(0.2)),
    disk: node.size.disk * mib * (0.22 + phase / 900),
    rx: 900_000 * wave(1.3) ** 3,
    tx: 240_000 * wave(1.7) ** 3,
    pids: 41,
  };
}

export function seededWorld(): World {
  const w = new World();
  const now = Date.now();
  const quota = { cpu: 16, memory: 32 * GIB, disk: 200 * GIB, nodes: 16, vclusters: 6, home: 20 * GIB };
  w.groups = [
    { name: "admins", quota: { ...quota, cpu: 32, nodes: 64 }, members: 1, createdAt: now - 900 * HOUR },
    { name: "research", quota, members: 3, createdAt: now - 900 * HOUR },
    {
      name: "students",
      quota: { ...quota, cpu: 4, memory: 8 * GIB, nodes: 4, vclusters: 2 },
      members: 0,
      createdAt: now - 300 * HOUR,
    },
  ];
  const person = (name: string, fullName: string, over: Partial<(typeof w.users)[number]> = {}) => ({
    name,
    fullName,
    role: "user" as const,
    group: "research",
    disabled: false,
    mustChangePassword: false,
    createdAt: now - 800 * HOUR,
    lastLoginAt: now - 3 * HOUR,
    password: "correct horse battery",
    ...over,
  });
  w.users = [
    person("root", "Administrator", { role: "admin", group: "admins" }),
    person("ann", "Ann Lindqvist"),
    person("newcomer", "Noor Haddad", { mustChangePassword: true, lastLoginAt: null }),
    person("empty", "Emil Park", { lastLoginAt: null }),
    person("gone", "Greta Olsen", { disabled: true, lastLoginAt: now - 2000 * HOUR }),
  ];
  const big = { cpu: 2, memory: 4 * GIB, disk: 20 * GIB };
  w.vclusters = [
    vcluster(
      "genomics",
      "root",
      "ready",
      [0, 1, 2, 3].map((i) => makeNode(i, "ready", big)),
    ),
    vcluster("notebook", "root", "ready", [makeNode(0, "ready")]),
    vcluster("archive", "root", "stopped", [makeNode(0, "stopped"), makeNode(1, "stopped")]),
    vcluster(
      "render",
      "root",
      "failed",
      [makeNode(0, "failed")],
      "The disk of host-0 is full: 10 GiB of 10 GiB are used. Scale it or free some space, then try again.",
    ),
    vcluster("thesis", "ann", "ready", [makeNode(0, "ready"), makeNode(1, "ready")]),
  ];
  w.vclusters.forEach((v, a) => {
    for (const [b, n] of v.nodes.entries()) if (n.state === "ready") w.samples.set(n.id, hourOf(n, a + b * 3));
  });
  w.images = [
    image(
      "base",
      "Debian 12 with systemd, ssh, Jupyter, scipy, pandas, matplotlib and build tools.",
      "ready",
      1_420_000_000,
      { want: 4, have: 3 },
    ),
    {
      ...image("mini", "A small system for tests: an init, ssh and a shell.", "ready", 96_000_000, {
        want: 2,
        have: 2,
      }),
      ready: "ssh",
    },
    {
      ...image(
        "full",
        "Everything of base, and R, MPI, Java, Scala, Ruby, PHP, node.js and TeX Live.",
        "absent",
        null,
        { want: 0, have: 0 },
      ),
      parent: "base",
    },
    {
      ...image("cuda-lab", "base with the course's own packages.", "failed", null, { want: 0, have: 0 }),
      parent: "base",
      builtin: false,
      reason: "Package python3-torch was not found in the sources of this host. Correct the recipe and build again.",
    },
  ];
  w.hosts = seedHosts(now);
  w.hosts.forEach((h, i) => void w.hostSamples.set(h.name, hourOfHost(h, i)));
  const [genomics, , archive, , thesis] = w.vclusters;
  for (const n of [genomics!.nodes[1]!, genomics!.nodes[3]!]) n.host = "quay-2";
  for (const n of [archive!.nodes[1]!, thesis!.nodes[1]!]) n.host = "quay-3";
  thesis!.reason = thesis!.nodes[1]!.reason = LOST;
  w.joinTokens = [
    joinToken("quayjoins2", "valid", now, { uses: 10, hosts: ["quay-2", "quay-3"], expiresAt: now + 20 * HOUR }),
    joinToken("oldtoken01", "expired", now - 300 * HOUR, { expiresAt: now - 276 * HOUR }),
  ];
  w.config = [
    {
      key: "FS_PREFIX",
      value: "/opt/docklet",
      origin: "default",
      doc: "Where docklet keeps everything.",
      default: "/opt/docklet",
      secret: false,
    },
    {
      key: "CLUSTER_NET",
      value: "172.16.0.0/12",
      origin: "file /etc/docklet/docklet.conf",
      doc: "Network that the private networks of vclusters are cut from.",
      default: "172.16.0.0/12",
      secret: false,
    },
    {
      key: "PROXY_PORT",
      value: "8000",
      origin: "env DOCKLET_PROXY_PORT",
      doc: "Port of workspaces.",
      default: "8000",
      secret: false,
    },
    {
      key: "AUTH_KEY",
      value: "set",
      origin: "file /etc/docklet/docklet.conf",
      doc: "Shared secret of the hosts of a data centre.",
      default: "",
      secret: true,
    },
  ];
  w.tokens = [
    {
      id: "tok_1",
      user: "root",
      name: "nightly backup",
      scopes: ["read"],
      createdAt: now - 200 * HOUR,
      expiresAt: now + 1800 * HOUR,
      lastUsedAt: now - 7 * HOUR,
    },
  ];
  w.keys = [
    {
      id: "key_1",
      user: "root",
      name: "root@laptop",
      fingerprint: "SHA256:Zk2mU0dqVtPp7uKXv3bZ0yqkJwYH1M9cUj8m3nQe5aE",
      type: "ssh-ed25519",
      createdAt: now - 500 * HOUR,
    },
  ];
  w.sessions = [
    {
      id: "ses_old",
      user: "root",
      csrf: "x",
      createdAt: now - 50 * HOUR,
      lastSeenAt: now - 20 * HOUR,
      expiresAt: now + 100 * HOUR,
      address: "198.51.100.7",
      agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
      current: false,
    },
  ];
  for (let i = 60; i > 0; i--) {
    const vc = w.vclusters[i % 4]!;
    const failed = i % 13 === 0;
    w.event(
      "root",
      ["vcluster.create", "vcluster.stop", "vcluster.start", "vcluster.scale"][i % 4]!,
      vc.name,
      "root",
      failed ? "failed" : "ok",
      failed ? "No host has 40 GiB of memory free; the most is 31 GiB on quay-1." : "",
      now - i * 23 * 60_000,
    );
  }
  w.event("root", "user.login", "root", "root", "denied", "Wrong password.", now - 60_000);
  return w;
}

const LOST =
  "host quay-3 is unreachable since 2026-03-02 14:02 UTC. The nodes there go on, as far as anybody knows, and wait for it.";

function seedHosts(now: number): Host[] {
  return [
    makeHost("quay-1", { labels: { disk: "fast", room: "b12" } }),
    makeHost("quay-2", {
      address: "192.0.2.11",
      capacity: { cpu: 64, memory: 256 * GIB, disk: 1800 * GIB },
      labels: { gpu: "a100", room: "b12" },
      gpus: [
        { name: "NVIDIA A100-SXM4-40GB", memory: 40 * GIB },
        { name: "NVIDIA A100-SXM4-40GB", memory: 40 * GIB },
      ],
      warm: 2,
    }),
    makeHost("quay-3", {
      address: "192.0.2.12",
      state: "unreachable",
      reason: "has not answered since 14:02; its connection was cut",
      images: ["base"],
      warm: 0,
      bootedAt: now - 40 * HOUR,
    }),
  ];
}

export function joinToken(
  id: string,
  state: JoinToken["state"],
  createdAt: number,
  over: Partial<JoinToken> = {},
): JoinToken {
  return {
    id,
    role: "worker",
    state,
    uses: 1,
    hosts: [],
    createdBy: "root",
    createdAt,
    expiresAt: createdAt + 24 * HOUR,
    ...over,
  };
}

function image(
  name: string,
  description: string,
  state: World["images"][number]["state"],
  size: number | null,
  warm: { want: number; have: number },
): World["images"][number] {
  return {
    name,
    description,
    parent: null,
    state,
    reason: null,
    builtin: true,
    ready: "jupyter",
    size,
    warm,
    operation: null,
    builtAt: state === "ready" ? Date.now() - 90 * HOUR : null,
  };
}
