import { z } from "zod";
import { Recipe } from "./public/system.ts";
import { Sample } from "./public/vclusters.ts";
import { LayerId, OrderMark, Picture, SharedTask, ShortId, VclusterOrder, Volume } from "./worker.ts";

/**
 * How a worker on another host and its master talk: one TLS connection that the worker makes, with calls, notices and
 * streams both ways (src/lib/channel). The meaning of everything in it is that of WorkerApi.
 */

/** The name that a master's certificate carries, whatever its address. */
export const MASTER_NAME = "master.docklet";

/** `DK1.<sha256 of the CA's certificate>.<id>.<secret>`: the hash lets a host know its master before it says anything. */
export const JOIN_TOKEN = /^DK1\.([0-9a-f]{64})\.([a-z][a-z0-9]{9})\.([A-Za-z0-9_-]{43})$/;

/** Names of hosts: they are shown, logged and typed. */
export const HostName = z
  .string()
  .regex(/^[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$/, "A host name has letters, digits, dots and dashes.");

const Pem = z.string().max(8_000);

/** Answered to anybody: nothing in it is secret. */
export const CaAnswer = z.object({ certificate: z.base64().max(8_000) });
export const JoinRequest = z.strictObject({
  wire: z.int(),
  version: z.string().max(100),
  role: z.string().max(40),
  name: HostName,
  token: z.strictObject({ id: z.string().max(40), secret: z.string().max(100) }),
  csr: Pem,
});
export type JoinRequest = z.infer<typeof JoinRequest>;
export const JoinAnswer = z.object({ host: ShortId, cluster: z.string().max(40), certificate: Pem });
export type JoinAnswer = z.infer<typeof JoinAnswer>;

export const HelloRequest = z.strictObject({
  wire: z.int(),
  version: z.string().max(100),
  /** Made anew whenever the worker's process starts: tells a copy of a disk from the host itself. */
  instance: z.string().min(8).max(64),
});
export type HelloRequest = z.infer<typeof HelloRequest>;
export const HelloAnswer = z.object({
  wire: z.int(),
  version: z.string(),
  cluster: z.string(),
  /** The certificate is old by the master's clock, which is the only one that counts. */
  renew: z.boolean(),
  /**
   * Lease, ms: so long after the host asked may it do as it was told without hearing more. Left out: the master is too
   * old to give one.
   */
  lease: z.int().min(1).optional(),
});
export type HelloAnswer = z.infer<typeof HelloAnswer>;

export const RenewRequest = z.strictObject({ csr: Pem });
export const RenewAnswer = z.object({ certificate: Pem });

/** A sign of life. `lease`: for how long the host's lease was given last, ms; 0: it has none. The answer gives it anew. */
export const BeatRequest = z.strictObject({ lease: z.int().min(0) });
export const BeatAnswer = z.object({ lease: z.int().min(1) });

/** Methods that the master answers to. */
export const TO_MASTER = { ca: "ca", join: "join", hello: "hello", renew: "renew", beat: "beat" } as const;

const PictureName = Picture.shape.name;

/** Methods that a worker answers to: those of WorkerApi, with what they take. */
export const TO_WORKER = {
  subscribe: z.null(),
  apply: z.strictObject({ order: VclusterOrder }),
  compare: z.strictObject({ term: z.int().min(1), orders: z.array(OrderMark).max(1000) }),
  history: z.strictObject({ nodes: z.array(z.string().max(40)).max(1000) }),
  buildImage: z.strictObject({ operation: z.string().max(64), recipe: Recipe }),
  cancelBuild: z.strictObject({ operation: z.string().max(64) }),
  deleteImage: z.strictObject({ name: z.string().max(64) }),
  setWarm: z.strictObject({ image: z.string().max(64), count: z.int().min(0) }),
  setHomeQuota: z.strictObject({ owner: ShortId, mib: z.int() }),
  deleteHome: z.strictObject({ owner: ShortId }),
  share: z.strictObject({ task: SharedTask }),
  layersOf: z.strictObject({ node: ShortId }),
  takePicture: z.strictObject({ picture: Picture, parent: PictureName.nullable() }),
  adoptPicture: z.strictObject({ picture: Picture }),
  dropPictures: z.strictObject({ volume: Volume }),
} as const;
export type ToWorker = keyof typeof TO_WORKER;
export type ParamsOf<M extends ToWorker> = z.infer<(typeof TO_WORKER)[M]>;

export const CompareAnswer = z.array(ShortId);
export const HistoryAnswer = z.record(z.string(), z.array(Sample));
export const LayersAnswer = z.array(LayerId).nullable();
export const PictureAnswer = z.object({ bytes: z.number().min(0) });

/** Notices. Reports go up; the others come down. */
export const NOTICE = {
  report: "report",
  /** The certificate should be renewed now. */
  renew: "renew",
  /** The connection ends, and why. */
  farewell: "farewell",
} as const;
export const Farewell = z.object({ message: z.string().max(2_000), hint: z.string().max(2_000) });

/** Streams that a worker accepts. */
export const STREAM = {
  node: "node",
  dial: "dial",
  sendPicture: "sendPicture",
  receivePicture: "receivePicture",
} as const;

const size = { cols: z.number(), rows: z.number() };
export const NodeStreamOpen = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("terminal"), node: ShortId, session: z.string().max(100), ...size }),
  z.strictObject({
    kind: z.literal("exec"),
    node: ShortId,
    argv: z.array(z.string()).min(1),
    tty: z.boolean(),
    ...size,
    env: z.record(z.string(), z.string()),
    cwd: z.string(),
  }),
]);

/** Tags of the messages on a stream of kind `node`, master → worker. */
export const DOWN = { input: 1, eof: 2, resize: 3, close: 4 } as const;
/** Worker → master. The first one is `opened` or `failed`. */
export const UP = { opened: 1, failed: 2, out: 3, err: 4, exit: 5 } as const;
export const Resize = z.strictObject(size);
export const Opened = z.object({ pausable: z.boolean() });
export const Exit = z.object({ code: z.int() });

/** A picture that a worker sends, from `offset` on, and one that it takes. */
export const SendPictureOpen = z.strictObject({
  picture: Picture,
  parent: PictureName.nullable(),
  offset: z.int().min(0),
});
export const ReceivePictureOpen = z.strictObject({ picture: Picture, parent: PictureName.nullable() });
/**
 * Tags of the messages on both kinds of stream. The worker's first one is `opened` or `failed`. `data` and, behind all
 * of it, `end` come from whoever has the picture; whoever takes it answers the end with `done` or `failed`.
 */
export const PICTURE = { opened: 1, failed: 2, data: 3, end: 4, done: 5 } as const;
export const SinkOpened = z.object({ offset: z.int().min(0), whole: z.boolean() });
export const PictureEnd = z.strictObject({ bytes: z.int().min(0), digest: z.string().regex(/^[0-9a-f]{64}$/) });

/** A port of a node: answered with one byte `+` when it is open, or a reset with the reason. */
export const DialRequest = z.strictObject({ address: z.ipv4(), port: z.int().min(1).max(65_535) });
export const DIALLED = 0x2b;

/**
 * What whoever connects to a relay's socket says first, on one line. The answer is one line, too: `+` and the bytes of
 * the node follow, or `-` and why not. They come in pieces, each behind its length (4 bytes, big-endian), and end with
 * a length of zero; without that, they were broken off. What goes to the node is not cut.
 */
export const relayPreface = (address: string, port: number): string => `DIAL ${address} ${port}\n`;
export const RELAY_PREFACE = /^DIAL (\d+\.\d+\.\d+\.\d+) (\d{1,5})$/;
