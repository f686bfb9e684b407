import type { NodeSize, Usage, Vcluster } from "../../contracts/public/index.ts";
import { DockletError } from "../../lib/errors.ts";
import { isUniqueViolation, type Reader, type Tx } from "../../store/store.ts";
import { quotaOf } from "../accounts/groups.ts";
import { type Person, personById } from "../accounts/person.ts";
import { demandWithin, usageOf } from "./usage.ts";

/** What a vcluster has been promised. The id is the vcluster's. */
export interface Allocation {
  id: string;
  owner_id: string;
  name: string;
  image: string;
  nodes: number;
  cpu: number;
  memory: number;
  disk: number;
  size_cpu: number;
  size_memory: number;
  size_disk: number;
  active: 0 | 1;
  state: "reserved" | "confirmed";
  request_id: string;
  idem_key: string | null;
  created_at: number;
}

export function allocationById(db: Reader, id: string): Allocation | null {
  return db.get<Allocation>("SELECT * FROM allocations WHERE id = ?", [id]);
}

export function allocationByName(db: Reader, ownerId: string, name: string): Allocation | null {
  return db.get<Allocation>("SELECT * FROM allocations WHERE owner_id = ? AND name = ?", [ownerId, name]);
}

export const sizeOf = (a: Allocation): NodeSize => ({ cpu: a.size_cpu, memory: a.size_memory, disk: a.size_disk });

export const times = (n: number, size: NodeSize): NodeSize => ({
  cpu: n * size.cpu,
  memory: n * size.memory,
  disk: n * size.disk,
});

/** Checks the owner's quota as it is now; throws `quota_exceeded`. In the transaction that takes what is asked. */
function demandRoom(tx: Tx, ownerId: string, asked: Usage): void {
  const person = personById(tx, ownerId)!;
  demandWithin(person.group, quotaOf(tx, person.group), usageOf(tx, ownerId), asked);
}

/** Takes a name and a share of the owner's quota for a vcluster that is about to be made. */
export function reserve(
  tx: Tx,
  wanted: {
    id: string;
    owner: Person;
    name: string;
    image: string;
    nodes: number;
    size: NodeSize;
    requestId: string;
    idemKey: string | null;
    now: number;
  },
): void {
  const total = times(wanted.nodes, wanted.size);
  demandRoom(tx, wanted.owner.id, { ...total, nodes: wanted.nodes, vclusters: 1 });
  try {
    tx.run(
      `INSERT INTO allocations (id, owner_id, name, image, nodes, cpu, memory, disk, size_cpu, size_memory, size_disk, active, state, request_id, idem_key, created_at)
       VALUES ($id, $owner, $name, $image, $nodes, $cpu, $memory, $disk, $sizeCpu, $sizeMemory, $sizeDisk, 1, 'reserved', $requestId, $idemKey, $now)`,
      {
        ...total,
        id: wanted.id,
        owner: wanted.owner.id,
        name: wanted.name,
        image: wanted.image,
        nodes: wanted.nodes,
        sizeCpu: wanted.size.cpu,
        sizeMemory: wanted.size.memory,
        sizeDisk: wanted.size.disk,
        requestId: wanted.requestId,
        idemKey: wanted.idemKey,
        now: wanted.now,
      },
    );
  } catch (e) {
    if (isUniqueViolation(e)) throw nameTaken(wanted.name);
    throw e;
  }
}

export function rename(tx: Tx, id: string, name: string): void {
  try {
    tx.run("UPDATE allocations SET name = $name WHERE id = $id", { id, name });
  } catch (e) {
    if (isUniqueViolation(e)) throw nameTaken(name);
    throw e;
  }
}

const nameTaken = (name: string) =>
  new DockletError(
    "conflict",
    `You have a vcluster named "${name}" already.`,
    "Choose another name, or delete that one.",
  );

/** Counts cpu and memory again for a stopped vcluster that is about to start. */
export function activate(tx: Tx, a: Allocation): void {
  if (a.active) return;
  demandRoom(tx, a.owner_id, { cpu: a.cpu, memory: a.memory, disk: 0, nodes: 0, vclusters: 0 });
  tx.run("UPDATE allocations SET active = 1 WHERE id = ?", [a.id]);
}

/** Takes what `more` nodes of `size` need, before the master is asked for them. */
export function grow(tx: Tx, a: Allocation, more: number, size: NodeSize): void {
  const add = times(more, size);
  const running = a.active ? add : { cpu: 0, memory: 0, disk: add.disk };
  demandRoom(tx, a.owner_id, { ...running, disk: add.disk, nodes: more, vclusters: 0 });
  tx.run(
    "UPDATE allocations SET nodes = nodes + $more, cpu = cpu + $cpu, memory = memory + $memory, disk = disk + $disk WHERE id = $id",
    { id: a.id, more, ...add },
  );
}

export type Totals = Pick<Allocation, "nodes" | "cpu" | "memory" | "disk" | "active">;

/** What the row should say, going by what the vcluster really is. null: it says so already. */
export function settled(a: Allocation, v: Vcluster): Totals | null {
  const sum = (of: (size: NodeSize) => number) => v.nodes.reduce((total, n) => total + of(n.size), 0);
  const is: Totals = {
    nodes: Math.max(1, v.nodes.length),
    cpu: sum((s) => s.cpu),
    memory: sum((s) => s.memory),
    disk: sum((s) => s.disk),
    active: v.desired === "running" || (v.state !== "stopped" && v.state !== "failed") ? 1 : 0,
  };
  const same =
    a.state === "confirmed" &&
    a.active === is.active &&
    a.nodes === is.nodes &&
    a.memory === is.memory &&
    a.disk === is.disk &&
    Math.abs(a.cpu - is.cpu) < 1e-6;
  return same ? null : is;
}

export function writeTotals(tx: Tx, id: string, is: Totals): void {
  tx.run(
    "UPDATE allocations SET state = 'confirmed', active = $active, nodes = $nodes, cpu = $cpu, memory = $memory, disk = $disk WHERE id = $id",
    { id, ...is },
  );
}
