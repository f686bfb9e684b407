import type { Host } from "../../contracts/public/index.ts";
import type { HostReport } from "../../contracts/worker.ts";
import type { Reader } from "../../store/store.ts";
import type { Promised } from "./promises.ts";
import type { HostSetting } from "./settings.ts";

/** What is known of a host, from its own words and from ours. */
export interface Known {
  name: string;
  connected: boolean;
  removed: boolean;
  /** Why nothing can be placed on it, whatever admins set; null: it is fit. */
  problem: string | null;
  report: HostReport | null;
  setting: HostSetting;
  promised: Promised | undefined;
  images: string[];
  /** The drain that empties it now. */
  drain: string | null;
  homes: Host["homes"];
}

const NOTHING = { cpu: 0, memory: 0, disk: 0 };

export function presentHost(k: Known): Host {
  const r = k.report;
  const p = k.promised;
  const { state, reason } = stateOf(k);
  return {
    name: k.name,
    state,
    reason,
    address: r?.address ?? "",
    capacity: r?.capacity ?? NOTHING,
    reserved: p ? { cpu: p.cpu, memory: p.memory, disk: p.disk } : NOTHING,
    used: r?.used ?? NOTHING,
    nodes: p?.nodes ?? 0,
    warm: r?.warm ?? 0,
    kernel: r?.kernel ?? "",
    lxc: r?.lxc ?? "",
    version: r?.version ?? "",
    bootedAt: r?.bootedAt ?? 0,
    labels: k.setting.labels,
    images: k.images,
    gpus: r?.gpus ?? [],
    homes: k.homes,
    operation: k.drain,
  };
}

/** What it can't help comes before what admins want of it; but that is never forgotten. */
function stateOf(k: Known): Pick<Host, "state" | "reason"> {
  if (k.removed) return { state: "removed", reason: k.problem };
  const set = k.drain !== null ? "is being drained" : k.setting.cordoned ? "was cordoned" : null;
  if (k.problem !== null) {
    const state = k.connected || k.report === null ? "joining" : "unreachable";
    return { state, reason: set === null ? k.problem : `${k.problem}; ${set}` };
  }
  return { state: k.drain !== null ? "draining" : k.setting.cordoned ? "cordoned" : "ready", reason: set };
}

/** Drains that are under way, by the host that they empty. */
export function drains(db: Reader): Map<string, string> {
  const rows = db.all<{ id: string; host: string }>(
    "SELECT id, host FROM operations WHERE ended_at IS NULL AND kind = 'host.drain'",
  );
  return new Map(rows.map((r) => [r.host, r.id]));
}
