import type { Recipe, Sample, State } from "../../src/contracts/public/index.ts";
import {
  type BuildReport,
  type HostReport,
  ImageReport,
  NOT_SHARED,
  type NodeStream,
  type Picture,
  type PictureSink,
  type PictureSource,
  type Report,
  type SharedTask,
  type StreamRequest,
  type VclusterOrder,
  type Volume,
  type WorkerApi,
} from "../../src/contracts/worker.ts";
import { digestOf } from "../../src/lib/digest.ts";
import { DockletError } from "../../src/lib/errors.ts";
import { build, image, report, sample } from "./fake-reports.ts";
import type { FakeSharedDisk } from "./fake-shared.ts";
import { FakeVolumes } from "./fake-volumes.ts";

export interface FakeNode {
  id: string;
  vcluster: string;
  name: string;
  generation: number;
  desired: "running" | "stopped" | "gone";
  state: State;
  reason: string | null;
  slug: string | null;
  bootedAt: number | null;
}

/** How it misbehaves. Node names are `host-0`, …; they are looked up when the node gets that far. */
export interface Misbehaviour {
  /** Fails instead of reaching this state. */
  fail: Map<string, { instead: State; reason: string }>;
  /** Can't be removed, so many times. */
  stuck: Map<string, number>;
  /** Called with each order before it is looked at: throw to refuse it, return a promise to be slow. */
  apply: (order: VclusterOrder) => void | Promise<void>;
  /** Called before orders are compared: throw, as a host does that is too old for it. */
  compare: () => void;
  /** Takes orders and says nothing. */
  silent: boolean;
}

export interface FakeOptions {
  name?: string;
  address?: string;
  capacity?: { cpu: number; memory: number; disk: number };
  images?: string[];
  /** Milliseconds between two steps of a node; 0: as soon as the loop turns; "hand": only when `step` is called. */
  pace?: number | "hand";
}

/**
 * A worker without LXC: the same contract, in memory. Nodes go through their states one step at a time. It outlives
 * the masters that talk to it, as a host does, and it remembers the highest order of each vcluster.
 */
export class FakeWorker implements WorkerApi {
  readonly name: string;
  readonly orders: VclusterOrder[] = [];
  readonly nodes = new Map<string, FakeNode>();
  readonly homes = new Map<string, number>();
  readonly images = new Map<string, ImageReport>();
  /** What lies in its pool. Each node has a disk here from its first order on; write to its content as the node would. */
  readonly volumes = new FakeVolumes();
  shared: FakeSharedDisk | null = null;
  readonly misbehave: Misbehaviour = {
    fail: new Map(),
    stuck: new Map(),
    apply: () => {},
    compare: () => {},
    silent: false,
  };
  readonly streams: StreamRequest[] = [];
  readonly builds = new Map<string, { recipe: Recipe; done: boolean }>();
  host: HostReport;
  readonly #highest = new Map<string, { term: number; generation: number; digest: string }>();
  readonly #listeners = new Set<(report: Report) => void>();
  readonly #pace: number | "hand";
  #timer: ReturnType<typeof setTimeout> | ReturnType<typeof setImmediate> | null = null;
  #slugs = 0;

  constructor(options: FakeOptions = {}) {
    this.name = options.name ?? "alpha";
    this.#pace = options.pace ?? 0;
    this.host = {
      type: "host",
      name: this.name,
      address: options.address ?? addressOf(this.name),
      mtu: 1500,
      capacity: options.capacity ?? { cpu: 64, memory: 262_144, disk: 4_000_000 },
      used: { cpu: 0, memory: 0, disk: 0 },
      warm: 0,
      gpus: [],
      kernel: "6.1.0",
      lxc: "5.0.2",
      version: "0.0.0",
      wire: 1,
      bootedAt: 1,
      shared: NOT_SHARED,
      problem: null,
    };
    for (const name of options.images ?? ["mini", "base"]) this.images.set(name, image(name, "ready"));
    for (const i of this.images.values()) this.#keepLayers(i);
    this.volumes.layerCame = (id) => {
      const came = ImageReport.parse(JSON.parse(this.volumes.layers.get(id)!));
      const have = this.images.get(came.name);
      if (have?.state !== "ready" || have.builtAt! < came.builtAt!) this.setImage(came);
    };
  }

