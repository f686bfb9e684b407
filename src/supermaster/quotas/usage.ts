import type { Quota, Usage } from "../../contracts/public/index.ts";
import { DockletError } from "../../lib/errors.ts";
import { formatMiB } from "../../lib/units.ts";
import type { Reader } from "../../store/store.ts";

/** Disks, nodes and vclusters always count; cpu and memory only while the nodes run. */
const SUMS = `coalesce(sum(CASE WHEN active THEN cpu END), 0) AS cpu, coalesce(sum(CASE WHEN active THEN memory END), 0) AS memory,
  coalesce(sum(disk), 0) AS disk, coalesce(sum(nodes), 0) AS nodes, count(*) AS vclusters`;
const NOTHING: Usage = { cpu: 0, memory: 0, disk: 0, nodes: 0, vclusters: 0 };

const rounded = (u: Usage): Usage => ({ ...u, cpu: Math.round(u.cpu * 100) / 100 });

/** What a person has been promised: the sum over the live rows, worked out each time. */
export function usageOf(db: Reader, userId: string): Usage {
  return rounded(db.get<Usage>(`SELECT ${SUMS} FROM allocations WHERE owner_id = ?`, [userId]) ?? NOTHING);
}

/** The same for everybody, in one query. */
export function usageOfAll(db: Reader): (userId: string) => Usage {
  const rows = db.all<Usage & { owner_id: string }>(`SELECT owner_id, ${SUMS} FROM allocations GROUP BY owner_id`);
  const byOwner = new Map(rows.map(({ owner_id, ...used }) => [owner_id, rounded(used)]));
  return (userId) => byOwner.get(userId) ?? NOTHING;
}

const cores = (n: number) => `${Math.round(n * 100) / 100} ${n === 1 ? "core" : "cores"}`;
const WORDS: { [K in keyof Usage]: (n: number) => string } = {
  cpu: (n) => `${cores(n)} of cpu`,
  memory: (n) => `${formatMiB(n)} of memory`,
  disk: (n) => `${formatMiB(n)} of disk`,
  nodes: (n) => `${n} ${n === 1 ? "node" : "nodes"}`,
  vclusters: (n) => `${n} ${n === 1 ? "vcluster" : "vclusters"}`,
};

/** Throws `quota_exceeded`, saying what was asked, used and left, and by which quota. */
export function demandWithin(group: string, quota: Quota, used: Usage, asked: Usage): void {
  const over = (Object.keys(WORDS) as (keyof Usage)[])
    // A hundredth of a core of patience: sums of fractions are not exact.
    .filter((k) => asked[k] > 0 && used[k] + asked[k] > quota[k] + (k === "cpu" ? 0.001 : 0));
  if (over.length === 0) return;
  const parts = over.map((k) => {
    const left = Math.max(0, Math.round((quota[k] - used[k]) * 100) / 100);
    return `${WORDS[k](asked[k])} asked, but ${WORDS[k](used[k])} of your ${WORDS[k](quota[k])} in use, so ${WORDS[k](left)} left`;
  });
  throw new DockletError(
    "quota_exceeded",
    `Over the quota of the group "${group}": ${parts.join("; ")}.`,
    "Ask for less, stop or delete a vcluster, or ask an administrator for more quota.",
    { group, asked, used, quota, over },
  );
}
