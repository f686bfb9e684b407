import type {
  Cause,
  CreateVcluster,
  MasterApi,
  MasterFrame,
  NewJoinToken,
  Owner,
  SlugTarget,
  VclusterRef,
} from "../contracts/master.ts";
import type {
  Host,
  HostNode,
  HostSample,
  Image,
  JoinToken,
  NodeSize,
  OnHostLoss,
  Operation,
  Recipe,
  Sample,
  Vcluster,
} from "../contracts/public/index.ts";
import type { NodeStream, StreamRequest } from "../contracts/worker.ts";
import { DockletError } from "../lib/errors.ts";
import { longId, shortId } from "../lib/ids.ts";
import { listEvents } from "../store/events.ts";
import { WING } from "./change.ts";
import { HostCare } from "./hosts/care.ts";
import type { HostDesk } from "./hosts/desk.ts";
import { deleteImage, patchImage } from "./images/keeping.ts";
import { cancelMoves, drainHost, moveVcluster } from "./moves/begin.ts";
import { listOperations, operationRow, readOperation } from "./operations/operations.ts";
import { dropOwner, saveOwner } from "./owners/owners.ts";
import { checkCreate, checkMemory, create, earlier } from "./vclusters/create.ts";
import { cancel, needed, remove, start, stop } from "./vclusters/lifecycle.ts";
import { setOnHostLoss } from "./vclusters/on-host-loss.ts";
import { rename } from "./vclusters/rename.ts";
import { listVclusters, type NodeRow, nodeName, nodeRows, readByName, readVcluster } from "./vclusters/rows.ts";
import { scale } from "./vclusters/scale.ts";
import type { Wing } from "./wing.ts";

/**
 * What a supermaster can ask. Every method that changes something is one write and returns when that is on disk:
 * workers hear of it in the same turn, and nobody waits for them.
 */
export class MasterService implements MasterApi {
  readonly care: HostCare;

  constructor(
    readonly wing: Wing,
    readonly desk: HostDesk,
  ) {
    this.care = new HostCare(wing);
  }

  subscribe(listener: (frame: MasterFrame) => void): () => void {
    return this.wing.frames.subscribe(listener);
  }

  async create(request: CreateVcluster): Promise<{ vcluster: Vcluster; operation: Operation }> {
    checkCreate(request);
    const { store, images, hosts, net, keys } = this.wing;
    const before = earlier(store, request.id);
    const operation = before?.operation ?? longId("op");
    if (!before) {
      this.#usable(request.image);
      checkMemory(request.image, images.readiness(request.image), request.size);
      const nodeIds = this.#nodeIds(request.nodes);
      const peerKey = keys.take();
      this.wing.commit((c) => {
        const candidates = hosts.candidates(c.tx, images.locality(request.image), { owner: request.owner.id });
        create(c, { request, operation, nodeIds, peerKey, net, candidates });
      });
    }
    return { vcluster: readVcluster(store, request.id)!, operation: readOperation(store, operation)! };
  }

  async start(ref: VclusterRef): Promise<Operation> {
    return this.#did(this.wing.commit((c) => start(c, { ...ref, operation: longId("op") })));
  }

  async stop(ref: VclusterRef): Promise<Operation> {
    return this.#did(this.wing.commit((c) => stop(c, { ...ref, operation: longId("op") })));
  }

  async remove(ref: VclusterRef): Promise<Operation> {
    return this.#did(this.wing.commit((c) => remove(c, { ...ref, operation: longId("op") })));
  }

