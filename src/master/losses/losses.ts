import type { LossReport, VclusterOrder } from "../../contracts/worker.ts";
import type { Logger } from "../../lib/log.ts";
import type { Clock } from "../../os/clock.ts";
import type { Store } from "../../store/store.ts";
import type { Change, Commit } from "../change.ts";
import type { Hosts } from "../hosts/hosts.ts";
import type { Images } from "../images/images.ts";
import { nodeName } from "../vclusters/rows.ts";
import { placeAnew } from "./anew.ts";
import { Leases, MARGIN_MS } from "./leases.ts";
import { differs, hasLeased, mark, refuse, type Words } from "./waiting.ts";
import { at, waitsFor } from "./words.ts";

export interface LossPace {
  tickMs: number;
  /** A host that is back within this was not lost. */
  graceMs: number;
  /** How long a host may take to end its nodes. */
  marginMs: number;
}
const PACE: LossPace = { tickMs: 1_000, graceMs: 5_000, marginMs: MARGIN_MS };
/** A master that was restarted has so many times the patience: its hosts try again at their own pace, up to 15 s apart. */
const AFTER_START = 6;
/** A place that was not there is looked for again after this. */
const AGAIN_MS = 5_000;

interface Away {
  /** By the clock of leases, and by that of people. */
  from: number;
  since: number;
  told: boolean;
  tried: number;
  /** Ids of nodes for which there was no place. */
  refused: string[];
}

/**
 * Hosts that are away. Unreachable is not dead: their nodes keep their state and say what they wait for. They are made
 * anew elsewhere only where their vcluster wishes it, and only when it is certain that they do not run any more.
 */
