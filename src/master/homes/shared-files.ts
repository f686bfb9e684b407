import type { Config } from "../../config/schema.ts";
import type { HostReport, WorkerApi } from "../../contracts/worker.ts";
import { messageOf } from "../../lib/errors.ts";
import { randomName } from "../../lib/ids.ts";
import type { Logger } from "../../lib/log.ts";
import type { Clock } from "../../os/clock.ts";
import type { Store } from "../../store/store.ts";
import type { Commit } from "../change.ts";
import { SHARED } from "./rows.ts";

export type SharedMode = Config["SHARED_FS"];

/** What was true this long ago may still be what a host sees: NFS shows a changed folder after a minute at the latest. */
const GRACE_MS = 90_000;
/** However many hosts come at once, something new is written there at most this often. */
const RENEW_MS = 10_000;

const SAME = "Mount the same file system there as on the other hosts; docklet notices by itself.";

interface SharedRow {
  token: string;
  nonce: string | null;
  adopted_at: number | null;
}

/**
 * Is there one file system that all hosts share? It is believed only when every host reads there what the master has
 * just had written, and from then on a host that can't is not fit: people's folders are never made beside it.
 */
export class SharedFiles {
  #token = "";
  #adopted = false;
  #nonce = randomName(16);
  /** Is the nonce written down there? */
  #written = false;
  #writing = false;
  #stopped = false;
  #before: { nonce: string; until: number } | null = null;
  #renewedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly deps: {
      store: Store;
      commit: Commit;
      clock: Clock;
      mode: SharedMode;
      /** The hosts that are connected, the master's own one first. */
      hosts: () => { name: string; worker: WorkerApi; report: HostReport | null }[];
      /** The fitness of hosts may be another now. */
      changed: () => void;
      log: Logger;
    },
  ) {}

  load(): void {
    const { store } = this.deps;
    store.write((tx) =>
      tx.run("INSERT OR IGNORE INTO shared_files (id, token) VALUES (1, $token)", { token: randomName(20) }),
    );
    const row = store.get<SharedRow>("SELECT * FROM shared_files")!;
    this.#token = row.token;
    this.#adopted = row.adopted_at !== null;
    if (row.nonce !== null) this.#before = { nonce: row.nonce, until: this.deps.clock.monotonic() + GRACE_MS };
    this.#stopped = false;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Do people's folders lie there? */
  get adopted(): boolean {
    return this.#adopted;
  }

  get token(): string {
    return this.#token;
  }

  /** Why a host can't be used, as far as shared files go; null: it can. */
  problem({ shared }: HostReport): string | null {
    if (!this.#adopted && this.deps.mode !== "required") return null;
    if (shared.type === null)
      return `FS_PREFIX/global: ${shared.problem ?? "no shared file system is mounted there"}, but people's data folders lie in one. ${SAME}`;
    return this.#fault(shared);
  }

  /** A host has said something: perhaps all of them have the same files now. */
  heard(): void {
    if (this.#stopped) return;
    if ((this.deps.mode === "off" && !this.#adopted) || (this.#adopted && this.#written)) return;
    const hosts = this.deps.hosts();
    if (!this.#written) void this.#write(hosts);
    if (this.#adopted || !this.#written || hosts.length === 0) return;
    const same = (r: HostReport | null) => r !== null && r.shared.type !== null && this.#fault(r.shared) === null;
    if (!hosts.every((h) => same(h.report))) return;
    this.deps.commit((c) => {
      c.tx.run("UPDATE shared_files SET adopted_at = $now WHERE adopted_at IS NULL", { now: c.now });
      c.event({
        actor: "system",
        action: "shared.adopt",
        object: "global",
        owner: null,
        result: "ok",
        message: `${hosts[0]!.report!.shared.type}, the same on ${hosts.map((h) => h.name).join(", ")}`,
        requestId: null,
      });
    });
    this.#adopted = true;
    this.deps.log.info({ hosts: hosts.map((h) => h.name) }, "data folders of new people go to the shared file system");
    this.deps.changed();
  }

  /** A host came: that it sees the same is shown by something that was not there before. */
  cameBack(): void {
    const now = this.deps.clock.monotonic();
    if (now - this.#renewedAt >= RENEW_MS && this.#written) {
      this.#before = { nonce: this.#nonce, until: now + GRACE_MS };
      this.#nonce = randomName(16);
      this.#written = false;
      this.#renewedAt = now;
    }
    this.heard();
  }

  /** Has a folder removed, by any host that sees it. */
  async removeHome(owner: string): Promise<void> {
    const able = this.deps.hosts().find((h) => h.report?.shared.type && !this.#fault(h.report.shared));
    if (!able) return;
    await able.worker.share({ task: "removeHome", owner, token: this.#token });
    this.deps.commit((c) => {
      c.tx.run("DELETE FROM home_removals WHERE owner = $owner AND host = $host", { owner, host: SHARED });
      c.tx.run("DELETE FROM homes WHERE owner = $owner AND host = $host AND leaving = 1", { owner, host: SHARED });
    });
  }

  #fault(shared: HostReport["shared"]): string | null {
    if (shared.problem !== null) return `FS_PREFIX/global: ${shared.problem}`;
    if (shared.token === null)
      return `FS_PREFIX/global: the file system there (${shared.type}) is not the one with people's data folders: .docklet/token is missing. ${SAME}`;
    if (shared.token !== this.#token)
      return `FS_PREFIX/global: the file system there (${shared.type}) belongs to another data centre. ${SAME}`;
    if (shared.nonce === this.#nonce) return null;
    if (shared.nonce === this.#before?.nonce && this.deps.clock.monotonic() < this.#before.until) return null;
    return `FS_PREFIX/global: what the master wrote there last is not seen: a copy, or a stale mount. ${SAME}`;
  }

  /** Through the first host that can. Whose it is is written only until folders lie there: then a bare one is a wrong one. */
  async #write(hosts: ReturnType<typeof this.deps.hosts>): Promise<void> {
    if (this.#writing) return;
    const mine = (r: HostReport | null) =>
      r !== null &&
      r.shared.type !== null &&
      r.shared.problem === null &&
      (r.shared.token === this.#token || (r.shared.token === null && !this.#adopted));
    const able = hosts.find((h) => mine(h.report));
    if (!able) return;
    this.#writing = true;
    const nonce = this.#nonce;
    try {
      await able.worker.share({ task: "claim", token: this.#token, nonce });
      if (this.#stopped) return;
      this.deps.store.write((tx) => tx.run("UPDATE shared_files SET nonce = $nonce", { nonce }));
      this.#written = nonce === this.#nonce;
      // Hosts may have seen it before we were told that it is there.
      setImmediate(() => this.heard());
    } catch (err) {
      this.deps.log.warn({ err, host: able.name }, `the shared file system can't be used yet: ${messageOf(err)}`);
    } finally {
      this.#writing = false;
    }
  }
}
