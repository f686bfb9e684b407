import type { Config } from "../config/schema.ts";
import type { Report, WorkerApi } from "../contracts/worker.ts";
import { DockletError } from "../lib/errors.ts";
import { type Cidr, parseCidr } from "../lib/ipv4.ts";
import type { Logger } from "../lib/log.ts";
import { type Clock, sinceBoot } from "../os/clock.ts";
import type { Store } from "../store/store.ts";
import { Change } from "./change.ts";
import { Directory } from "./directory.ts";
import { Frames } from "./frames.ts";
import { Hearing } from "./hearing.ts";
import { Homes, ownersOf } from "./homes/homes.ts";
import type { SharedMode } from "./homes/shared-files.ts";
import { HostHistory } from "./hosts/history.ts";
import { Hosts } from "./hosts/hosts.ts";
import { Inbox } from "./hosts/inbox.ts";
import { Builds } from "./images/builds.ts";
import { Equipment } from "./images/equipment.ts";
import { Fetches } from "./images/fetches.ts";
import { Images } from "./images/images.ts";
import { Supply } from "./images/supply.ts";
import { Losses, type LossPace } from "./losses/losses.ts";
import { type MovePace, Moves } from "./moves/moves.ts";
import { readOperation } from "./operations/operations.ts";
import { Retention } from "./operations/retention.ts";
import { type TransferPace, Transfers } from "./transfers/transfers.ts";
import { Delivery, type DeliveryPace, PACE } from "./vclusters/delivery.ts";
import { PeerKeys } from "./vclusters/peer-keys.ts";
import { readVcluster } from "./vclusters/rows.ts";
import { settle } from "./vclusters/settle.ts";

export type MasterConfig = Pick<
  Config,
  "CLUSTER_NET" | "CPU_OVERCOMMIT" | "MEMORY_OVERCOMMIT" | "DISK_OVERCOMMIT" | "MEMORY_RESERVE"
> &
  Partial<Pick<Config, "HOST_LEASE">>;

export interface MasterDeps {
  store: Store;
  clock: Clock;
  log: Logger;
  config: MasterConfig;
  /** Name of the host that is the gateway of all nodes (DISTRIBUTED_GATEWAY=False); else each host is that of its own. */
  gatewayHost?: string | null;
  /** Workers that are there from the beginning; others come by `attachWorker`. */
  workers?: Map<string, WorkerApi>;
  /** How patient it is with workers; tests are not. */
  pace?: Partial<DeliveryPace>;
  transferPace?: Partial<TransferPace>;
  movePace?: Partial<MovePace>;
  lossPace?: Partial<LossPace>;
  /** ms of the clock of leases; default: the system's. */
  boot?: () => number;
  /** What is done with a shared file system at FS_PREFIX/global; default: auto. */
  sharedFiles?: SharedMode;
}

/** Seconds. */
const USUAL_LEASE = 30;

/** The parts of a master, joined: rows below, workers on one side, watchers on the other. */
export class Wing {
  readonly store: Store;
  readonly log: Logger;
  readonly net: Cidr;
  readonly frames: Frames;
  readonly directory = new Directory();
  readonly images = new Images();
  readonly keys = new PeerKeys();
  readonly hosts: Hosts;
  readonly history = new HostHistory();
  readonly builds: Builds;
  readonly delivery: Delivery;
  readonly transfers: Transfers;
  readonly supply: Supply;
  readonly fetches: Fetches;
  readonly moves: Moves;
  readonly homes: Homes;
  readonly losses: Losses;
  /** People whose data folder may have to follow. */
  readonly #restless = new Set<string>();
  readonly #gateway: string | null;
  readonly #equipment: Equipment;
  readonly #retention: Retention;
  readonly #hearing: Hearing;
  readonly #inbox: Inbox;
  #term = 0;
  #running = false;
  readonly #early: Map<string, WorkerApi>;

