import { MAX_NODES, type Me, Name, NodeSize } from "../../contracts/public/index.ts";
import { formatCores, formatMiB, plural } from "../format/amounts.ts";

/** What somebody asks for. memory and disk in MiB, as everywhere in the API. */
export interface Plan {
  nodes: number;
  size: NodeSize;
}
export type PlanErrors = Partial<Record<"nodes" | "cpu" | "memory" | "disk", string>>;

type Left = Pick<Me, "quota" | "used">;

/**
 * Why a plan cannot be, field by field, with what would fit: the server decides in the end, but nobody should
 * have to send a form to learn this.
 */
export function checkPlan(plan: Plan, me: Left): PlanErrors {
  const errors: PlanErrors = {};
  const { nodes, size } = plan;
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > MAX_NODES) errors.nodes = `Choose 1 to ${MAX_NODES} nodes.`;
  const limits = NodeSize.safeParse(size);
  if (!limits.success) {
    for (const issue of limits.error.issues) {
      const field = issue.path[0] as "cpu" | "memory" | "disk";
      errors[field] ??= RANGES[field];
    }
  }
  if (Object.keys(errors).length > 0) return errors;

  const left = quotaLeft(me);
  if (nodes > left.nodes) errors.nodes = `Your quota has room for ${plural(left.nodes, "more node")}.`;
  for (const field of ["cpu", "memory", "disk"] as const) {
    const asked = size[field] * nodes;
    if (asked <= left[field] + 1e-9) continue;
    const say = field === "cpu" ? formatCores : formatMiB;
    const each = nodes > 1 ? ` (${nodes} × ${say(size[field])})` : "";
    errors[field] = `This asks for ${say(asked)}${each}; your quota has ${say(left[field])} left.`;
  }
  return errors;
}

const RANGES = {
  cpu: "Give each node 0.1 to 256 cores.",
  memory: "Give each node at least 64 MiB of memory.",
  disk: "Give each node at least 256 MiB of disk.",
} as const;

export function quotaLeft({ quota, used }: Left) {
  return {
    cpu: Math.max(0, quota.cpu - used.cpu),
    memory: Math.max(0, quota.memory - used.memory),
    disk: Math.max(0, quota.disk - used.disk),
    nodes: Math.max(0, quota.nodes - used.nodes),
    vclusters: Math.max(0, quota.vclusters - used.vclusters),
  };
}

/** An empty name is fine: the server makes one. */
export function checkName(name: string): string | null {
  if (name === "") return null;
  const parsed = Name.safeParse(name);
  return parsed.success ? null : (parsed.error.issues[0]?.message ?? "This name does not work.");
}
