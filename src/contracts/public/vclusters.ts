import { z } from "zod";
import { MAX_NODES, Name, NodeSize, Page, Time } from "./names.ts";
import { Labels } from "./system.ts";

/** What a vcluster or a node is doing. `ready` means that what the person clicked for answers. */
export const State = z.enum(["pending", "preparing", "booting", "ready", "stopping", "stopped", "failed", "deleting"]);
export type State = z.infer<typeof State>;

export const Node = z.object({
  id: z.string(),
  name: z.string().describe("host-0, host-1, …"),
  slug: z.string().nullable().describe("first part of the node's URLs on the workspace port"),
  state: State,
  reason: z.string().nullable().describe("why it is in this state, in words"),
  host: z.string().nullable(),
  address: z.string().nullable(),
  size: NodeSize,
  warm: z.boolean().describe("was it taken from the warm pool"),
  why: z.string().nullable().describe("why it was placed on this host"),
  bootedAt: Time.nullable(),
});
export type Node = z.infer<typeof Node>;

/** Where nodes go. What can't be fulfilled is refused, with what would fit. */
export const PlacementWish = z.strictObject({
  strategy: z
    .enum(["spread", "pack"])
    .optional()
    .describe("spread: where least is promised; pack: where most is, and it still fits"),
  nodes: z
    .enum(["any", "together", "apart"])
    .optional()
    .describe("together: all on one host; apart: no two on the same"),
  labels: Labels.optional().describe("only hosts with all of these"),
});
export type PlacementWish = z.infer<typeof PlacementWish>;
export const DEFAULT_PLACEMENT: Required<PlacementWish> = { strategy: "spread", nodes: "any", labels: {} };

/** What becomes of nodes while their host has lost its master, once its lease has ended. */
export const OnHostLoss = z.strictObject({
  nodes: z.enum(["keep", "freeze", "stop"]).optional().describe("default: keep"),
  /** `anew`: as soon as it is certain that they do not run, made anew from the image elsewhere. What was on their disks is lost. */
  recover: z.enum(["wait", "anew"]).optional().describe("default: wait for the host"),
});
export type OnHostLoss = z.infer<typeof OnHostLoss>;
export const DEFAULT_ON_HOST_LOSS: Required<OnHostLoss> = { nodes: "keep", recover: "wait" };

export const Vcluster = z.object({
  id: z.string(),
  name: z.string(),
  owner: z.string(),
  image: z.string(),
  state: State,
  reason: z.string().nullable(),
  desired: z.enum(["running", "stopped", "deleted"]),
  subnet: z.string().nullable(),
  nodes: z.array(Node),
  operation: z.string().nullable().describe("the operation that is changing it now"),
  placement: PlacementWish.required().describe("as asked for; what was left out by default"),
  onHostLoss: OnHostLoss.required(),
  createdAt: Time,
});
export type Vcluster = z.infer<typeof Vcluster>;

export const VclusterCreate = z.strictObject({
  name: Name.optional().describe("left out: the server makes one"),
  image: Name.optional().describe("default: base"),
  nodes: z.int().min(1).max(MAX_NODES).optional().describe("1 to 128; default 1"),
  size: NodeSize.partial().strict().optional(),
  placement: PlacementWish.optional(),
  onHostLoss: OnHostLoss.optional(),
});
export type VclusterCreate = z.infer<typeof VclusterCreate>;
export const VclusterPatch = z
  .strictObject({ name: Name.optional(), onHostLoss: OnHostLoss.optional() })
  .refine((p) => Object.keys(p).length > 0, "say what to change");
export const VclusterMove = z.strictObject({
  nodes: z.array(z.string().max(20)).min(1).max(MAX_NODES).optional().describe("names; left out: all of them"),
  to: z.string().max(64).optional().describe("a host; left out: wherever there is room but here"),
});
export type VclusterMove = z.infer<typeof VclusterMove>;
export const VclusterScale = z.strictObject({
  nodes: z.int().min(1).max(MAX_NODES),
  size: NodeSize.partial().strict().optional().describe("size of added nodes"),
});
/** The name typed again, so that nothing is deleted by a stray click. */
export const VclusterDelete = z.object({ confirm: z.string().max(64).optional() });
/** Admins name the owner whose vcluster they mean; people leave it out. */
export const OwnerQuery = z.object({ owner: z.string().max(64).optional() });
export const VclusterList = z.object({ items: z.array(Vcluster), next: z.string().nullable() });
export const VclusterListQuery = Page.extend({
  owner: z.string().max(64).optional().describe("admins: a name, or * for everybody's"),
});

export const OpenRequest = z.strictObject({
  node: z.string().max(20).optional().describe("default host-0"),
  port: z.int().min(1).max(65535).optional().describe("left out: Jupyter"),
});
/** A link that works once, within 60 seconds. */
export const OpenAnswer = z.object({ url: z.string(), expiresAt: Time });
export type OpenAnswer = z.infer<typeof OpenAnswer>;

export const Sample = z.object({
  at: Time,
  cpu: z.number().describe("cores in use, average since the last sample"),
  memory: z.number().describe("bytes"),
  disk: z.number().describe("bytes"),
  rx: z.number().describe("bytes/s received by the node"),
  tx: z.number().describe("bytes/s sent by the node"),
  pids: z.number(),
});
export type Sample = z.infer<typeof Sample>;
export const NodeMetrics = z.object({ items: z.array(z.object({ node: z.string(), samples: z.array(Sample) })) });

/** `path` is what the browser asked the workspace for; left out: Jupyter's start page. */
export const OpenSlug = z.strictObject({
  slug: z.string().regex(/^[a-z][a-z0-9]{9,31}$/),
  path: z
    .string()
    .max(4096)
    .regex(/^\/(?![/\\])[^\u0000-\u001f\u007f\\]*$/, "must be a path that starts with one slash")
    .optional(),
});
export type OpenSlug = z.infer<typeof OpenSlug>;

/**
 * Frames of the two WebSockets.
 * - terminal: binary frames both ways are the terminal's raw bytes. Text from the client is a StreamControl.
 * - exec: the first frame from the client is text, this object. After it, binary frames from the client are raw
 *   stdin, and binary frames from the server carry one leading byte: 1 = stdout, 2 = stderr.
 * - Text frames from the server are a StreamReply; after `exit` or `error` the server closes.
 * - Close codes: 1000 ended, 1008 no longer allowed (logged out, disabled), 1011 failed, 1013 the reader was too slow.
 */
export const ExecStart = z.strictObject({
  argv: z.array(z.string().max(131_072)).min(1).max(1000),
  tty: z.boolean().optional(),
  cols: z.int().min(1).max(1000).optional(),
  rows: z.int().min(1).max(1000).optional(),
  env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/), z.string().max(4096)).optional(),
  cwd: z.string().max(4096).optional(),
});
export type ExecStart = z.infer<typeof ExecStart>;
/** Text frames from the client: resize, eof (exec: stdin ends). */
export const StreamControl = z.union([
  z.strictObject({ type: z.literal("resize"), cols: z.number(), rows: z.number() }),
  z.strictObject({ type: z.literal("eof") }),
]);
export type StreamControl = z.infer<typeof StreamControl>;
export type StreamReply = { type: "exit"; code: number } | { type: "error"; message: string; hint: string };
/** A terminal that is resized to nonsense is clamped to this, never refused. */
export const TERMINAL_LIMITS = { minCols: 2, maxCols: 1000, minRows: 1, maxRows: 500 };