  constructor(readonly deps: MasterDeps) {
    const net = parseCidr(deps.config.CLUSTER_NET);
    if (!net) {
      throw new DockletError(
        "invalid",
        `CLUSTER_NET=${deps.config.CLUSTER_NET} is not a network.`,
        "Write 172.16.0.1/16.",
      );
    }
    this.net = net;
    this.store = deps.store;
    this.#gateway = deps.gatewayHost ?? null;
    this.log = deps.log;
    this.frames = new Frames(deps.log);
    this.hosts = new Hosts(deps.config, (host) => this.images.heldBy(host));
    this.hosts.net = net;
    this.#early = new Map(deps.workers);
    this.#retention = new Retention(deps);
    this.#hearing = new Hearing(this, { gateway: this.#gateway, equip: () => this.#equipment.look() });
    this.#inbox = new Inbox(deps.log, (batch) => this.#hearing.take(batch));
    const worker = (host: string) => this.hosts.worker(host);
    this.builds = new Builds({ db: deps.store, commit: this.commit, images: this.images, worker, log: deps.log });
    this.transfers = new Transfers({
      worker: (host) => {
        if (this.hosts.names.includes(host)) return this.hosts.worker(host);
        throw new DockletError("gone", `The host ${host} is not here any more.`, "See `docklet host ls`.");
      },
      log: deps.log,
      ...(deps.transferPace ? { pace: deps.transferPace } : {}),
    });
    this.supply = new Supply({
      worker,
      transfers: this.transfers,
      ...(deps.transferPace?.maxMs === undefined ? {} : { retryMs: deps.transferPace.maxMs }),
    });
    const connected = () => this.hosts.connected().map(([name]) => name);
    const { images, builds, supply } = this;
    this.fetches = new Fetches({
      db: deps.store,
      commit: this.commit,
      images,
      supply,
      hosts: connected,
      known: (host) => this.hosts.names.includes(host) && !this.hosts.isRemoved(host),
      log: deps.log,
    });
    this.#equipment = new Equipment({ images, builds, fetches: this.fetches, hosts: connected, log: deps.log });
    this.moves = new Moves({
      store: deps.store,
      commit: this.commit,
      worker,
      removed: (host) => this.hosts.isRemoved(host),
      transfers: this.transfers,
      supply: this.supply,
      clock: deps.clock,
      log: deps.log,
      pace: deps.movePace,
    });
    this.homes = new Homes({
      store: deps.store,
      commit: this.commit,
      clock: deps.clock,
      hosts: this.hosts,
      mode: deps.sharedFiles ?? "auto",
      carry: (way, options) => this.transfers.carry(way, options),
      retryMs: deps.pace?.retryMs ?? 5_000,
      changed: () => this.#tellHosts(),
      log: deps.log,
    });
    this.losses = new Losses({
      store: deps.store,
      commit: this.commit,
      hosts: this.hosts,
      images: this.images,
      clock: deps.clock,
      boot: deps.boot ?? sinceBoot,
      lease: (deps.config.HOST_LEASE ?? USUAL_LEASE) * 1000,
      pace: deps.lossPace,
      log: deps.log,
    });
    this.delivery = new Delivery({
      db: deps.store,
      term: () => this.#term,
      gateway: this.#gateway,
      worker,
      changed: (vcluster) => this.#inbox.look(vcluster),
      taken: (host, order) => this.losses.taken(host, order),
      log: deps.log,
      pace: { ...PACE, ...deps.pace },
    });
  }

