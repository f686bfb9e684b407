import { z } from "zod";
import { DEFAULT_ON_HOST_LOSS, Name, NodeName, NodeSize, OnHostLoss, Sample, State, Step } from "./public/index.ts";
import { Recipe } from "./public/system.ts";

/** Raised when a message changes its meaning. One older is understood, older ones are refused. */
export const WIRE_VERSION = 1;

/** 6 characters of our own making: safe in kernel names, paths and argv. */
export const ShortId = z.string().regex(/^[a-z][a-z0-9]{5}$/);

/** One line of a file that a worker writes: what has more would smuggle in another. */
const Line = z
  .string()
  .max(16_384)
  .regex(/^[^\r\n\0]*$/, "One line.");

const Mac = z.string().regex(/^02(:[0-9a-f]{2}){5}$/);

/** What one node should be. */
export const NodeSpec = z.strictObject({
  id: ShortId,
  name: NodeName,
  desired: z.enum(["running", "stopped", "gone"]),
  size: NodeSize,
  address: z.ipv4(),
  mac: Mac,
});
export type NodeSpec = z.infer<typeof NodeSpec>;

/** What a VXLAN tunnel adds to every packet. */
export const TUNNEL_OVERHEAD = 50;
/** MTU of the network that hosts are joined by, where nothing else is known. */
export const USUAL_MTU = 1500;

/**
 * The network of a vcluster, as one host must know it. The fields with a default came with tunnels: orders that a
 * worker wrote down before have none.
 */
export const NetworkSpec = z.strictObject({
  subnet: z.cidrv4(),
  gateway: z.ipv4(),
  vni: z.int().min(1).max(16_777_215),
  /** Of every link of the vcluster, on all hosts: a packet must fit through the tunnels between them. */
  mtu: z
    .int()
    .min(576)
    .max(65_535)
    .default(USUAL_MTU - TUNNEL_OVERHEAD),
  /** Nodes of the vcluster on other hosts. `host`: the address of their host in the network that joins the hosts. */
  members: z.array(z.strictObject({ mac: Mac, address: z.ipv4(), host: z.ipv4() })).default([]),
  /** Address of the one host that is the gateway; null: each host is the gateway of its own nodes. */
  gatewayHost: z.ipv4().nullable().default(null),
});
export type NetworkSpec = z.infer<typeof NetworkSpec>;
export type Member = NetworkSpec["members"][number];

/** How many people can have their data folder in the shared file system: each has a range of ids of their own there. */
export const PERSON_RANGES = 5_000;

/** Whose it is, and where their data folder lies. The fields with a default came with folders that lie on one host of many. */
export const OrderOwner = z.strictObject({
  id: ShortId,
  name: Name,
  /** Quota of the data folder, MiB. */
  home: z.int(),
  /** `elsewhere`: nodes of this host can't have it now, and must not get an empty one instead. */
  lies: z.enum(["here", "elsewhere", "shared"]).default("here"),
  /** Of one that lies elsewhere: its host, and the nodes of this vcluster that have it. `moving`: to that host, now. */
  at: z
    .strictObject({ host: z.string().max(64), nodes: z.array(NodeName), moving: z.boolean() })
    .nullable()
    .default(null),
  /** Of one that is shared: which range of ids its files belong to, on every host, and by what the right file system is known. */
  shared: z
    .strictObject({
      range: z
        .int()
        .min(0)
        .max(PERSON_RANGES - 1),
      token: z.string().max(64),
    })
    .nullable()
    .default(null),
});
export type OrderOwner = z.infer<typeof OrderOwner>;

/**
 * What one vcluster should be on one host. Desired state, not a command: sending it twice changes nothing.
 * A worker refuses an order whose (term, generation) is below the highest it has written down for this vcluster.
 * Nodes that are not listed are left alone; only `desired: "gone"` deletes.
 */
export const VclusterOrder = z.strictObject({
  term: z.int().min(1),
  generation: z.int().min(1),
  id: ShortId,
  name: Name,
  image: Name,
  owner: OrderOwner,
  network: NetworkSpec,
  /** Lines of /etc/hosts on every node, all nodes of the vcluster wherever they run. */
  hosts: z.array(z.strictObject({ name: NodeName, address: z.ipv4() })),
  /** The person's public keys. */
  authorizedKeys: z.array(Line),
  /** The key pair with which nodes of this vcluster log into each other. */
  peerKey: z.strictObject({ private: z.string(), public: Line }),
  /** Those on this host. None: the host is only the gateway of those on other hosts. */
  nodes: z.array(NodeSpec),
  /** What becomes of those here when the lease from the master ends. Older orders have none. */
  onHostLoss: OnHostLoss.required().default(DEFAULT_ON_HOST_LOSS),
});
export type VclusterOrder = z.infer<typeof VclusterOrder>;

