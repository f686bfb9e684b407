import type { CreateVcluster, MasterApi, MasterFrame, Owner, SlugTarget } from "../../src/contracts/master.ts";
import {
  DEFAULT_ON_HOST_LOSS,
  DEFAULT_PLACEMENT,
  type Event,
  type Node,
  type NodeSize,
  type OnHostLoss,
  type Operation,
  type Vcluster,
} from "../../src/contracts/public/index.ts";
import type { NodeStream, StreamRequest } from "../../src/contracts/worker.ts";
import { DockletError } from "../../src/lib/errors.ts";
import { longId, randomName } from "../../src/lib/ids.ts";
import { FakeDatacenter } from "./fake-datacenter.ts";
import { FakeStream } from "./fake-stream.ts";

export { FakeStream } from "./fake-stream.ts";

/**
 * A data centre in memory: what a master answers, without hosts. By default everything is done at once;
 * with `auto = false` operations wait for `finish`. `failNext` makes one call throw.
 */
export class FakeMaster extends FakeDatacenter implements MasterApi {
  auto = true;
  readonly owners = new Map<string, Owner>();
  readonly ops = new Map<string, Operation>();
  readonly history: Event[] = [];
  readonly streams: FakeStream[] = [];
  checks: Record<string, string | null> = { master: null, worker: null };
  readonly #listeners = new Set<(frame: MasterFrame) => void>();
  emit(frame: MasterFrame): void {
    for (const listener of [...this.#listeners]) listener(frame);
  }

  subscribe(listener: (frame: MasterFrame) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  create(request: CreateVcluster): Promise<{ vcluster: Vcluster; operation: Operation }> {
    return this.call("create", request, () => {
      this.owners.set(request.owner.id, request.owner);
      const before = this.rows.get(request.id);
      if (before) return { vcluster: before, operation: this.#latest(before) };
      const nodes = Array.from({ length: request.nodes }, (_, i) => node(i, request.size));
      const vcluster: Vcluster = {
        id: request.id,
        name: request.name,
        owner: request.owner.name,
        image: request.image,
        state: "pending",
        reason: null,
        desired: "running",
        subnet: "172.16.0.0/26",
        nodes,
        operation: null,
        placement: { ...DEFAULT_PLACEMENT, ...request.placement },
        onHostLoss: { ...DEFAULT_ON_HOST_LOSS, ...request.onHostLoss },
        createdAt: this.time(),
      };
      this.rows.set(request.id, vcluster);
      const operation = this.#begin("vcluster.create", vcluster, request, () => up(vcluster));
      return { vcluster, operation };
    });
  }

  start(ref: { id: string; actor: string; requestId: string }): Promise<Operation> {
    return this.call("start", ref, () => {
      const v = this.#row(ref.id);
      v.desired = "running";
      return this.#begin("vcluster.start", v, ref, () => up(v));
    });
  }

  stop(ref: { id: string; actor: string; requestId: string }): Promise<Operation> {
    return this.call("stop", ref, () => {
      const v = this.#row(ref.id);
      v.desired = "stopped";
      return this.#begin("vcluster.stop", v, ref, () => {
        v.state = "stopped";
        for (const n of v.nodes) Object.assign(n, { state: "stopped", slug: null });
      });
    });
  }

  remove(ref: { id: string; actor: string; requestId: string }): Promise<Operation> {
    return this.call("remove", ref, () => {
      const v = this.#row(ref.id);
      v.desired = "deleted";
      return this.#begin("vcluster.delete", v, ref, () => {
        this.rows.delete(v.id);
        this.emit({ type: "vcluster.deleted", data: { id: v.id, name: v.name, owner: v.owner } });
      });
    });
  }

