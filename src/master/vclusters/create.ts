import type { CreateVcluster } from "../../contracts/master.ts";
import { DEFAULT_ON_HOST_LOSS, MAX_NODES, Name, NodeSize } from "../../contracts/public/index.ts";
import { ShortId } from "../../contracts/worker.ts";
import { DockletError, type ErrorCode, STATUS } from "../../lib/errors.ts";
import type { Cidr } from "../../lib/ipv4.ts";
import type { Reader } from "../../store/store.ts";
import type { Change } from "../change.ts";
import { settleHome } from "../homes/rows.ts";
import { chooseAddresses, chooseSubnet, holdAddress, holdNetwork } from "../networks/leases.ts";
import { begin, failureOf, type OperationRow } from "../operations/operations.ts";
import { bootSteps } from "../operations/steps.ts";
import { saveOwner } from "../owners/owners.ts";
import { describe } from "../placement/amount.ts";
import type { Candidate } from "../placement/candidate.ts";
import { place } from "../placement/place.ts";
import type { KeyPair } from "./peer-keys.ts";

/** What a write may not make up itself. */
export interface CreateInput {
  request: CreateVcluster;
  operation: string;
  nodeIds: string[];
  peerKey: KeyPair;
  net: Cidr;
  candidates: Candidate[];
}

/** Refuses what could never work, before anything is read or written. */
export function checkCreate(r: CreateVcluster): void {
  const bad = (what: string, hint: string) => new DockletError("invalid", what, hint);
  if (!ShortId.safeParse(r.id).success || !ShortId.safeParse(r.owner.id).success) {
    throw bad("The id of the vcluster or of its owner is malformed.", "Ids are six characters, made by docklet.");
  }
  if (!Name.safeParse(r.name).success) {
    throw bad("This name can't be used.", "Use 1 to 31 lower-case letters, digits and hyphens; start with a letter.");
  }
  checkNodes(r.nodes, r.size);
}

export function checkNodes(nodes: number, size: NodeSize): void {
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > MAX_NODES) {
    throw new DockletError("invalid", `A vcluster has 1 to ${MAX_NODES} nodes.`, "Ask for a number in this range.");
  }
  if (!NodeSize.safeParse(size).success) {
    throw new DockletError(
      "invalid",
      "This size of a node is not possible.",
      "0.1 to 256 cores, 64 MiB of memory or more, 256 MiB of disk or more.",
    );
  }
}

/** MiB below which what the image starts does not fit: systemd and sshd, and Jupyter on top of them. */
const LEAST_MEMORY = { init: 64, ssh: 128, jupyter: 256 };

/** Refuses a node that would only be killed for want of memory while it boots. */
export function checkMemory(image: string, ready: keyof typeof LEAST_MEMORY, size: NodeSize): void {
  const least = LEAST_MEMORY[ready];
  if (size.memory >= least) return;
  throw new DockletError(
    "invalid",
    `${size.memory} MiB are too little for the image ${image}.`,
    `Ask for ${least} MiB or more.`,
  );
}

/** The first answer to the same request, when it comes again. null: it is new. Throws what the first one ended with. */
export function earlier(db: Reader, id: string): { operation: string } | null {
  const op = db.get<OperationRow>("SELECT * FROM operations WHERE vcluster = $id AND kind = 'vcluster.create'", { id });
  if (!op) return null;
  if (db.get("SELECT 1 FROM vclusters WHERE id = $id", { id })) return { operation: op.id };
  const e = failureOf(op);
  if (e) throw new DockletError(e.code in STATUS ? (e.code as ErrorCode) : "internal", e.message, e.hint);
  throw new DockletError("gone", "This vcluster was created and has been deleted.", "Create a new one.");
}