/** An order in a few bytes. `digest`: of all of it but its term, which is set to 0 for that (src/lib/digest.ts). */
export const OrderMark = z.strictObject({ vcluster: ShortId, digest: z.string().regex(/^[0-9a-f]{64}$/) });
export type OrderMark = z.infer<typeof OrderMark>;

/** What a node is, as the worker sees it. Sent whenever it changes, and for every node on (re)connect. */
export const NodeReport = z.object({
  type: z.literal("node"),
  id: ShortId,
  vcluster: ShortId,
  generation: z.int(),
  state: z.union([State, z.literal("gone")]),
  reason: z.string().nullable(),
  slug: z.string().nullable(),
  jupyterToken: z.string().nullable(),
  warm: z.boolean(),
  bootedAt: z.int().nullable(),
});
export type NodeReport = z.infer<typeof NodeReport>;

/** Id of a layer: its image and what it was made from. */
export const LayerId = z.string().regex(/^[a-z0-9-]{1,40}@[0-9a-f]{16}$/);

export const ImageReport = z.object({
  type: z.literal("image"),
  name: z.string(),
  state: z.enum(["absent", "building", "ready", "failed"]),
  reason: z.string().nullable(),
  recipe: Recipe,
  size: z.number().nullable(),
  builtAt: z.int().nullable(),
  warm: z.object({ want: z.int(), have: z.int() }),
  /** Ids of the layers of its newest build here, topmost first. None: it is not built here, or the host is too old to tell. */
  layers: z.array(LayerId).default([]),
});
export type ImageReport = z.infer<typeof ImageReport>;

/** Progress of an image build. `done` ends it: error null = built. */
export const BuildReport = z.object({
  type: z.literal("build"),
  operation: z.string(),
  image: z.string(),
  steps: z.array(Step),
  done: z.boolean(),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
});
export type BuildReport = z.infer<typeof BuildReport>;

/** The shared file system at FS_PREFIX/global, as one host sees it. */
export const SharedReport = z.object({
  /** Kind of file system; null: nothing shared is mounted there. */
  type: z.string().nullable(),
  /** Which data centre it belongs to, by its own word; null: nobody's yet, or it can't be read. */
  token: z.string().nullable(),
  /** What the master wrote there last. */
  nonce: z.string().nullable(),
  /** Why nothing can be kept there. */
  problem: z.string().nullable(),
});
export type SharedReport = z.infer<typeof SharedReport>;
export const NOT_SHARED: SharedReport = { type: null, token: null, nonce: null, problem: null };

/** What is done in the shared file system by one host for all. */
export const SharedTask = z.discriminatedUnion("task", [
  /** Writes down whose it is; throws `conflict` when it is another data centre's. */
  z.strictObject({ task: z.literal("claim"), token: z.string().max(64), nonce: z.string().max(64) }),
  z.strictObject({ task: z.literal("removeHome"), owner: ShortId, token: z.string().max(64) }),
]);
export type SharedTask = z.infer<typeof SharedTask>;

export const HostReport = z.object({
  type: z.literal("host"),
  name: z.string(),
  /** Where the other hosts send its part of a vcluster's network, and the MTU of the device with that address. */
  address: z.string(),
  mtu: z.int().default(USUAL_MTU),
  /** Addresses of nodes, as this host knows them. An older one does not tell. */
  clusterNet: z.string().max(64).optional(),
  capacity: z.object({ cpu: z.number(), memory: z.number(), disk: z.number() }),
  used: z.object({ cpu: z.number(), memory: z.number(), disk: z.number() }),
  warm: z.int(),
  /** Came with several hosts: an older worker has never looked. Memory in MiB, where it can be told. */
  gpus: z
    .array(z.object({ name: z.string().max(200), memory: z.int().nullable() }))
    .max(64)
    .default([]),
  kernel: z.string(),
  lxc: z.string(),
  version: z.string(),
  wire: z.int(),
  bootedAt: z.int(),
  shared: SharedReport.default(NOT_SHARED),
  /** null: fit for nodes. Otherwise why not. */
  problem: z.string().nullable(),
});
export type HostReport = z.infer<typeof HostReport>;

export const SampleReport = z.object({ type: z.literal("sample"), vcluster: ShortId, node: ShortId, sample: Sample });
export type SampleReport = z.infer<typeof SampleReport>;

/**
 * The host had lost its master for longer than its lease, and took the nodes of this vcluster out of service. Told when
 * the master is back; they run again when it says so.
 */
export const LossReport = z.object({
  type: z.literal("loss"),
  vcluster: ShortId,
  did: z.enum(["freeze", "stop"]),
  nodes: z.array(ShortId),
  /** UTC ms by the host's own clock. */
  at: z.int(),
});
export type LossReport = z.infer<typeof LossReport>;

export const Report = z.discriminatedUnion("type", [
  NodeReport,
  ImageReport,
  BuildReport,
  HostReport,
  SampleReport,
  LossReport,
]);
export type Report = z.infer<typeof Report>;