export class Losses {
  readonly leases: Leases;
  readonly #pace: LossPace;
  readonly #away = new Map<string, Away>();
  readonly #heard = new Set<string>();
  /** Back, and that is not written down yet. */
  readonly #unsettled = new Set<string>();
  /** Hosts that were here since the start. */
  readonly #came = new Set<string>();
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(
    private readonly deps: {
      store: Store;
      commit: Commit;
      hosts: Hosts;
      images: Images;
      clock: Clock;
      boot: () => number;
      /** ms */
      lease: number;
      pace: Partial<LossPace> | undefined;
      log: Logger;
    },
  ) {
    const { store, commit, lease, boot } = deps;
    this.#pace = { ...PACE, ...deps.pace };
    this.leases = new Leases({ db: store, commit, length: lease, margin: this.#pace.marginMs, boot });
  }

  start(): void {
    this.leases.start();
    this.#timer = setInterval(() => this.look(), this.#pace.tickMs);
    this.#timer.unref?.();
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
  }

  look(): void {
    this.leases.look();
    const { hosts, log } = this.deps;
    for (const host of hosts.names) {
      // The master's own host is no member: it is here as soon as it can be.
      if (hosts.worker(host) && this.#unsettled.has(host)) this.cameBack(host);
      if (hosts.worker(host) || hosts.isRemoved(host) || !this.#isMember(host)) continue;
      try {
        this.#look(host);
      } catch (err) {
        log.error({ err, host }, "what becomes of the nodes of a lost host could not be settled");
      }
    }
  }

  /** It is connected, and has told its state. */
  cameBack(host: string): void {
    this.#away.delete(host);
    this.#came.add(host);
    const { store } = this.deps;
    const lost = this.#lostAt(host);
    if (lost === null && !store.get("SELECT 1 FROM nodes WHERE host = $host AND waits IS NOT NULL", { host })) return;
    try {
      this.deps.commit((c) => this.#find(c, host, lost));
      this.#unsettled.delete(host);
    } catch (err) {
      this.#unsettled.add(host);
      this.deps.log.error({ err, host }, "it could not be written down that a host is back; it is tried again");
    }
  }

  #find(c: Change, host: string, lost: number | null): void {
    mark(c, host, () => null);
    c.tx.run("UPDATE members SET lost_at = NULL WHERE name = $host AND lost_at IS NOT NULL", { host });
    if (lost === null) return;
    const sql = "SELECT count(*) AS n FROM copies WHERE host = $host AND desired = 'gone'";
    const { n } = c.tx.get<{ n: number }>(sql, { host })!;
    const left = n === 0 ? "" : `; what it still has of ${n} node${n === 1 ? "" : "s"} that went elsewhere is removed`;
    c.event({ ...about(host), action: "host.back", result: "ok", message: `was away since ${at(lost)}${left}` });
  }

  /** A host has written down an order, and with it what becomes of these nodes when it is lost. */
  taken(host: string, { id, onHostLoss }: Pick<VclusterOrder, "id" | "onHostLoss">): void {
    if (onHostLoss.nodes === "keep") return;
    const about = { id, host };
    if (!this.deps.store.get("SELECT 1 FROM nodes WHERE vcluster = $id AND host = $host AND kept = 1", about)) return;
    try {
      this.deps.commit((c) => c.tx.run("UPDATE nodes SET kept = 0 WHERE vcluster = $id AND host = $host", about));
    } catch (err) {
      // Then it counts as kept, which harms nobody.
      this.deps.log.warn({ err, host, vcluster: id }, "it could not be written down that a host knows of a wish");
    }
  }

  /** What a host did to nodes on its own when its lease had ended. */
  heard(c: Change, host: string, r: LossReport): void {
    const key = `${host} ${r.vcluster} ${r.at}`;
    const vc = c.tx.get<{ name: string; owner: string }>(
      "SELECT v.name, o.name AS owner FROM vclusters v JOIN owners o ON o.id = v.owner_id WHERE v.id = $id",
      { id: r.vcluster },
    );
    const nodes = c.tx.all<{ idx: number }>(
      `SELECT n.idx FROM nodes n WHERE n.vcluster = $vcluster AND n.id IN (SELECT value FROM json_each($ids))
       AND (n.host = $host OR EXISTS (SELECT 1 FROM copies c WHERE c.node = n.id AND c.host = $host)) ORDER BY n.idx`,
      { vcluster: r.vcluster, ids: JSON.stringify(r.nodes), host },
    );
    // A host can only speak of what is on it. It says so until it hears the master's word, and once is enough.
    if (!vc || nodes.length === 0 || this.#heard.has(key)) return;
    this.#heard.add(key);
    const did = r.did === "freeze" ? "froze" : "stopped";
    c.event({
      ...about(vc.name),
      owner: vc.owner,
      action: "vcluster.lost",
      result: "info",
      message: `host ${host} ${did} ${nodes.map(nodeName).join(", ")} at ${at(r.at)}, because it had lost its master`,
    });
  }

  /** An admin has said that the machine is off: whoever wishes to be made anew is. */
  removed(c: Change, host: string): void {
    if (this.deps.hosts.worker(host)) return;
    placeAnew(c, this.deps, { host, because: "an admin has removed it", leased: false });
    mark(c, host, () => null);
  }

  #look(host: string): void {
    const { clock, commit, boot, store } = this.deps;
    const now = boot();
    let away = this.#away.get(host);
    if (!away) {
      away = {
        from: now,
        since: this.#lostAt(host) ?? clock.now(),
        told: this.#lostAt(host) !== null,
        tried: 0,
        refused: [],
      };
      this.#away.set(host, away);
    }
    const patience = this.#came.has(host) ? this.#pace.graceMs : AFTER_START * this.#pace.graceMs;
    if (now - away.from < patience) return;
    const { since, told } = away;
    const remaining = this.leases.remaining(host);
    const waits: Words = (policy) => waitsFor(host, since, policy, remaining);
    const due = remaining === 0 && now - away.tried >= AGAIN_MS && hasLeased(store, host);
    if (told && !due && !differs(store, host, waits, away.refused)) return;
    if (due) away.tried = now;
    commit((c) => {
      if (!told) this.#lose(c, host, since);
      const refused = due
        ? placeAnew(c, this.deps, {
            host,
            because: `its lease has ended: unreachable since ${at(since)}`,
            leased: true,
          })
        : [];
      if (due) away.refused = refuse(c, refused, waits);
      mark(c, host, waits, away.refused);
    });
    away.told = true;
  }

  #lose(c: Change, host: string, since: number): void {
    c.tx.run("UPDATE members SET lost_at = $since WHERE name = $host AND removed_at IS NULL", { host, since });
    const nodes = c.tx.get<{ n: number }>("SELECT count(*) AS n FROM nodes WHERE host = $host", { host })!.n;
    const message = `unreachable since ${at(since)}; ${nodes} node${nodes === 1 ? " is" : "s are"} placed on it`;
    c.event({ ...about(host), action: "host.lost", result: "failed", message });
  }

  #isMember(host: string): boolean {
    return this.deps.store.get("SELECT 1 FROM members WHERE name = $host AND removed_at IS NULL", { host }) !== null;
  }

  #lostAt(host: string): number | null {
    const sql = "SELECT lost_at FROM members WHERE name = $host AND removed_at IS NULL";
    return this.deps.store.get<{ lost_at: number | null }>(sql, { host })?.lost_at ?? null;
  }
}

const about = (object: string) => ({ actor: "system", object, owner: null as string | null, requestId: null });
