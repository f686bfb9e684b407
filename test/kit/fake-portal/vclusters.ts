import {
  DEFAULT_ON_HOST_LOSS,
  DEFAULT_PLACEMENT,
  DEFAULT_SIZE,
  type NodeSize,
  type Operation,
  type Vcluster,
  type VclusterCreate,
} from "../../../src/contracts/public/index.ts";
import { DockletError } from "../../../src/lib/errors.ts";
import { randomName, shortId } from "../../../src/lib/ids.ts";
import { formatMiB } from "../../../src/lib/units.ts";
import { play, setState, tellVcluster } from "./operations.ts";
import { makeNode, sampleOf } from "./seed.ts";
import type { World } from "./world.ts";

export function find(w: World, owner: string, name: string): Vcluster {
  const vc = w.vclusters.find((v) => v.owner === owner && v.name === name);
  if (!vc) throw new DockletError("not_found", `There is no vcluster ${name}.`, "Look at the list of yours.");
  return vc;
}

export function create(w: World, owner: string, ask: VclusterCreate) {
  const name = ask.name ?? `lab-${randomName(4)}`;
  if (w.vclusters.some((v) => v.owner === owner && v.name === name)) {
    throw new DockletError("conflict", `You already have a vcluster ${name}.`, "Choose another name.");
  }
  const size = { ...DEFAULT_SIZE, ...ask.size };
  const n = ask.nodes ?? 1;
  checkQuota(w, owner, n, size);
  const vc: Vcluster = {
    id: shortId(),
    name,
    owner,
    image: ask.image ?? "base",
    state: "pending",
    reason: null,
    desired: "running",
    subnet: "172.16.9.0/26",
    nodes: Array.from({ length: n }, (_, i) => makeNode(i, "pending", size)),
    operation: null,
    placement: { ...DEFAULT_PLACEMENT, ...ask.placement },
    onHostLoss: { ...DEFAULT_ON_HOST_LOSS, ...ask.onHostLoss },
    createdAt: Date.now(),
  };
  w.vclusters.unshift(vc);
  const operation = play(w, {
    kind: "vcluster.create",
    owner,
    object: name,
    steps: [
      { name: "Reserve", enter: () => setState(w, vc, "preparing") },
      { name: "Take warm nodes", enter: () => setState(w, vc, "booting") },
      { name: "Wait until Jupyter answers" },
    ],
    cancel: () => drop(w, vc),
    done: () => settle(w, vc, "ready"),
  });
  vc.operation = operation.id;
  tellVcluster(w, vc);
  return { vcluster: vc, operation };
}

function checkQuota(w: World, owner: string, n: number, size: NodeSize): void {
  const [quota, used] = [w.quotaOf(owner), w.used(owner)];
  if (used.memory + n * size.memory > quota.memory || used.nodes + n > quota.nodes) {
    throw new DockletError(
      "quota_exceeded",
      `This needs ${formatMiB(n * size.memory)} of memory and ${n} nodes; your quota has ${formatMiB(quota.memory - used.memory)} and ${quota.nodes - used.nodes} left.`,
      "Ask for less, or stop something else.",
    );
  }
}

export function start(w: World, vc: Vcluster): Operation {
  vc.desired = "running";
  vc.reason = null;
  return run(
    w,
    vc,
    "vcluster.start",
    [
      { name: "Prepare", enter: () => setState(w, vc, "preparing") },
      { name: "Boot", enter: () => setState(w, vc, "booting") },
    ],
    () => settle(w, vc, "ready"),
    () => settle(w, vc, "stopped"),
  );
}

export function stop(w: World, vc: Vcluster): Operation {
  vc.desired = "stopped";
  return run(w, vc, "vcluster.stop", [{ name: "Shut down", enter: () => setState(w, vc, "stopping") }], () =>
    settle(w, vc, "stopped"),
  );
}

export function scale(w: World, vc: Vcluster, nodes: number, size: Partial<NodeSize> = {}): Operation {
  const had = vc.nodes.length;
  if (nodes > had) {
    const each = { ...DEFAULT_SIZE, ...size };
    checkQuota(w, vc.owner, nodes - had, each);
    for (let i = had; i < nodes; i++) vc.nodes.push(makeNode(i, "pending", each));
  }
  return run(
    w,
    vc,
    "vcluster.scale",
    [
      {
        name: nodes > had ? "Boot new nodes" : "Remove nodes",
        enter: () => setState(w, vc, "booting", (i) => i >= had),
      },
    ],
    () => {
      vc.nodes.length = Math.min(vc.nodes.length, nodes);
      settle(w, vc, "ready");
    },
  );
}

export function remove(w: World, vc: Vcluster): Operation {
  vc.desired = "deleted";
  return run(
    w,
    vc,
    "vcluster.delete",
    [{ name: "Stop", enter: () => setState(w, vc, "deleting") }, { name: "Erase disks" }],
    () => drop(w, vc),
  );
}

function run(
  w: World,
  vc: Vcluster,
  kind: Operation["kind"],
  steps: { name: string; enter?: () => void }[],
  done: () => void,
  cancel?: () => void,
): Operation {
  const op = play(w, { kind, owner: vc.owner, object: vc.name, steps, done, ...(cancel ? { cancel } : {}) });
  vc.operation = op.id;
  tellVcluster(w, vc);
  return op;
}

function settle(w: World, vc: Vcluster, state: "ready" | "stopped"): void {
  vc.operation = null;
  setState(w, vc, state);
  if (state === "ready") for (const n of vc.nodes) w.samples.set(n.id, [sampleOf(n, Date.now(), 1)]);
}

function drop(w: World, vc: Vcluster): void {
  w.vclusters = w.vclusters.filter((v) => v !== vc);
  w.emit({ type: "vcluster.deleted", data: { id: vc.id, name: vc.name, owner: vc.owner } }, vc.owner);
}
