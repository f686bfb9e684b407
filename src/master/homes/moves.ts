import type { Picture, WorkerApi } from "../../contracts/worker.ts";
import { isDocklet, messageOf } from "../../lib/errors.ts";
import { randomName } from "../../lib/ids.ts";
import type { Logger } from "../../lib/log.ts";
import { KeyedMutex } from "../../lib/mutex.ts";
import type { Clock } from "../../os/clock.ts";
import type { Reader } from "../../store/store.ts";
import type { Change, Commit } from "../change.ts";
import { whileItArrives } from "../transfers/patience.ts";
import { isNeeded, placesOf } from "./following.ts";
import { orderRemoval, removalsOn, removed } from "./removal.ts";
import { type HomeRow, homeRow, SHARED, tellNodes } from "./rows.ts";

export interface HomeMovesDeps {
  db: Reader;
  commit: Commit;
  worker: (host: string) => WorkerApi | null;
  /** Brings a picture from one host to another; resumes by itself. */
  carry(
    t: { picture: Picture; parent: string | null; from: string; to: string },
    o: { signal: AbortSignal; progress(sent: number, total: number): void },
  ): Promise<unknown>;
  log: Logger;
  clock: Clock;
  /** A folder of which nothing more has arrived for so long is tried anew, or stays where it is. Milliseconds. */
  patienceMs: number;
  /** Pause before something that went wrong is tried again, milliseconds. */
  retryMs: number;
}

/**
 * A data folder follows its person: when no node of theirs is left where it lies, and some are elsewhere, it goes there.
 * Rows say how far it is, and each step can be done again: whenever docklet dies there is exactly one folder. The order is
 *   moving_to, picture      nobody has it from now on · copied
 *   adopting                the copy is whole and becomes the folder · no way back
 *   host = moving_to        it is there; what is left at the old place is ordered to go in the same write
 *   picture = NULL          the picture that travelled is dropped
 */
export class HomeMoves {
  readonly #mutex = new KeyedMutex<string>();
  readonly #retries = new Map<string, ReturnType<typeof setTimeout>>();
  /** `owner/host`: there is another folder of this person there already. Known until docklet restarts. */
  readonly #refused = new Set<string>();
  #over = new AbortController();

  constructor(private readonly deps: HomeMovesDeps) {}

  start(): void {
    this.#over = new AbortController();
    for (const { owner } of this.deps.db.all<{ owner: string }>("SELECT owner FROM homes WHERE host <> $shared", {
      shared: SHARED,
    }))
      this.look(owner);
  }

  /** What is under way goes on from its rows the next time; a host that never answers is not waited for. */
  stop(): void {
    this.#over.abort(new Error("stopping"));
    for (const t of this.#retries.values()) clearTimeout(t);
    this.#retries.clear();
  }

  /** Something about this person's nodes changed: must their folder go after them? */
  look(owner: string): void {
    if (this.#over.signal.aborted) return;
    const home = homeRow(this.deps.db, owner);
    if (!home || home.host === SHARED) return;
    const to = home.picture === null ? this.#wanted(home) : null;
    if (to !== null) this.#commit((c) => this.#begin(c, home, to));
    if (to !== null || home.picture !== null) void this.#run(owner, () => this.#steps(owner));
  }

  /** A host is there (again): folders that wait for it, and copies that are to go from it. */
  cameBack(host: string): void {
    const { db } = this.deps;
    for (const r of removalsOn(db, host)) this.remove(r.owner, host);
    const waiting = db.all<{ owner: string }>(
      "SELECT owner FROM homes WHERE host = $host OR (picture IS NOT NULL AND moving_to = $host)",
      { host },
    );
    for (const { owner } of waiting) this.look(owner);
  }

  /** Removes what was ordered to go from a host, if that is there now. */
  remove(owner: string, host: string): Promise<void> {
    return this.#run(owner, async () => {
      const { db, worker } = this.deps;
      const w = worker(host);
      const removal = removalsOn(db, host).find((r) => r.owner === owner);
      if (!w || !removal) return;
      const home = homeRow(db, owner);
      // What is the folder itself, or will be, is not a copy of it, whatever was ordered once.
      if (home && !home.leaving && (home.host === host || home.moving_to === host)) return;
      await w.dropPictures({ kind: "home", id: owner });
      await w.deleteHome(owner);
      this.#commit((c) => removed(c, removal));
      setImmediate(() => this.look(owner));
    });
  }

