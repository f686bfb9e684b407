import type { Host, Node, Operation, Vcluster } from "../../../src/contracts/public/index.ts";
import { DockletError } from "../../../src/lib/errors.ts";
import { plural } from "../../../src/portal/format/amounts.ts";
import { play, tellVcluster } from "./operations.ts";
import type { World } from "./world.ts";

const GIB = 1024;
const HOUR = 3_600_000;
const SAMPLES_KEPT = 360;

export interface HostSample {
  at: number;
  cpu: number;
  memory: number;
  disk: number;
}

export function makeHost(name: string, over: Partial<Host> = {}): Host {
  return {
    name,
    state: "ready",
    reason: null,
    address: "192.0.2.10",
    capacity: { cpu: 32, memory: 128 * GIB, disk: 900 * GIB },
    reserved: { cpu: 0, memory: 0, disk: 0 },
    used: { cpu: 3.4, memory: 17 * GIB, disk: 71 * GIB },
    nodes: 0,
    warm: 5,
    kernel: "6.1.0-28-amd64",
    lxc: "5.0.2",
    version: "0.5.0",
    bootedAt: Date.now() - 220 * HOUR,
    labels: {},
    images: ["base", "mini"],
    gpus: [],
    homes: "local",
    operation: null,
    ...over,
  };
}

/** An hour of a machine that does something: smooth enough to look at, the same on every run. */
export function hourOfHost(host: Host, seed: number): HostSample[] {
  const end = Date.now();
  return Array.from({ length: SAMPLES_KEPT }, (_, i) => hostSample(host, end - (SAMPLES_KEPT - 1 - i) * 10_000, seed));
}

function hostSample(host: Host, at: number, seed: number): HostSample {
  const phase = ((at / 120_000) % 600) + seed * 5;
  const wave = (f: number) => 0.5 + 0.5 * Math.sin(phase * f) * Math.cos(phase * f * 0.37);
  const { cpu, memory, disk } = host.capacity;
  return {
    at,
    cpu: cpu * (0.05 + 0.4 * wave(0.7) ** 2),
    memory: memory * (0.2 + 0.15 * wave(0.2)),
    disk: disk * (0.12 + phase / 8000),
  };
}

/** What a host is now, with what is placed on it counted from the nodes that live. */
export function hostView(w: World, host: Host): Host {
  const nodes = placed(w, host.name).map((p) => p.n);
  const sum = (pick: (n: Node) => number) => nodes.reduce((total, n) => total + pick(n), 0);
  return {
    ...host,
    nodes: nodes.length,
    reserved: { cpu: sum((n) => n.size.cpu), memory: sum((n) => n.size.memory), disk: sum((n) => n.size.disk) },
  };
}

export function tellHost(w: World, host: Host): void {
  w.emit({ type: "host", data: structuredClone(hostView(w, host)) }, null);
}

export function placed(w: World, host: string): { v: Vcluster; n: Node }[] {
  return w.vclusters.flatMap((v) => v.nodes.filter((n) => n.host === host).map((n) => ({ v, n })));
}

/** One turn of measuring, as each host reports it. */
export function measureHosts(w: World, at: number): void {
  for (const [i, host] of w.hosts.entries()) {
    if (host.state === "unreachable" || host.state === "joining") continue;
    const sample = hostSample(host, at, i);
    const { cpu, memory, disk } = sample;
    host.used = { cpu, memory, disk };
    w.hostSamples.set(host.name, [...(w.hostSamples.get(host.name) ?? []).slice(1 - SAMPLES_KEPT), sample]);
    tellHost(w, host);
  }
}

export function drain(w: World, by: string, host: Host, to: string | undefined): Operation {
  if (host.operation) throw new DockletError("conflict", `${host.name} is being drained already.`, "Wait for it.");
  const leaving = placed(w, host.name);
  const target = targetOf(w, [host.name], to);
  const rest = () => {
    Object.assign(host, { state: "cordoned", reason: "was cordoned", operation: null });
    tellHost(w, host);
  };
  const op = play(w, {
    kind: "host.drain",
    owner: by,
    object: host.name,
    steps: leaving.length
      ? leaving.map(({ v, n }, i) => ({
          name: `Move ${v.owner}/${v.name}/${n.name}`,
          enter: () => {
            const before = leaving[i - 1];
            if (before) arrive(w, before, target);
          },
        }))
      : [{ name: "Nothing to move" }],
    cancel: rest,
    done: () => {
      const last = leaving.at(-1);
      if (last) arrive(w, last, target);
      rest();
    },
  });
  Object.assign(host, { state: "draining", reason: "is being drained", operation: op.id });
  tellHost(w, host);
  return op;
}

export function move(w: World, vc: Vcluster, ask: { nodes?: string[]; to?: string }): Operation {
  const nodes = vc.nodes.filter((n) => !ask.nodes || ask.nodes.includes(n.name));
  const target = targetOf(w, ask.to ? [] : nodes.map((n) => n.host ?? ""), ask.to);
  const end = () => {
    vc.operation = null;
    tellVcluster(w, vc);
  };
  const op = play(w, {
    kind: "vcluster.move",
    owner: vc.owner,
    object: vc.name,
    steps: [{ name: `Copy the disks of ${plural(nodes.length, "node")}` }, { name: "Stop, last changes, start" }],
    cancel: end,
    done: () => {
      for (const n of nodes) arrive(w, { v: vc, n }, target);
      end();
    },
  });
  vc.operation = op.id;
  tellVcluster(w, vc);
  return op;
}

function arrive(w: World, { v, n }: { v: Vcluster; n: Node }, host: string): void {
  n.host = host;
  n.why = "moved here; most room of those that it may go to";
  tellVcluster(w, v);
}

function targetOf(w: World, not: string[], to: string | undefined): string {
  const ready = w.hosts.filter((h) => h.state === "ready" && (to ? h.name === to : !not.includes(h.name)));
  if (ready[0]) return ready[0].name;
  throw new DockletError("no_capacity", "No other host is ready.", "Add a host, or uncordon one.");
}