/** Rows, leases, operation and history of a new vcluster: all of it, or (when anything is refused) nothing. */
export function create(c: Change, i: CreateInput): void {
  const { request: r, net } = i;
  const same = c.tx.get<{ desired: string }>("SELECT desired FROM vclusters WHERE owner_id = $owner AND name = $name", {
    owner: r.owner.id,
    name: r.name,
  });
  if (same) {
    throw same.desired === "deleted"
      ? new DockletError(
          "conflict",
          `The old ${r.name} is still being deleted.`,
          "Wait a moment, or choose another name.",
        )
      : new DockletError("conflict", `There is a vcluster named ${r.name} already.`, "Choose another name.");
  }
  const wish = r.placement ?? {};
  const loss = { ...DEFAULT_ON_HOST_LOSS, ...r.onHostLoss };
  const placed = place({ nodes: r.nodes, size: r.size, wish, first: true }, i.candidates);
  if (!placed.ok) throw new DockletError("no_capacity", placed.message, placed.hint, placed.details);
  const subnet = chooseSubnet(c.tx, net, r.nodes);
  const gateway = subnet.base + 1;
  saveOwner(c, r.owner);
  c.tx.run(
    `INSERT INTO vclusters (id, owner_id, name, image, desired, generation, subnet_base, subnet_prefix, gateway, peer_private, peer_public, state, reason, placement, loss_nodes, loss_recover, created_at, request_id)
     VALUES ($id, $owner, $name, $image, 'running', 1, $base, $prefix, $gateway, $private, $public, 'pending', NULL, $placement, $lossNodes, $lossRecover, $now, $requestId)`,
    {
      id: r.id,
      owner: r.owner.id,
      name: r.name,
      image: r.image,
      base: subnet.base,
      prefix: subnet.prefix,
      gateway,
      private: i.peerKey.private,
      public: i.peerKey.public,
      placement: JSON.stringify(wish),
      lossNodes: loss.nodes,
      lossRecover: loss.recover,
      now: c.now,
      requestId: r.requestId,
    },
  );
  holdNetwork(c.tx, r.id, subnet);
  addNodes(c, {
    vcluster: r.id,
    owner: r.owner.id,
    operation: i.operation,
    ids: i.nodeIds,
    from: 0,
    hosts: placed.hosts,
    why: placed.why,
    size: r.size,
    addresses: chooseAddresses(c.tx, subnet, gateway, r.nodes),
    desired: "running",
    since: 1,
  });
  begin(
    c,
    {
      id: i.operation,
      kind: "vcluster.create",
      owner: r.owner.name,
      object: r.name,
      vcluster: r.id,
      plan: "boot",
      total: r.nodes,
      cancellable: true,
      steps: bootSteps(true, r.nodes, 0, 0),
      actor: r.actor,
      requestId: r.requestId,
    },
    `${r.nodes} × ${r.image}, ${describe(r.size)} each`,
  );
  c.touched.add(r.id);
  c.orders.add(r.id);
}

export interface NewNodes {
  vcluster: string;
  /** Id of the person whose it is. */
  owner: string;
  operation: string;
  ids: string[];
  /** Index of the first. */
  from: number;
  hosts: string[];
  /** For each of them. */
  why: string[];
  size: NodeSize;
  addresses: { address: number; mac: string }[];
  desired: "running" | "stopped";
  since: number;
}

export function addNodes(c: Change, n: NewNodes): void {
  settleHome(c, n.owner, n.hosts[0]!);
  for (const [i, { address, mac }] of n.addresses.entries()) {
    const id = n.ids[i]!;
    c.tx.run(
      `INSERT INTO nodes (id, vcluster, idx, host, cpu, memory, disk, address, mac, desired, since, operation, state, why)
       VALUES ($id, $vcluster, $idx, $host, $cpu, $memory, $disk, $address, $mac, $desired, $since, $operation, 'pending', $why)`,
      {
        id,
        vcluster: n.vcluster,
        idx: n.from + i,
        host: n.hosts[i]!,
        cpu: n.size.cpu,
        memory: n.size.memory,
        disk: n.size.disk,
        address,
        mac,
        desired: n.desired,
        since: n.since,
        operation: n.operation,
        why: n.why[i]!,
      },
    );
    holdAddress(c.tx, id, address);
  }
}