/** What lies in the pool of one host and can travel to another: a layer, the disk of a node, the folder of a person. */
export const Volume = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("layer"), id: LayerId }),
  z.strictObject({ kind: z.literal("disk"), id: ShortId }),
  z.strictObject({ kind: z.literal("home"), id: ShortId }),
]);
export type Volume = z.infer<typeof Volume>;

/** A read-only snapshot of a volume, on the host that it lies on. Who asks for it chooses its name; a layer has none of its own. */
export const Picture = z.strictObject({ volume: Volume, name: z.string().regex(/^[a-z0-9]{1,24}$/) });
export type Picture = z.infer<typeof Picture>;

/** The bytes of a picture. Ends after all of them; `finished` then tells how to check them. */
export interface PictureSource extends AsyncIterable<Uint8Array> {
  /** Of the whole stream, also of what was skipped. sha256, hexadecimal. */
  readonly finished: Promise<{ bytes: number; digest: string }>;
  close(): void;
}

/** Where the bytes of a picture go. What has arrived stays when the connection breaks, and need not be sent again. */
export interface PictureSink {
  /** The whole picture is here, checked: nothing is to be sent. */
  readonly whole: boolean;
  /** Bytes that are here already: the sender leaves them out. */
  readonly offset: number;
  write(data: Uint8Array): Promise<void>;
  /** Checks everything and makes the picture of it. Throws `conflict` and begins anew when a byte is wrong. */
  finish(end: { bytes: number; digest: string }): Promise<void>;
  close(): void;
}

export type StreamRequest =
  | { kind: "terminal"; node: string; session: string; cols: number; rows: number }
  | {
      kind: "exec";
      node: string;
      argv: string[];
      tty: boolean;
      cols: number;
      rows: number;
      env: Record<string, string>;
      cwd: string;
    };

/** One end of a byte stream with a process inside a node. */
export interface NodeStream {
  /** Returns false when the other side is behind; more is then best sent after a while. */
  write(data: Uint8Array): boolean;
  end(): void;
  resize(cols: number, rows: number): void;
  /** Ends the process (exec) or only leaves it (terminal). */
  close(): void;
  /** fd 1 or 2; a terminal only knows 1. */
  onData(listener: (fd: 1 | 2, data: Uint8Array) => void): void;
  /** The reader is behind: stop calling onData until `resume`. A stream without it drops its reader's connection instead. */
  pause?(): void;
  resume?(): void;
  /** Exit code; 128 + signal when it was ended by one. */
  readonly exited: Promise<number>;
}

/** What a master asks of the worker on one host. In-process today, over TLS to another host with the same meaning. */
export interface WorkerApi {
  /** The current state of everything comes first, then every change. Returns the way to leave. */
  subscribe(listener: (report: Report) => void): () => void;
  /**
   * Returns when the order is on disk; what comes of it is reported. Throws `stale_order`. Every node of an order is
   * reported with its generation at least once, changed or not; one that should be gone and is not known is `gone`.
   * The same order again means: try again what failed.
   */
  apply(order: VclusterOrder): Promise<void>;
  /**
   * Ids of the vclusters whose order must be given: this host has another one, or none, or must hear the whole of it.
   * Each of the others counts as given again in this term; it is on disk then, and what failed is not tried again.
   */
  compare(request: { term: number; orders: OrderMark[] }): Promise<string[]>;
  openStream(request: StreamRequest): Promise<NodeStream>;
  /** The last hour of these nodes. */
  history(nodes: string[]): Promise<Record<string, Sample[]>>;
  buildImage(request: { operation: string; recipe: Recipe }): Promise<void>;
  cancelBuild(operation: string): Promise<void>;
  deleteImage(name: string): Promise<void>;
  setWarm(image: string, count: number): Promise<void>;
  setHomeQuota(owner: string, mib: number): Promise<void>;
  deleteHome(owner: string): Promise<void>;
  /** Something to be done in the shared file system. Throws `unavailable` when it does not answer. */
  share(task: SharedTask): Promise<void>;
  /** Ids of the layers, topmost first, that a node of this host stands on; null: no such node is here. */
  layersOf(node: string): Promise<string[] | null>;
  /** Takes the picture unless there is one of that name. Bytes: about what sending it, or its difference from `parent`, takes. */
  takePicture(request: { picture: Picture; parent: string | null }): Promise<{ bytes: number }>;
  /** `parent`: name of an older picture of the same volume that the receiver has; only the difference is sent. */
  sendPicture(request: { picture: Picture; parent: string | null; offset: number }): Promise<PictureSource>;
  receivePicture(request: { picture: Picture; parent: string | null }): Promise<PictureSink>;
  /**
   * Makes what was received the volume itself. A layer becomes usable; a disk waits for the order that names its node;
   * a home replaces nothing: throws `conflict` when there is one. Again: nothing happens.
   */
  adoptPicture(picture: Picture): Promise<void>;
  /** Drops all pictures of a volume, whole or not, and a disk that was adopted and never named. The volume stays. */
  dropPictures(volume: Volume): Promise<void>;
}