  readonly #commit: Commit = (body) => {
    this.#over.signal.throwIfAborted();
    return this.deps.commit(body);
  };

  /** One thing after another for each person; what fails is tried again. */
  #run(owner: string, body: () => Promise<void>): Promise<void> {
    return this.#mutex.run(owner, async () => {
      if (this.#over.signal.aborted) return;
      try {
        await body();
      } catch (err) {
        if (this.#over.signal.aborted) return;
        this.deps.log.warn({ err, owner }, `a data folder could not follow yet: ${messageOf(err)}`);
        this.#again(owner, body);
      }
    });
  }

  #again(owner: string, body: () => Promise<void>): void {
    clearTimeout(this.#retries.get(owner));
    const timer = setTimeout(() => {
      this.#retries.delete(owner);
      void this.#run(owner, body);
    }, this.deps.retryMs);
    timer.unref();
    this.#retries.set(owner, timer);
  }

  /** Where it should be instead; null: it is well where it is, or can't go now. */
  #wanted(home: HomeRow): string | null {
    const { db, worker } = this.deps;
    if (home.leaving || !worker(home.host) || isNeeded(db, home)) return null;
    const open = (host: string) => worker(host) !== null && !this.#refused.has(`${home.owner}/${host}`);
    return placesOf(db, home).find(open) ?? null;
  }

  #begin(c: Change, home: HomeRow, to: string): void {
    // A name that was never used: an older picture of that name would be an older folder.
    c.tx.run("UPDATE homes SET moving_to = $to, picture = $picture WHERE owner = $owner", {
      owner: home.owner,
      to,
      picture: randomName(16),
    });
    tellNodes(c, home.owner);
  }

  async #steps(owner: string): Promise<void> {
    for (;;) {
      const home = homeRow(this.deps.db, owner);
      if (!home?.picture || home.leaving) return;
      if (home.moving_to === null) return this.#tidy(home);
      if (!(await this.#step(home, home.moving_to, home.picture))) return;
    }
  }

  /** false: it waits for a host. */
  async #step(home: HomeRow, to: string, name: string): Promise<boolean> {
    const { worker, db, log } = this.deps;
    const { owner } = home;
    const picture: Picture = { volume: { kind: "home", id: owner }, name };
    const target = worker(to);
    if (!home.adopting) {
      const source = worker(home.host);
      if (!source) return false;
      if (!target) return this.#giveUp(home, `host ${to} is not connected any more`);
      const { home: mib } = db.get<{ home: number }>("SELECT home FROM owners WHERE id = $owner", { owner })!;
      // No node may ever have got as far as making it.
      await source.setHomeQuota(owner, mib);
      await this.#carry(picture, home.host, to);
      this.#commit((c) => this.#advance(c, home, "adopting = 1"));
      return true;
    }
    if (!target) return false;
    try {
      await target.adoptPicture(picture);
    } catch (e) {
      if (!isDocklet(e, "conflict")) throw e;
      this.#refused.add(`${owner}/${to}`);
      await target.dropPictures(picture.volume);
      return this.#giveUp(home, `there is another data folder of this person on host ${to}: ${e.message}`);
    }
    this.#commit((c) => {
      if (!this.#advance(c, home, "host = moving_to, moving_to = NULL, adopting = 0")) return;
      orderRemoval(c, owner, home.host);
      this.#tell(c, home, "ok", `from ${home.host} to ${to}`);
    });
    log.info({ owner, from: home.host, to }, "a data folder has followed its nodes");
    return true;
  }

  /** Transfers wait for hosts that went away. While they do nobody has the folder, so it is not for ever. */
  async #carry(picture: Picture, from: string, to: string): Promise<void> {
    const { clock, patienceMs, carry } = this.deps;
    const about = { clock, ms: patienceMs, what: "a data folder", signal: this.#over.signal, progress: () => {} };
    await whileItArrives(about, (signal, progress) => carry({ picture, parent: null, from, to }, { signal, progress }));
  }

  /** It stays where it is. */
  #giveUp(home: HomeRow, why: string): boolean {
    this.#commit((c) => {
      if (this.#advance(c, home, "moving_to = NULL, adopting = 0")) this.#tell(c, home, "failed", why);
    });
    return true;
  }

  /** Only from where we think it is: meanwhile the person may have been removed. */
  #advance(c: Change, home: HomeRow, set: string): boolean {
    const same = "owner = $owner AND picture = $picture AND moving_to = $to AND leaving = 0";
    const known = { owner: home.owner, picture: home.picture!, to: home.moving_to! };
    return c.tx.get(`UPDATE homes SET ${set} WHERE ${same} RETURNING owner`, known) !== null;
  }

  #tell(c: Change, home: HomeRow, result: "ok" | "failed", message: string): void {
    tellNodes(c, home.owner);
    const { name } = c.tx.get<{ name: string }>("SELECT name FROM owners WHERE id = $id", { id: home.owner })!;
    c.event({ actor: "system", action: "home.move", object: name, owner: name, result, message, requestId: null });
  }

  /** After it has arrived, or was given up: pictures only take space. */
  async #tidy(home: HomeRow): Promise<void> {
    const w = this.deps.worker(home.host);
    if (!w) return;
    await w.dropPictures({ kind: "home", id: home.owner });
    this.#commit((c) =>
      c.tx.run("UPDATE homes SET picture = NULL WHERE owner = $owner AND picture = $picture AND moving_to IS NULL", {
        owner: home.owner,
        picture: home.picture!,
      }),
    );
    for (const r of this.deps.db.all<{ host: string }>("SELECT host FROM home_removals WHERE owner = $owner", {
      owner: home.owner,
    }))
      void this.remove(home.owner, r.host);
    setImmediate(() => this.look(home.owner));
  }
}
