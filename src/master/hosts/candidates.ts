import type { Config } from "../../config/schema.ts";
import type { HostReport } from "../../contracts/worker.ts";
import type { Reader } from "../../store/store.ts";
import { homeHost, startsCold } from "../homes/rows.ts";
import type { Amount } from "../placement/amount.ts";
import type { Candidate } from "../placement/candidate.ts";
import { strain } from "../placement/strain.ts";
import { promisedByHost } from "./promises.ts";
import type { HostSetting } from "./settings.ts";

export type Overcommit = Pick<Config, "CPU_OVERCOMMIT" | "MEMORY_OVERCOMMIT" | "DISK_OVERCOMMIT" | "MEMORY_RESERVE">;

/** For whom a place is looked for. */
export interface Seeker {
  /** Id of the vcluster, when it has nodes already. */
  vcluster?: string | undefined;
  /** Id of the person. */
  owner?: string | undefined;
  /** Ids of its nodes that will not stay where they are. */
  leaving?: readonly string[] | undefined;
}

/** What is asked about an image, host by host. */
export interface Locality {
  /** Why nodes of it can't be made there; null: they can. */
  unfit(host: string): string | null;
  warm(host: string): number;
  here(host: string): boolean;
}

/** A host, as it is known while placing. */
export interface Standing {
  name: string;
  problem: string | null;
  report: HostReport | null;
  setting: HostSetting;
}

const NOTHING: Amount = { cpu: 0, memory: 0, disk: 0 };

/** All hosts, and what counts about each. Costs grow with hosts, not with the nodes on them. */
export function candidates(
  db: Reader,
  hosts: Iterable<Standing>,
  image: Locality,
  seeker: Seeker,
  overcommit: Overcommit,
): Candidate[] {
  const promised = promisedByHost(db);
  const mine = seeker.vcluster === undefined ? null : nodesByHost(db, seeker.vcluster, seeker.leaving ?? []);
  const home = seeker.owner === undefined ? null : homeHost(db, seeker.owner);
  const cold = seeker.owner !== undefined && startsCold(db, seeker.owner);
  const all: Candidate[] = [];
  for (const { name, problem, report, setting } of hosts) {
    const { full, strained } = report ? strain(report.capacity, report.used) : { full: null, strained: null };
    all.push({
      name,
      limit: limitOf(report?.capacity ?? NOTHING, overcommit),
      reserved: promised.get(name) ?? NOTHING,
      unfit: problem ?? (setting.cordoned ? "is cordoned" : null) ?? full ?? image.unfit(name),
      warm: cold ? 0 : image.warm(name),
      image: image.here(name),
      mine: mine?.get(name) ?? 0,
      home: name === home,
      labels: setting.labels,
      strained,
    });
  }
  return all;
}

/** A node on its way counts where it is and where it goes: it may end up on either. */
function nodesByHost(db: Reader, vcluster: string, leaving: readonly string[]): Map<string, number> {
  const rows = db.all<{ host: string; nodes: number }>(
    `SELECT host, count(*) AS nodes FROM (
       SELECT host, id FROM nodes WHERE vcluster = $vcluster AND desired <> 'gone'
       UNION SELECT to_host, node FROM moves WHERE vcluster = $vcluster AND phase NOT IN ('moved', 'failed', 'cancelled')
     ) WHERE id NOT IN (SELECT value FROM json_each($leaving)) GROUP BY host`,
    { vcluster, leaving: JSON.stringify(leaving) },
  );
  return new Map(rows.map((r) => [r.host, r.nodes]));
}

/** The most that may be promised on a host. */
export function limitOf(capacity: Amount, o: Overcommit): Amount {
  return {
    cpu: capacity.cpu * o.CPU_OVERCOMMIT,
    memory: Math.max(0, capacity.memory - o.MEMORY_RESERVE) * o.MEMORY_OVERCOMMIT,
    disk: capacity.disk * o.DISK_OVERCOMMIT,
  };
}