  scale(ref: { id: string; actor: string; requestId: string; nodes: number; size: NodeSize }): Promise<Operation> {
    return this.call("scale", ref, () => {
      const v = this.#row(ref.id);
      return this.#begin("vcluster.scale", v, ref, () => {
        while (v.nodes.length > ref.nodes) v.nodes.pop();
        while (v.nodes.length < ref.nodes) v.nodes.push(node(v.nodes.length, ref.size));
        if (v.desired === "running") up(v);
      });
    });
  }

  move(ref: Parameters<MasterApi["move"]>[0]): Promise<Operation> {
    return this.call("move", ref, () => {
      const v = this.#row(ref.id);
      return this.#begin("vcluster.move", v, ref, () => {
        for (const n of v.nodes) if (ref.nodes?.includes(n.name) ?? true) n.host = ref.to ?? "other";
      });
    });
  }

  drainHost(request: Parameters<MasterApi["drainHost"]>[0]): Promise<Operation> {
    return this.call("drainHost", request, () => {
      this.hostNamed(request.name).state = "cordoned";
      return this.#operation("host.drain", request.actor, request.name);
    });
  }

  rename(ref: { id: string; actor: string; requestId: string; name: string }): Promise<Vcluster> {
    return this.call("rename", ref, () => {
      const v = this.#row(ref.id);
      v.name = ref.name;
      this.#tell(v);
      return structuredClone(v);
    });
  }

  setOnHostLoss(ref: { id: string; actor: string; requestId: string; onHostLoss: OnHostLoss }): Promise<Vcluster> {
    return this.call("setOnHostLoss", ref, () => {
      const v = this.#row(ref.id);
      Object.assign(v.onHostLoss, ref.onHostLoss);
      this.#tell(v);
      return structuredClone(v);
    });
  }

  vcluster(id: string): Promise<Vcluster | null> {
    return this.call("vcluster", id, () => structuredClone(this.rows.get(id) ?? null));
  }

  byName(owner: string, name: string): Promise<Vcluster | null> {
    const found = [...this.rows.values()].find((v) => v.owner === owner && v.name === name);
    return this.call("byName", { owner, name }, () => structuredClone(found ?? null));
  }

  vclusters(filter: { owner: string | null; cursor?: string | undefined; limit: number }) {
    return this.call("vclusters", filter, () => {
      const all = [...this.rows.values()].filter((v) => filter.owner === null || v.owner === filter.owner);
      return page(structuredClone(all), filter);
    });
  }

  metrics(id: string) {
    const at = this.time();
    const samples = [{ at, cpu: 0.5, memory: 1e8, disk: 1e8, rx: 0, tx: 0, pids: 20 }];
    return this.call("metrics", id, () => this.#row(id).nodes.map((n) => ({ node: n.name, samples })));
  }

  openStream(id: string, nodeName: string, request: StreamRequest): Promise<NodeStream> {
    return this.call("openStream", { id, node: nodeName, request }, () => {
      const stream = new FakeStream(request);
      this.streams.push(stream);
      return stream;
    });
  }

  resolveSlug(slug: string): SlugTarget | null {
    for (const v of this.rows.values()) {
      const n = v.nodes.find((x) => x.slug === slug);
      if (!n) continue;
      const jupyter = this.imageList.find((i) => i.name === v.image)?.ready === "jupyter";
      return {
        owner: v.owner,
        vcluster: v.name,
        vclusterId: v.id,
        node: n.name,
        state: n.state,
        reason: n.reason,
        address: n.address ?? "172.16.0.2",
        jupyterToken: jupyter ? "jupyter-token" : null,
        ready: jupyter ? "jupyter" : "init",
      };
    }
    return null;
  }

  updateOwner(owner: Owner): Promise<void> {
    return this.call("updateOwner", owner, () => void this.owners.set(owner.id, owner));
  }

  removeOwner(owner: Owner): Promise<void> {
    return this.call("removeOwner", owner, () => void this.owners.delete(owner.id));
  }

  operation(id: string): Promise<Operation | null> {
    return this.call("operation", id, () => structuredClone(this.ops.get(id) ?? null));
  }

  operations(filter: Parameters<MasterApi["operations"]>[0]) {
    return this.call("operations", filter, () => {
      const all = [...this.ops.values()]
        .filter((o) => filter.owner === null || o.owner === filter.owner)
        .filter((o) => filter.object === undefined || o.object === filter.object)
        .filter((o) => filter.active === undefined || (o.endedAt === null) === filter.active)
        .reverse();
      return page(structuredClone(all), filter);
    });
  }

  cancel(id: string, cause: { actor: string; requestId: string }): Promise<Operation> {
    return this.call("cancel", { id, ...cause }, () => {
      const o = this.ops.get(id);
      if (!o) throw new DockletError("not_found", "There is no such operation.");
      if (o.endedAt !== null) throw new DockletError("conflict", "The operation has ended.");
      this.#end(o, "cancelled");
      return structuredClone(o);
    });
  }

  events(filter: { owner: string | null; object?: string | undefined; cursor?: string | undefined; limit: number }) {
    return this.call("events", filter, () => {
      const before = filter.cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(filter.cursor.replace(/^\D*/, ""));
      const all = this.history
        .filter((e) => Number(e.id.slice(1)) < before)
        .filter((e) => filter.owner === null || e.owner === filter.owner)
        .filter((e) => filter.object === undefined || e.object === filter.object)
        .reverse();
      const items = all.slice(0, filter.limit);
      return { items, next: all.length > filter.limit ? items.at(-1)!.id : null };
    });
  }

  buildImage(request: { actor: string; requestId: string; name: string }): Promise<Operation> {
    return this.call("buildImage", request, () => this.#operation("image.build", request.actor, request.name));
  }

  health(): Promise<{ ready: boolean; checks: Record<string, string | null> }> {
    return this.call("health", null, () => ({ ready: this.checks.master === null, checks: { ...this.checks } }));
  }

  /** Ends an operation that waits because `auto` is off. */
  finish(id: string, how: "done" | "failed" = "done"): void {
    const o = this.ops.get(id);
    if (!o) throw new Error(`no operation ${id}`);
    this.#end(o, how);
  }

  addEvent(e: Partial<Event>): void {
    const id = `m${this.history.length + 1}`;
    const at = this.time();
    const whole = { id, at, actor: "x", action: "vcluster.create", object: "x", owner: null, result: "ok" as const };
    const event: Event = { ...whole, message: "", requestId: null, ...e };
    this.history.push(event);
    this.emit({ type: "event", data: event });
  }

  readonly #work = new Map<string, { vcluster: Vcluster; body: () => void }>();

  #begin(
    kind: Operation["kind"],
    v: Vcluster,
    cause: { actor: string; requestId: string },
    body: () => void,
  ): Operation {
    if (v.operation !== null) throw new DockletError("conflict", `"${v.name}" is being changed already.`);
    const o = this.#operation(kind, v.owner, v.name);
    v.operation = o.id;
    this.#work.set(o.id, { vcluster: v, body });
    this.addEvent({ actor: cause.actor, action: kind, object: v.name, owner: v.owner, requestId: cause.requestId });
    this.#tell(v);
    if (this.auto) this.#end(o, "done");
    return structuredClone(o);
  }

  #operation(kind: Operation["kind"], owner: string, object: string): Operation {
    const id = longId("op");
    const startedAt = this.time();
    const o: Operation = {
      id,
      kind,
      owner,
      object,
      state: "running",
      steps: [{ name: "work", state: "running", progress: null, message: null }],
      error: null,
      cancellable: true,
      startedAt,
      endedAt: null,
    };
    this.ops.set(id, o);
    this.emit({ type: "operation", data: structuredClone(o) });
    return o;
  }

  #end(o: Operation, how: "done" | "failed" | "cancelled"): void {
    o.state = how;
    o.endedAt = this.time();
    const work = this.#work.get(o.id);
    this.#work.delete(o.id);
    if (work) {
      work.vcluster.operation = null;
      if (how === "done") work.body();
      else if (how === "failed") work.vcluster.state = "failed";
      if (this.rows.has(work.vcluster.id)) this.#tell(work.vcluster);
    }
    this.emit({ type: "operation", data: structuredClone(o) });
  }

  #tell(v: Vcluster): void {
    this.emit({ type: "vcluster", data: structuredClone(v) });
  }

  #latest(v: Vcluster): Operation {
    return structuredClone([...this.ops.values()].filter((o) => o.object === v.name).at(-1)!);
  }

  #row(id: string): Vcluster {
    const v = this.rows.get(id);
    if (!v) throw new DockletError("not_found", "There is no such vcluster.");
    return v;
  }
}

function up(v: Vcluster): void {
  v.state = "ready";
  for (const n of v.nodes) {
    if (n.state === "ready") continue;
    Object.assign(n, { state: "ready", slug: randomName(12), host: "lab", address: "172.16.0.2", bootedAt: 1 });
  }
}

function node(i: number, size: NodeSize): Node {
  const id = randomName(6);
  const where = { slug: null, state: "pending" as const, reason: null, host: null, address: null };
  return { id, name: `host-${i}`, ...where, size: { ...size }, warm: false, why: null, bootedAt: null };
}

function page<T extends { id: string }>(all: T[], filter: { cursor?: string | undefined; limit: number }) {
  const from = filter.cursor === undefined ? 0 : all.findIndex((x) => x.id === filter.cursor) + 1;
  const items = all.slice(from, from + filter.limit);
  return { items, next: from + filter.limit < all.length ? items.at(-1)!.id : null };
}
