import { z } from "zod";
import { Name, Time } from "./names.ts";

export const Recipe = z.strictObject({
  name: Name,
  description: z.string().max(400),
  /** Another image that this one adds to; its layers come below. */
  parent: Name.optional(),
  /** mmdebstrap variant, for an image without a parent. */
  variant: z.enum(["custom", "extract", "essential", "apt", "minbase", "buildd", "important", "standard"]).optional(),
  /** Debian package names; `a|b` takes the first that the host's own apt sources know. `?a` is left out where unknown. */
  packages: z
    .array(
      z
        .string()
        .regex(/^\??[a-z0-9][a-z0-9+.|-]*$/)
        .max(200),
    )
    .max(500),
  /** Files to write, by absolute path. */
  files: z
    .record(
      z
        .string()
        .regex(/^\/[^\0]*$/)
        .max(300),
      z.strictObject({
        content: z.string().max(100_000).optional(),
        mode: z
          .string()
          .regex(/^0[0-7]{3}$/)
          .optional(),
        link: z.string().max(300).optional(),
      }),
    )
    .optional(),
  /** argv arrays run inside the image, in order, after the packages. */
  run: z
    .array(z.array(z.string().max(4000)).min(1).max(50))
    .max(50)
    .optional(),
  /** What must answer before a node of this image is ready. */
  ready: z.enum(["init", "ssh", "jupyter"]),
  /** systemd, or a plain init that docklet only starts. */
  init: z.enum(["systemd", "simple"]),
  /** Warm nodes to keep, unless the configuration says otherwise. */
  warm: z.int().min(0).max(200).optional(),
});
export type Recipe = z.infer<typeof Recipe>;

export const Image = z.object({
  name: z.string(),
  description: z.string(),
  parent: z.string().nullable(),
  state: z.enum(["absent", "building", "ready", "failed"]),
  reason: z.string().nullable(),
  builtin: z.boolean().describe("a recipe of docklet's own"),
  ready: z.enum(["init", "ssh", "jupyter"]),
  size: z.number().nullable().describe("bytes of its own layer"),
  warm: z.object({ want: z.int(), have: z.int() }),
  operation: z.string().nullable(),
  builtAt: Time.nullable(),
});
export type Image = z.infer<typeof Image>;
export const ImageBuild = z.strictObject({
  recipe: Recipe.optional().describe("left out: the recipe that docklet has under this name"),
});
export const ImagePatch = z.strictObject({ warm: z.int().min(0).max(200) });

const LabelPart = z.string().regex(/^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/);
/** For example `{"disk": "fast", "room": "b12"}`. */
export const Labels = z.record(LabelPart, LabelPart).refine((l) => Object.keys(l).length <= 32, "at most 32");
export type Labels = z.infer<typeof Labels>;

export const Host = z.object({
  name: z.string(),
  state: z.enum(["joining", "ready", "unreachable", "cordoned", "draining", "removed"]),
  reason: z.string().nullable(),
  address: z.string(),
  capacity: z.object({ cpu: z.number(), memory: z.number(), disk: z.number() }).describe("cores, MiB, MiB"),
  reserved: z.object({ cpu: z.number(), memory: z.number(), disk: z.number() }),
  used: z.object({ cpu: z.number(), memory: z.number(), disk: z.number() }).describe("measured now: cores, MiB, MiB"),
  nodes: z.int(),
  warm: z.int(),
  kernel: z.string(),
  lxc: z.string(),
  version: z.string(),
  bootedAt: Time,
  labels: Labels.describe("set by admins; vclusters can ask for them"),
  images: z.array(z.string()).describe("held here, ready for nodes"),
  gpus: z.array(z.object({ name: z.string(), memory: z.int().nullable().describe("MiB") })),
  homes: z.enum(["local", "shared"]).describe("where data folders live: on this host, or in the shared file system"),
  operation: z.string().nullable().describe("the drain that empties it now"),
});
export type Host = z.infer<typeof Host>;

export const HostPatch = z
  .strictObject({
    cordoned: z.boolean().optional().describe("true: what runs here stays, nothing new comes"),
    labels: Labels.optional().describe("all of them; left out: unchanged"),
  })
  .refine((p) => Object.keys(p).length > 0, "say what to change");
export const HostDrain = z.strictObject({
  to: z.string().max(64).optional().describe("move everything to this host; left out: wherever there is room"),
});

export const HostRemoval = z.strictObject({
  force: z.enum(["true", "false"]).optional().describe("also while nodes are placed on it: they are lost"),
});

export const JoinToken = z.object({
  id: z.string(),
  role: z.enum(["master", "worker"]),
  state: z.enum(["valid", "used", "expired", "revoked"]),
  uses: z.int().describe("hosts that may join with it"),
  hosts: z.array(z.string()).describe("hosts that joined with it"),
  createdBy: z.string(),
  createdAt: Time,
  expiresAt: Time,
});
export type JoinToken = z.infer<typeof JoinToken>;
export const JoinTokenCreate = z.strictObject({
  role: z.literal("worker"),
  ttlSeconds: z.int().min(1).max(31_536_000).optional().describe("default: 86400, a day"),
  uses: z.int().min(1).max(1000).optional().describe("hosts that may join with it; default: one"),
});
export const JoinTokenMade = z.object({ token: JoinToken, text: z.string().describe("shown this once") });

export const ConfigValue = z.object({
  key: z.string(),
  value: z.string(),
  origin: z.string(),
  doc: z.string(),
  default: z.string(),
  secret: z.boolean(),
});
export const Version = z.object({
  version: z.string(),
  commit: z.string(),
  bun: z.string(),
  sqlite: z.string(),
  schema: z.record(z.string(), z.int()),
  wire: z.int(),
});

/** problem+json (RFC 9457) with docklet's members. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  message: z.string(),
  hint: z.string(),
  requestId: z.string(),
  details: z.record(z.string(), z.unknown()).optional(),
});
export type Problem = z.infer<typeof Problem>;

/** Frames of GET /events/stream. `hello` comes first on every (re)connect: what was cached before may be stale. */
export type StreamFrame =
  | { type: "hello"; at: number }
  | { type: "vcluster"; data: import("./vclusters.ts").Vcluster }
  | { type: "vcluster.deleted"; data: { id: string; name: string; owner: string } }
  | { type: "operation"; data: import("./operations.ts").Operation }
  | { type: "event"; data: import("./operations.ts").Event }
  | { type: "image"; data: Image }
  | { type: "host"; data: Host }
  | { type: "metrics"; data: { vcluster: string; node: string; sample: import("./vclusters.ts").Sample } }
  | { type: "me"; data: null };