  /** The layers of an image lie in the pool, too. */
  #keepLayers(i: ImageReport): void {
    const [top] = i.layers;
    if (top !== undefined) this.volumes.layers.set(top, JSON.stringify({ ...i, warm: { want: 0, have: 0 } }));
  }

  subscribe(listener: (report: Report) => void): () => void {
    this.#listeners.add(listener);
    const tell = (r: Report) => (this.misbehave.silent ? undefined : listener(r));
    tell(this.host);
    for (const i of this.images.values()) tell(i);
    for (const n of this.nodes.values()) tell(report(n));
    return () => this.#listeners.delete(listener);
  }

  async apply(order: VclusterOrder): Promise<void> {
    await this.misbehave.apply(order);
    const seen = this.#highest.get(order.id);
    if (seen && (order.term < seen.term || (order.term === seen.term && order.generation < seen.generation))) {
      throw new DockletError(
        "stale_order",
        `Order ${order.term}.${order.generation} is older than ${seen.term}.${seen.generation}.`,
      );
    }
    const digest = digestOf({ ...order, term: 0 });
    this.#highest.set(order.id, { term: order.term, generation: order.generation, digest });
    this.orders.push(structuredClone(order));
    const { id, home, lies } = order.owner;
    if (lies === "shared") this.shared?.homes.add(id);
    if (lies === "here" && order.nodes.some((n) => n.desired === "running")) this.#makeHome(id, home);
    for (const spec of order.nodes) {
      const old = this.nodes.get(spec.id);
      const node: FakeNode = old ?? {
        id: spec.id,
        vcluster: order.id,
        name: spec.name,
        generation: order.generation,
        desired: spec.desired,
        state: "pending",
        reason: null,
        slug: null,
        bootedAt: null,
      };
      if (old?.state === "failed" && spec.desired === "running" && order.generation > old.generation)
        old.state = "stopped";
      if (old && spec.desired === "gone" && old.state === "failed") old.state = "stopped";
      // What failed to run can be stopped: what is left of it is cleared away.
      if (old?.state === "failed" && spec.desired === "stopped") old.state = "stopping";
      node.generation = order.generation;
      node.desired = spec.desired;
      if (old || spec.desired !== "gone") {
        this.nodes.set(node.id, node);
        this.volumes.named(node.id, () => ({
          image: order.image,
          layers: this.images.get(order.image)?.layers ?? [],
          content: `made on ${this.name}\n`,
        }));
      }
      // Told once for every order, changed or not: the master learns that this generation was looked at.
      this.tell(spec.desired === "gone" && !old ? { ...report(node), state: "gone" } : report(node));
    }
    this.#wake();
  }

  async compare({ term, orders }: Parameters<WorkerApi["compare"]>[0]): Promise<string[]> {
    this.misbehave.compare();
    return orders.flatMap(({ vcluster, digest }) => {
      const known = this.#highest.get(vcluster);
      if (!known || known.digest !== digest || known.term > term) return [vcluster];
      known.term = term;
      return [];
    });
  }

  /** Of the newest order of a vcluster, whether it was given or found to be the same. */
  term(vcluster: string): number {
    return this.#highest.get(vcluster)?.term ?? 0;
  }

  /** One step of every node that is not yet what it should be. false: nothing is left to do. */
  step(): boolean {
    let moved = false;
    for (const node of [...this.nodes.values()]) moved = this.#advance(node) || moved;
    return moved;
  }

  tell(r: Report): void {
    if (this.misbehave.silent) return;
    for (const listener of [...this.#listeners]) listener(r);
  }

  /** The host lost power: everything stopped, nobody was told. */
  powerLoss(): void {
    for (const n of this.nodes.values()) if (n.state !== "pending") n.state = "stopped";
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  async openStream(request: StreamRequest): Promise<NodeStream> {
    this.streams.push(request);
    const readers: ((fd: 1 | 2, data: Uint8Array) => void)[] = [];
    const exited = Promise.withResolvers<number>();
    return {
      write: (data) => {
        for (const r of readers) r(1, data);
        return true;
      },
      end: () => exited.resolve(0),
      resize: () => {},
      close: () => exited.resolve(129),
      onData: (r) => readers.push(r),
      exited: exited.promise,
    };
  }

  async history(nodes: string[]): Promise<Record<string, Sample[]>> {
    return Object.fromEntries(nodes.filter((n) => this.nodes.has(n)).map((n) => [n, [sample(1)]]));
  }

  async buildImage(r: { operation: string; recipe: Recipe }): Promise<void> {
    this.builds.set(r.operation, { recipe: r.recipe, done: false });
    this.setImage({ ...image(r.recipe.name, "building"), recipe: r.recipe });
    this.tell(build(r.operation, r.recipe.name, 0.1));
  }

  /** Ends a build: well, or with an error. */
  finishBuild(operation: string, error: BuildReport["error"] = null): void {
    const b = this.builds.get(operation)!;
    b.done = true;
    const built = (this.volumes.newestOf(b.recipe.name) ?? 0) + 1;
    this.setImage({
      ...image(b.recipe.name, error ? "failed" : "ready", built),
      recipe: b.recipe,
      reason: error?.message ?? null,
    });
    this.tell({ ...build(operation, b.recipe.name, 1), done: true, error });
  }

  async cancelBuild(operation: string): Promise<void> {
    const b = this.builds.get(operation);
    if (!b || b.done) throw new DockletError("not_found", "There is no such build.");
    this.finishBuild(operation, { code: "cancelled", message: "cancelled", hint: "" });
  }

  async deleteImage(name: string): Promise<void> {
    this.setImage({ ...this.images.get(name)!, state: "absent", size: null, builtAt: null, layers: [] });
  }

  async setWarm(name: string, count: number): Promise<void> {
    const i = this.images.get(name);
    if (i) this.setImage({ ...i, warm: { want: count, have: count } });
  }

  async setHomeQuota(owner: string, mib: number): Promise<void> {
    this.#makeHome(owner, mib);
  }

  async deleteHome(owner: string): Promise<void> {
    this.homes.delete(owner);
    this.volumes.homes.delete(owner);
  }

  async layersOf(node: string): Promise<string[] | null> {
    return this.volumes.layersOf(node);
  }

  async takePicture(request: { picture: Picture; parent: string | null }): Promise<{ bytes: number }> {
    return this.volumes.take(request);
  }

  sendPicture(request: { picture: Picture; parent: string | null; offset: number }): Promise<PictureSource> {
    return this.volumes.send(request);
  }

  receivePicture(request: { picture: Picture; parent: string | null }): Promise<PictureSink> {
    return this.volumes.receive(request);
  }

  adoptPicture(picture: Picture): Promise<void> {
    return this.volumes.adopt(picture);
  }

  async dropPictures(volume: Volume): Promise<void> {
    this.volumes.drop(volume);
  }

  async share(task: SharedTask): Promise<void> {
    if (!this.shared) throw new DockletError("unavailable", "Nothing shared is mounted here.");
    this.shared.do(task);
  }

  /** null: nothing shared any more. */
  mountShared(disk: FakeSharedDisk | null): void {
    this.shared?.umount(this.name);
    this.shared = disk;
    const see = () => {
      this.host = { ...this.host, shared: disk?.report(this.name) ?? NOT_SHARED };
      this.tell(this.host);
    };
    disk?.mount(this.name, see);
    see();
  }

  #makeHome(owner: string, mib: number): void {
    this.homes.set(owner, mib);
    this.volumes.homes.set(owner, this.volumes.homes.get(owner) ?? "");
  }

  setImage(i: ImageReport): void {
    this.images.set(i.name, i);
    this.#keepLayers(i);
    this.tell(i);
  }

  #advance(n: FakeNode): boolean {
    const next = nextState(n);
    if (next === null) return false;
    if (next === "gone") {
      const stuck = this.misbehave.stuck.get(n.name) ?? 0;
      if (stuck > 0) {
        this.misbehave.stuck.set(n.name, stuck - 1);
        this.#become(n, "failed", "device is busy");
        return true;
      }
      this.nodes.delete(n.id);
      this.volumes.gone(n.id);
      this.tell({ ...report(n), state: "gone" });
      return true;
    }
    const bad = this.misbehave.fail.get(n.name);
    if (bad?.instead === next) this.#become(n, "failed", bad.reason);
    else this.#become(n, next, null);
    return true;
  }

  #become(n: FakeNode, state: State, reason: string | null): void {
    n.state = state;
    n.reason = reason;
    if (state === "ready") {
      n.slug = `s${String(++this.#slugs).padStart(4, "0")}${n.id}`;
      n.bootedAt = 1000 + this.#slugs;
    }
    if (state === "stopped") n.slug = null;
    this.tell(report(n));
  }

  #wake(): void {
    if (this.#pace === "hand" || this.#timer) return;
    const turn = () => {
      this.#timer = null;
      if (this.step()) this.#wake();
    };
    this.#timer = this.#pace === 0 ? setImmediate(turn) : setTimeout(turn, this.#pace);
  }
}

/** Hosts have addresses of their own, the same ones every time. */
function addressOf(name: string): string {
  const n = [...name].reduce((sum, ch) => (sum * 31 + ch.charCodeAt(0)) % 65_000, 7);
  return `198.18.${n >> 8}.${n & 255}`;
}

function nextState(n: FakeNode): State | "gone" | null {
  if (n.state === "failed") return null;
  if (n.desired === "gone") return n.state === "deleting" || n.state === "pending" ? "gone" : "deleting";
  if (n.desired === "stopped") {
    if (n.state === "stopped") return null;
    return n.state === "stopping" || n.state === "pending" ? "stopped" : "stopping";
  }
  const order: State[] = ["preparing", "booting", "ready"];
  return n.state === "ready" ? null : (order[order.indexOf(n.state) + 1] ?? null);
}
