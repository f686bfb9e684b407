import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "../src/contracts/public/index.ts";
import { Layers, layerId } from "../src/worker/images/layers.ts";
import { TestDocklet } from "../test/kit/docklet.ts";
import { command } from "./command.ts";
import { atEnd } from "./ending.ts";
import { Feed } from "./feed.ts";
import { openCachedPool } from "./pool.ts";

/** More than any bench asks for: what is measured is the machine, not the quota. */
const QUOTA = { cpu: 10_000, memory: 100_000_000, disk: 1_000_000_000, nodes: 10_000, vclusters: 1000 };

/** While something is made quicker: no build between two tries. */
const fromSource = process.env.DOCKLET_BENCH_SOURCE === "1";

/** Somebody with a token, an ssh key and their portal open. */
export interface Person {
  name: string;
  api: Client;
  token: string;
  key: string;
  feed: Feed;
}

/** A docklet (the built executable, unless DOCKLET_BENCH_SOURCE=1) over the kept pool, with its images built. */
export class Lab {
  readonly #people: Person[] = [];
  readonly #waiting = new Map<string, (at: number) => void>();
  /** Texts of files that were read once; they do not change while their node lives. */
  readonly #read = new Map<string, string>();
  #watch: Timer | null = null;

  private constructor(
    readonly docklet: TestDocklet,
    /** The event stream of root, who sees everything. */
    readonly feed: Feed,
    private readonly end: () => Promise<void>,
  ) {}

  static async open(images: string[], settings: Record<string, string | number> = {}): Promise<Lab> {
    const pool = await openCachedPool();
    const docklet = await TestDocklet.start({
      source: fromSource,
      settings: {
        STORAGE: "disk",
        DISK: pool.device,
        LOG_LEVEL: "INFO",
        CPU_OVERCOMMIT: 100,
        MEMORY_OVERCOMMIT: 20,
        DISK_OVERCOMMIT: 100,
        ...settings,
      },
    });
    const end = atEnd(() => docklet.destroy());
    const { items } = await docklet.root.images();
    for (const name of images) {
      if (items.find((i) => i.name === name)?.state === "ready") continue;
      console.error(`building image ${name}: it is kept for the next run`);
      await docklet.build(name);
    }
    const { items: groups } = await docklet.root.groups();
    for (const { name } of groups) await docklet.root.patchGroup({ params: { name }, body: { quota: QUOTA } });
    const feed = await Feed.open("http://docklet/api/v1/events/stream", { unix: docklet.socket } as RequestInit);
    return new Lab(docklet, feed, async () => {
      await end();
      await pool.close();
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#watch ?? undefined);
    for (const p of this.#people) p.feed.close();
    this.feed.close();
    await this.end();
  }

  async person(name: string): Promise<Person> {
    const { api, token } = await this.docklet.person(name);
    const key = join(this.docklet.prefix, `${name}-key`);
    await command(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key]);
    await api.addKey({ body: { key: readFileSync(`${key}.pub`, "utf8").trim() } });
    const feed = await Feed.open(`${this.docklet.portal}/api/v1/events/stream`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const person = { name, api, token, key, feed };
    this.#people.push(person);
    return person;
  }

  /** Sets the size of the warm pool and waits until it has exactly that many. */
  async warm(image: string, count: number): Promise<void> {
    const full = this.feed.next(
      (f) => f.type === "image" && f.data.name === image && f.data.warm.want === count && f.data.warm.have === count,
      600_000,
    );
    await this.docklet.root.patchImage({ params: { name: image }, body: { warm: count } });
    const { items } = await this.docklet.root.images();
    const now = items.find((i) => i.name === image)?.warm;
    if (now?.want === count && now.have === count) full.catch(() => {});
    else await full;
  }

  /** Deletes a vcluster and waits until nothing is left of it. */
  async remove(person: Person, name: string): Promise<void> {
    const op = await person.api.deleteVcluster({ params: { name } });
    const done = await this.docklet.finish(op);
    if (done.state !== "done") throw new Error(`${name} was not deleted: ${JSON.stringify(done.error)}`);
  }

  /** Read-only folders of an image, docklet's own on top: what its nodes are made of. */
  layers(image: string): string[] {
    const layers = new Layers(join(this.docklet.prefix, "local/pool"));
    const own = layers.newest("docklet");
    const newest = layers.newest(image);
    if (!own || !newest) throw new Error(`image ${image} is not built`);
    return [layerId(own), layerId(newest), ...newest.parents].map((id) => layers.tree(id));
  }

  get live(): string {
    return join(this.docklet.prefix, "local/live");
  }

  /** When the worker has a container for this vcluster and has given it its identity. */
  named(vcluster: string): Promise<number> {
    return this.#seen(`name ${vcluster}`);
  }

  /**
   * When a node has its network: the worker leaves a note for its hook as soon as it is plugged in. Connecting
   * earlier would lose the first ARP request and measure its retry.
   */
  plugged(address: string): Promise<number> {
    return this.#seen(`addr ${address}`);
  }

  /** One look a millisecond for all that wait. */
  #seen(what: string): Promise<number> {
    return new Promise((found) => {
      this.#waiting.set(what, found);
      this.#watch ??= setInterval(() => this.#look(), 1);
    });
  }

  #look(): void {
    for (const id of readdirSync(this.live)) {
      this.#tell("name", this.#text(join(this.live, id, "idsrc/vcluster")));
      // The second of two notes: when it is there, the first one is whole.
      if (this.#text(join(this.live, id, "net.host")) === null) continue;
      const guest = this.#text(join(this.live, id, "net.guest"));
      this.#tell("addr", /addr replace ([\d.]+)/.exec(guest ?? "")?.[1] ?? null);
    }
    if (this.#waiting.size > 0) return;
    clearInterval(this.#watch ?? undefined);
    this.#watch = null;
  }

  #tell(kind: string, value: string | null): void {
    if (value === null) return;
    const what = `${kind} ${value.trim()}`;
    this.#waiting.get(what)?.(performance.now());
    this.#waiting.delete(what);
  }

  #text(path: string): string | null {
    const known = this.#read.get(path);
    if (known !== undefined) return known;
    if (!existsSync(path)) return null;
    const text = readFileSync(path, "utf8");
    this.#read.set(path, text);
    return text;
  }
}
