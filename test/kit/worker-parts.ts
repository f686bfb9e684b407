import type { VclusterOrder } from "../../src/contracts/worker.ts";
import { listAssets, readAsset } from "../../src/os/assets.ts";
import type { Clock } from "../../src/os/clock.ts";
import { loadMigrations } from "../../src/store/migrate.ts";
import { Store } from "../../src/store/store.ts";
import type { Instance, Instances } from "../../src/worker/nodes/instances.ts";
import type { ImageFacts, ImageSource, Runtime } from "../../src/worker/nodes/runtime.ts";

export function openStoreOf(wing: "worker" | "metrics", path = ":memory:", committed = () => {}): Store {
  return Store.open(
    path,
    loadMigrations(listAssets(`migrations/${wing}`), (f) => readAsset(`migrations/${wing}/${f}`)),
    committed,
  );
}

/** A clock that stands until it is moved. */
export class StoppedClock implements Clock {
  constructor(private at = 1_000_000) {}
  now = () => this.at;
  monotonic = () => this.at;
  move(ms: number): void {
    this.at += ms;
  }
}

export const PEER = { private: "PRIVATE KEY\n", public: "ssh-ed25519 PEER" };

/** An order for nodes host-0, host-1, … with ids nodea0, nodea1, … */
export function orderOf(desired: ("running" | "stopped" | "gone")[], more: Partial<VclusterOrder> = {}): VclusterOrder {
  const nodes = desired.map((d, n) => ({
    id: `nodea${n}`,
    name: `host-${n}`,
    desired: d,
    size: { cpu: 1, memory: 512, disk: 1024 },
    address: `172.16.0.${n + 2}`,
    mac: `02:00:ac:10:00:0${n + 2}`,
  }));
  return {
    term: 1,
    generation: 1,
    id: "vclusa",
    name: "lab",
    image: "mini",
    owner: { id: "ownera", name: "ann", home: 1024, lies: "here", at: null, shared: null },
    network: { subnet: "172.16.0.0/26", gateway: "172.16.0.1", vni: 7, mtu: 1450, members: [], gatewayHost: null },
    hosts: nodes.map(({ name, address }) => ({ name, address })),
    authorizedKeys: [],
    peerKey: PEER,
    nodes,
    onHostLoss: { nodes: "keep", recover: "wait" },
    ...more,
  };
}

/** Images that are what the test says. */
export class FakeImages implements ImageSource {
  readonly known = new Map<string, ImageFacts>([
    ["mini", { layers: ["/layers/mini@1"], init: "simple", ready: "init" }],
  ]);
  facts = (name: string) => this.known.get(name) ?? null;
  dockletLayer = async () => "/layers/docklet@1";
}

type Call = "boot" | "bind" | "stop" | "destroy";

/** Containers without containers: each call is written down, can be made to wait and can be made to fail. */
export class FakeRuntime {
  readonly calls: string[] = [];
  readonly running = new Map<string, number>();
  readonly frozen = new Set<string>();
  readonly failing = new Map<Call, Error>();
  readonly held = new Map<Call, Promise<void>>();
  /** Above every pid that can be: nothing listens there. */
  #nextPid = 2 ** 22 + 1;

  constructor(private readonly instances: Instances) {}

  get real(): Runtime {
    return this as unknown as Runtime;
  }

  pid = (i: Instance) => this.running.get(i.id) ?? null;
  pidSoon = async (i: Instance) => this.pid(i);

  async boot(i: Instance): Promise<number> {
    const before = this.running.get(i.id);
    if (before !== undefined) return before;
    await this.#do("boot", i);
    const pid = this.#nextPid++;
    this.running.set(i.id, pid);
    return pid;
  }

  async bind(i: Instance): Promise<void> {
    await this.#do("bind", i);
  }

  freeze(i: Instance, frozen: boolean): void {
    if (this.frozen.has(i.id) === frozen) return;
    this.calls.push(`${frozen ? "freeze" : "thaw"} ${i.node}`);
    if (frozen) this.frozen.add(i.id);
    else this.frozen.delete(i.id);
  }
  isFrozen = (i: Instance) => this.frozen.has(i.id);

  async stop(i: Instance, graceful: boolean): Promise<void> {
    await this.#do("stop", i, graceful ? " gently" : "");
    this.running.delete(i.id);
    this.frozen.delete(i.id);
  }

  async destroy(i: Instance): Promise<void> {
    if (i.stage !== "dying") this.instances.setStage(i.id, "dying");
    await this.#do("destroy", i);
    this.running.delete(i.id);
    this.instances.remove(i.id);
  }

  /** What was called since it was last asked. */
  since(): string[] {
    return this.calls.splice(0);
  }

  async #do(call: Call, i: Instance, how = ""): Promise<void> {
    this.calls.push(`${call} ${i.node ?? "warm"}${how}`);
    await this.held.get(call);
    const failure = this.failing.get(call);
    if (failure) throw failure;
  }
}