  async scale(ref: VclusterRef & { nodes: number; size: NodeSize }): Promise<Operation> {
    const { images, hosts, net } = this.wing;
    const nodeIds = this.#nodeIds(Math.min(Math.max(0, Math.trunc(ref.nodes) || 0), 128));
    return this.#did(
      this.wing.commit((c) => {
        const { image, owner_id: owner } = needed(c.tx, ref.id);
        checkMemory(image, images.readiness(image), ref.size);
        const candidates = hosts.candidates(c.tx, images.locality(image), { vcluster: ref.id, owner });
        return scale(c, { ...ref, operation: longId("op"), nodeIds, net, candidates });
      }),
    );
  }

  async move(ref: Parameters<MasterApi["move"]>[0]): Promise<Operation> {
    const asked = { ...ref, nodes: ref.nodes ?? null, to: ref.to ?? null, operation: longId("op") };
    return this.#did(this.wing.commit((c) => moveVcluster(c, asked, this.wing)));
  }

  async drainHost({ to, ...request }: Parameters<MasterApi["drainHost"]>[0]): Promise<Operation> {
    const asked = { ...request, to: to ?? null, operation: longId("op") };
    const operation = this.wing.commit((c) => drainHost(c, asked, this.wing));
    this.wing.showHost(request.name);
    return this.#did(operation);
  }

  async rename(ref: VclusterRef & { name: string }): Promise<Vcluster> {
    this.wing.commit((c) => rename(c, ref));
    return readVcluster(this.wing.store, ref.id)!;
  }

  async setOnHostLoss(ref: VclusterRef & { onHostLoss: OnHostLoss }): Promise<Vcluster> {
    this.wing.commit((c) => setOnHostLoss(c, ref));
    return readVcluster(this.wing.store, ref.id)!;
  }

  async vcluster(id: string): Promise<Vcluster | null> {
    return readVcluster(this.wing.store, id);
  }

  async byName(owner: string, name: string): Promise<Vcluster | null> {
    return readByName(this.wing.store, owner, name);
  }

  async vclusters(filter: Parameters<MasterApi["vclusters"]>[0]) {
    return listVclusters(this.wing.store, filter);
  }

  async metrics(id: string): Promise<{ node: string; samples: Sample[] }[]> {
    needed(this.wing.store, id);
    const nodes = nodeRows(this.wing.store, id);
    const byHost = [...Map.groupBy(nodes, (n) => n.host)];
    const answers = await Promise.all(
      byHost.map(async ([host, here]) => (await this.wing.hosts.worker(host)?.history(here.map((n) => n.id))) ?? {}),
    );
    const all: Record<string, Sample[]> = Object.assign({}, ...answers);
    return nodes.map((n) => ({ node: nodeName(n), samples: all[n.id] ?? [] }));
  }

  async openStream(id: string, node: string, request: StreamRequest): Promise<NodeStream> {
    needed(this.wing.store, id);
    const row = nodeRows(this.wing.store, id).find((n) => nodeName(n) === node);
    if (!row)
      throw new DockletError("not_found", `There is no node ${node.slice(0, 40)}.`, "See the list of its nodes.");
    this.#enterable(row);
    return this.wing.hosts.needed(row.host).openStream({ ...request, node: row.id });
  }

  resolveSlug(slug: string): SlugTarget | null {
    const found = this.wing.directory.slug(slug);
    if (!found) return null;
    const { image, host, ...target } = found;
    const relay = this.desk.relayOf(host);
    return { ...target, ...(relay ? { relay } : {}), ready: this.wing.images.readiness(image) };
  }

  async updateOwner(owner: Owner): Promise<void> {
    this.wing.commit((c) => saveOwner(c, owner));
    await this.wing.homes.setQuota(owner.id, owner.home);
  }

  async removeOwner(owner: Owner): Promise<void> {
    this.wing.commit((c) => dropOwner(c, owner));
    await this.wing.homes.remove(owner.id);
  }

  async operation(id: string): Promise<Operation | null> {
    return readOperation(this.wing.store, id);
  }

  async operations(filter: Parameters<MasterApi["operations"]>[0]) {
    return listOperations(this.wing.store, filter);
  }

  async cancel(id: string, cause: Cause): Promise<Operation> {
    this.wing.commit((c) => {
      const op = operationRow(c.tx, id);
      if (!op) throw new DockletError("not_found", "There is no such operation.", "See the list of operations.");
      if (op.plan === "move" || op.plan === "drain") cancelMoves(c, op, cause);
      else if (op.plan === "build" && op.image === null) this.wing.fetches.cancel(c, op, cause);
      else if (op.image === null) cancel(c, op, cause);
      else this.wing.builds.cancel(c, op, cause);
    });
    return readOperation(this.wing.store, id)!;
  }

  async events(filter: Parameters<MasterApi["events"]>[0]) {
    return listEvents(this.wing.store, WING, filter);
  }

  async images(): Promise<Image[]> {
    return this.wing.images.list(this.wing.store);
  }

  async buildImage(request: Cause & { name: string; recipe?: Recipe | undefined }): Promise<Operation> {
    const { hosts, builds, images } = this.wing;
    const parent = (request.recipe ?? images.recipe(request.name))?.parent;
    const fit = hosts.names.filter((h) => hosts.worker(h) !== null);
    const host = fit.find((h) => parent !== undefined && images.on(h, parent)?.state === "ready") ?? fit[0];
    if (host === undefined) throw new DockletError("unavailable", "No host is connected.", "Try again when one is.");
    return this.#did(builds.begin({ ...request, operation: longId("op"), host }));
  }

  async patchImage(request: Cause & { name: string; warm: number }): Promise<Image> {
    return patchImage(this.wing, request);
  }

  async deleteImage(request: Cause & { name: string }): Promise<void> {
    return deleteImage(this.wing, request);
  }

  async hosts(): Promise<Host[]> {
    return this.wing.hosts.list(this.wing.store);
  }

  async host(name: string): Promise<Host | null> {
    return this.care.one(name);
  }

  async patchHost(request: Parameters<MasterApi["patchHost"]>[0]): Promise<Host> {
    return this.care.patch(request);
  }

  async hostNodes({ name, owner }: { name: string; owner: string | null }): Promise<HostNode[]> {
    return this.care.nodes(name, owner);
  }

  async hostMetrics(name: string): Promise<HostSample[]> {
    return this.care.metrics(name);
  }

  async removeHost(request: Cause & { name: string; force: boolean }): Promise<void> {
    this.desk.removeHost(request);
  }

  async joinTokens(): Promise<JoinToken[]> {
    return this.desk.tokens();
  }

  async createJoinToken(request: Cause & NewJoinToken): Promise<{ token: JoinToken; text: string }> {
    return this.desk.createToken(request);
  }

  async revokeJoinToken(request: Cause & { id: string }): Promise<void> {
    this.desk.revokeToken(request);
  }

  /** One host that answers is enough to be ready: a rack that is away, or a full pool, is told and shuts nobody out. */
  async health(): Promise<{ ready: boolean; checks: Record<string, string | null> }> {
    const { hosts, running } = this.wing;
    const checks: Record<string, string | null> = { master: running ? null : "is not started" };
    for (const h of hosts.list(this.wing.store))
      if (h.state !== "removed") checks[`host ${h.name}`] = hosts.problem(h.name);
    if (hosts.names.length === 0) checks.hosts = "no host is known yet";
    return { ready: running && hosts.names.some((h) => hosts.hasSpoken(h)), checks };
  }

  #did(operation: string): Operation {
    return readOperation(this.wing.store, operation)!;
  }

  #usable(image: string): void {
    if (this.wing.images.isReady(image)) return;
    const known = this.wing.images.one(this.wing.store, image);
    if (!known)
      throw new DockletError("not_found", `There is no image named ${image.slice(0, 40)}.`, "See the list of images.");
    throw new DockletError(
      "conflict",
      `The image ${image} is ${known.state === "absent" ? "not built" : known.state === "ready" ? "being removed" : known.state}.`,
      known.state === "building"
        ? "Wait until it is built."
        : `An administrator can build it: docklet image build ${image}`,
    );
  }

  #enterable(n: NodeRow): void {
    if (n.desired === "running" && (n.state === "ready" || n.state === "booting")) return;
    throw new DockletError(
      "conflict",
      `${nodeName(n)} is ${n.state}.`,
      "Start the vcluster, or wait until it is ready.",
    );
  }

  /** Ids that no node has. Chosen outside the write, which is safe: there is one writer, and nothing awaits in between. */
  #nodeIds(count: number): string[] {
    const ids = new Set<string>();
    while (ids.size < count) {
      const id = shortId();
      if (!this.wing.store.get("SELECT 1 FROM nodes WHERE id = $id", { id })) ids.add(id);
    }
    return [...ids];
  }
}
