import type {
  Event,
  Host,
  HostNode,
  HostSample,
  Image,
  JoinToken,
  Labels,
  NodeSize,
  OnHostLoss,
  Operation,
  PlacementWish,
  Recipe,
  Sample,
  StreamFrame,
  Vcluster,
} from "./public/index.ts";
import type { NodeStream, StreamRequest } from "./worker.ts";

/** Who stands behind a request that a supermaster passes on. */
export interface Cause {
  actor: string;
  requestId: string;
}

export interface Owner {
  /** 6 characters, never reused; names the data folder. */
  id: string;
  name: string;
  /** MiB of data folder. */
  home: number;
  authorizedKeys: string[];
}

export interface CreateVcluster extends Cause {
  /** Chosen by the supermaster: the id of its allocation. Creating the same id twice answers the first result. */
  id: string;
  owner: Owner;
  name: string;
  image: string;
  nodes: number;
  size: NodeSize;
  /** Left out: spread, wherever there is room. */
  placement?: PlacementWish | undefined;
  /** Left out: keep, wait. */
  onHostLoss?: OnHostLoss | undefined;
}

export interface VclusterRef extends Cause {
  id: string;
}

export interface NewJoinToken {
  role: "worker";
  /** Default: 24 hours. */
  ttlMs?: number | undefined;
  /** Default: one. */
  uses?: number | undefined;
}

/** What stands behind a workspace address, as the gateway needs it. */
export interface SlugTarget {
  owner: string;
  vcluster: string;
  vclusterId: string;
  node: string;
  state: Vcluster["state"];
  reason: string | null;
  address: string;
  /** The node runs on another host: socket of the relay that reaches it. Otherwise its address is reached directly. */
  relay?: string;
  jupyterToken: string | null;
  ready: "init" | "ssh" | "jupyter";
}

/** Everything that a data centre tells its supermaster as it happens. */
export type MasterFrame = Extract<
  StreamFrame,
  { type: "vcluster" | "vcluster.deleted" | "operation" | "event" | "image" | "host" | "metrics" }
>;

/**
 * What a supermaster asks of the master of one data centre. vclusters are meant by id; an `owner` in a filter or in an
 * answer is the person's name, as in every public object. What changes something returns when it is on disk.
 */
export interface MasterApi {
  subscribe(listener: (frame: MasterFrame) => void): () => void;
  create(request: CreateVcluster): Promise<{ vcluster: Vcluster; operation: Operation }>;
  start(ref: VclusterRef): Promise<Operation>;
  stop(ref: VclusterRef): Promise<Operation>;
  /** Takes over from whatever is under way. A failed or cancelled create ends the same way: the vcluster is gone. */
  remove(ref: VclusterRef): Promise<Operation>;
  scale(ref: VclusterRef & { nodes: number; size: NodeSize }): Promise<Operation>;
  /** `nodes`: names, left out: all; `to`: a host, left out: wherever there is room but where they are. */
  move(ref: VclusterRef & { nodes?: string[] | undefined; to?: string | undefined }): Promise<Operation>;
  rename(ref: VclusterRef & { name: string }): Promise<Vcluster>;
  /** What is left out stays. */
  setOnHostLoss(ref: VclusterRef & { onHostLoss: OnHostLoss }): Promise<Vcluster>;
  vcluster(id: string): Promise<Vcluster | null>;
  byName(owner: string, name: string): Promise<Vcluster | null>;
  /** owner null = everybody's. */
  vclusters(filter: {
    owner: string | null;
    cursor?: string | undefined;
    limit: number;
  }): Promise<{ items: Vcluster[]; next: string | null }>;
  metrics(id: string): Promise<{ node: string; samples: Sample[] }[]>;
  openStream(id: string, node: string, request: StreamRequest): Promise<NodeStream>;
  resolveSlug(slug: string): SlugTarget | null;
  /** New keys or data-folder quota of a person: reaches all their nodes. */
  updateOwner(owner: Owner): Promise<void>;
  /** Throws `conflict` while the person still has vclusters. */
  removeOwner(owner: Owner): Promise<void>;
  operation(id: string): Promise<Operation | null>;
  operations(filter: {
    owner: string | null;
    object?: string | undefined;
    active?: boolean | undefined;
    cursor?: string | undefined;
    limit: number;
  }): Promise<{ items: Operation[]; next: string | null }>;
  cancel(id: string, cause: Cause): Promise<Operation>;
  events(filter: {
    owner: string | null;
    object?: string | undefined;
    cursor?: string | undefined;
    limit: number;
  }): Promise<{ items: Event[]; next: string | null }>;
  images(): Promise<Image[]>;
  buildImage(request: Cause & { name: string; recipe?: Recipe | undefined }): Promise<Operation>;
  patchImage(request: Cause & { name: string; warm: number }): Promise<Image>;
  deleteImage(request: Cause & { name: string }): Promise<void>;
  hosts(): Promise<Host[]>;
  host(name: string): Promise<Host | null>;
  /** Throws `not_found`, as do the next two. */
  patchHost(
    request: Cause & { name: string; cordoned?: boolean | undefined; labels?: Labels | undefined },
  ): Promise<Host>;
  /** owner null = everybody's. */
  hostNodes(filter: { name: string; owner: string | null }): Promise<HostNode[]>;
  /** The last hour, since this master knows the host. */
  hostMetrics(name: string): Promise<HostSample[]>;
  /** Moves everything away from a host and cordons it. Asked for again, the drain that is under way is answered. */
  drainHost(request: Cause & { name: string; to?: string | undefined }): Promise<Operation>;
  /** Its certificate is worth nothing from then on. Throws `conflict` while nodes are placed on it, unless forced. */
  removeHost(request: Cause & { name: string; force: boolean }): Promise<void>;
  joinTokens(): Promise<JoinToken[]>;
  /** `text` is what the new host is given. It is not kept. */
  createJoinToken(request: Cause & NewJoinToken): Promise<{ token: JoinToken; text: string }>;
  revokeJoinToken(request: Cause & { id: string }): Promise<void>;
  /** For /readyz. Named checks: null = well, otherwise what is wrong. `ready`: people can work all the same. */
  health(): Promise<{ ready: boolean; checks: Record<string, string | null> }>;
}