  start(): void {
    this.store.write((tx) => tx.run("UPDATE term SET term = term + 1"));
    this.#term = this.store.get<{ term: number }>("SELECT term FROM term")!.term;
    this.hosts.load(this.store);
    this.images.load(this.store);
    this.directory.load(this.store);
    this.keys.start();
    this.#retention.start();
    this.homes.load();
    this.losses.start();
    this.#running = true;
    this.fetches.resume();
    for (const [name, worker] of this.#early) this.attach(name, worker);
    this.#early.clear();
    this.homes.start();
    this.moves.start();
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.homes.stop();
    this.losses.stop();
    const moves = this.moves.stop();
    await this.fetches.stop();
    await this.transfers.stop();
    await moves;
    this.hosts.stop();
    this.#inbox.stop();
    this.keys.stop();
    this.#retention.stop();
    this.frames.stop();
    await this.delivery.stop();
  }

  get running(): boolean {
    return this.#running;
  }

  /** A worker is there, for the first time or again: hear its state, then tell it all that it should be. */
  attach(name: string, worker: WorkerApi): void {
    if (!this.#running) {
      this.#early.set(name, worker);
      return;
    }
    try {
      this.hosts.attach(name, worker, (report: Report) => this.#inbox.hear(name, report));
    } catch (e) {
      this.log.error({ err: e, host: name }, "a worker could not be listened to");
      this.hosts.detach(name, "does not answer");
    }
    // Its first words count before orders are made from what was known of old.
    this.#inbox.flush();
    this.losses.cameBack(name);
    this.delivery.resync(name);
    this.builds.resume(name);
    this.#equipment.cameBack(name);
    this.#equipment.look();
    this.homes.cameBack(name);
    void this.moves.cameBack(name, worker);
    void this.#errands(name, worker);
    this.frames.emit({ type: "host", data: this.hosts.one(this.store, name) });
  }

  /** `why`: what people read in the list of hosts. */
  detach(name: string, why: string | null = null): void {
    this.#early.delete(name);
    if (!this.hosts.worker(name)) return;
    this.hosts.detach(name, why);
    this.moves.look();
    this.frames.emit({ type: "host", data: this.hosts.one(this.store, name) });
  }

  /** A host that should be here is not, and this is why. */
  missing(name: string, why: string): void {
    this.hosts.missing(name, why);
    this.frames.emit({ type: "host", data: this.hosts.one(this.store, name) });
  }

  /** A host does not belong here any more. */
  forgetHost(name: string): void {
    const last = this.hosts.one(this.store, name);
    this.hosts.forget(name);
    this.images.forgetHost(name);
    this.history.forget(name);
    this.frames.emit({ type: "host", data: { ...last, state: "removed", reason: "was removed" } });
    for (const image of this.images.names) {
      const data = this.images.one(this.store, image);
      if (data) this.frames.emit({ type: "image", data });
    }
  }

  /** One write. What it touched is settled before it is on disk, and told to hosts and watchers after it. */
  readonly commit = <T>(body: (c: Change) => T): T => {
    let change: Change | undefined;
    const result = this.store.write((tx) => {
      const c = new Change(tx, this.deps.clock.now());
      change = c;
      const value = body(c);
      if (c.touched.size > 0) for (const owner of ownersOf(c.tx, c)) this.#follow(owner);
      this.moves.conclude(c);
      for (const id of c.touched) settle(c, id, this.delivery);
      for (const id of c.looked) {
        if (c.touched.has(id)) continue;
        const before = c.writes;
        settle(c, id, this.delivery);
        if (c.writes > before) c.touched.add(id);
      }
      return value;
    });
    if (change) this.#publish(change);
    return result;
  };

  /** Data folders follow a little later: one look for all that happened in this turn. */
  #follow(owner: string): void {
    if (this.#restless.size === 0) {
      setImmediate(() => {
        const owners = [...this.#restless];
        this.#restless.clear();
        try {
          if (this.#running) this.homes.look(owners);
        } catch (err) {
          this.log.error({ err }, "data folders could not be looked after; the next change tries again");
        }
      });
    }
    this.#restless.add(owner);
  }

  #tellHosts(): void {
    for (const name of this.hosts.names) {
      this.frames.pulse(`host/${name}`, () => ({ type: "host", data: this.hosts.one(this.store, name) }));
    }
  }

  #publish(c: Change): void {
    for (const id of c.touched) this.directory.refresh(this.store, id);
    if (c.moving.size > 0) this.moves.begun();
    const seen = c.touched.union(c.looked);
    if (seen.size > 0) this.moves.look(seen);
    for (const id of c.orders) this.delivery.send(id);
    for (const d of c.deleted) this.delivery.forget(d.id);
    for (const event of c.events) this.frames.emit({ type: "event", data: event });
    const operations = [...c.operations].flatMap((id) => readOperation(this.store, id) ?? []);
    const final = operations.some((o) => o.endedAt !== null);
    for (const id of c.touched) {
      this.frames.pulse(`vcluster/${id}`, () => {
        const data = readVcluster(this.store, id);
        return data && { type: "vcluster", data };
      });
      if (final) this.frames.flush(`vcluster/${id}`);
    }
    for (const { id, endedAt, kind, object } of operations) {
      if (kind === "host.drain" && endedAt !== null) {
        this.showHost(object);
        setImmediate(() => this.#running && this.homes.emptied(object));
      }
      this.frames.pulse(`operation/${id}`, () => {
        const data = readOperation(this.store, id);
        return data && { type: "operation", data };
      });
      if (endedAt !== null) this.frames.flush(`operation/${id}`);
    }
    for (const data of c.deleted) this.frames.emit({ type: "vcluster.deleted", data });
    for (const name of c.images) {
      const data = this.images.one(this.store, name);
      if (data) this.frames.emit({ type: "image", data });
    }
  }

  /** Tells watchers how a host is now. */
  showHost(host: string): void {
    this.frames.pulse(`host/${host}`, () => ({ type: "host", data: this.hosts.one(this.store, host) }));
  }

  /** What was wanted of this host while it was away: warm pools as people set them. */
  async #errands(host: string, worker: WorkerApi): Promise<void> {
    try {
      for (const w of this.store.all<{ image: string; warm: number }>("SELECT image, warm FROM warm_wants")) {
        await worker.setWarm(w.image, w.warm);
      }
    } catch (e) {
      this.log.warn({ err: e, host }, "some settings did not reach a host");
    }
  }
}
