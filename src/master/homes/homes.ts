import type { Logger } from "../../lib/log.ts";
import type { Clock } from "../../os/clock.ts";
import type { Reader, Store } from "../../store/store.ts";
import type { Change, Commit } from "../change.ts";
import type { Hosts } from "../hosts/hosts.ts";
import { HomeMoves, type HomeMovesDeps } from "./moves.ts";
import { removalsOn } from "./removal.ts";
import { homeRow, SHARED } from "./rows.ts";
import { SharedFiles, type SharedMode } from "./shared-files.ts";

/** A folder on its way to a host that is not there any more stays after this many times the pause between two tries. */
const PATIENCE = 12;

/** People's data folders: each lies on one host and follows its person, or in the shared file system for all hosts. */
export class Homes {
  readonly shared: SharedFiles;
  readonly #moves: HomeMoves;

  constructor(
    private readonly deps: {
      store: Store;
      commit: Commit;
      clock: Clock;
      hosts: Hosts;
      mode: SharedMode;
      carry: HomeMovesDeps["carry"];
      retryMs: number;
      /** The fitness of all hosts may be another now. */
      changed: () => void;
      log: Logger;
    },
  ) {
    const { store, commit, clock, hosts, mode, carry, retryMs, changed, log } = deps;
    const worker = (host: string) => (hosts.isRemoved(host) ? null : hosts.worker(host));
    this.#moves = new HomeMoves({
      db: store,
      commit,
      clock,
      worker,
      carry,
      log,
      retryMs,
      patienceMs: retryMs * PATIENCE,
    });
    this.shared = new SharedFiles({ store, commit, clock, mode, hosts: () => this.#connected(), changed, log });
    hosts.fault = (report) => this.shared.problem(report);
    hosts.sharing = () => this.shared.adopted;
  }

  /** Before hosts come. */
  load(): void {
    this.shared.load();
  }

  start(): void {
    this.#moves.start();
  }

  stop(): void {
    this.#moves.stop();
    this.shared.stop();
  }

  /** A host is there, and its first words were heard. */
  cameBack(host: string): void {
    this.shared.cameBack();
    this.#moves.cameBack(host);
    this.#removeShared();
  }

  /** Nodes of these people came, went, or are somewhere else. */
  look(owners: Iterable<string>): void {
    for (const owner of owners) this.#moves.look(owner);
  }

  /** A host was drained: also the folders of people who have no nodes leave it. */
  emptied(host: string): void {
    const owners = this.deps.store.all<{ owner: string }>("SELECT owner FROM homes WHERE host = $host", { host });
    this.look(owners.map((o) => o.owner));
  }

  /** MiB. In the shared file system docklet sets no quota: the one who runs it does. */
  async setQuota(owner: string, mib: number): Promise<void> {
    const home = homeRow(this.deps.store, owner);
    if (!home || home.host === SHARED || home.moving_to !== null) return;
    // Orders carry the quota too: this only spares those who have no vcluster now the wait for their next one.
    await this.deps.hosts
      .worker(home.host)
      ?.setHomeQuota(owner, mib)
      .catch((err: unknown) =>
        this.deps.log.warn({ err, host: home.host, owner }, "a data folder's quota was not set"),
      );
  }

  /** Does what was ordered to go, where that can be done now; the rest when its host is back. */
  async remove(owner: string): Promise<void> {
    const rows = this.deps.store.all<{ host: string }>("SELECT host FROM home_removals WHERE owner = $owner", {
      owner,
    });
    await Promise.all(
      rows.map(({ host }) => (host === SHARED ? this.#removeOne(owner) : this.#moves.remove(owner, host))),
    );
  }

  #removeShared(): void {
    for (const { owner } of removalsOn(this.deps.store, SHARED)) void this.#removeOne(owner);
  }

  async #removeOne(owner: string): Promise<void> {
    await this.shared
      .removeHome(owner)
      .catch((err: unknown) => this.deps.log.warn({ err, owner }, "a data folder is not removed yet"));
  }

  #connected() {
    const { hosts, store } = this.deps;
    const joined = new Set(
      store.all<{ name: string }>("SELECT name FROM members WHERE removed_at IS NULL").map((m) => m.name),
    );
    const all = hosts.connected().filter(([name]) => !hosts.isRemoved(name));
    return all
      .map(([name, worker]) => ({ name, worker, report: hosts.report(name) }))
      .sort((a, b) => Number(joined.has(a.name)) - Number(joined.has(b.name)));
  }
}

/** Whose vclusters a write touched. Asked before conclusions are drawn: afterwards some of them are gone. */
export function ownersOf(db: Reader, c: Change): string[] {
  return db
    .all<{ owner_id: string }>(
      "SELECT DISTINCT owner_id FROM vclusters WHERE id IN (SELECT value FROM json_each($ids))",
      { ids: JSON.stringify([...c.touched]) },
    )
    .map((r) => r.owner_id);
}
