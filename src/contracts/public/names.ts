import { z } from "zod";

/** Names that people choose. They become host names and path pieces, so: a letter, then letters, digits, hyphens. */
export const Name = z
  .string()
  .min(1)
  .max(31)
  .regex(
    /^[a-z](?:[a-z0-9-]*[a-z0-9])?$/,
    "Use 1 to 31 lower-case letters, digits and hyphens; start with a letter, end with a letter or digit.",
  );

/** Words that would be mistaken for docklet's own, or for a host account, if a person bore them. */
export const RESERVED_USERS = [
  "root",
  "admin",
  "administrator",
  "docklet",
  "system",
  "anonymous",
  "nobody",
  "daemon",
  "api",
  "me",
  "gateway",
  "host",
  "public",
];

export const UserName = Name.refine((n) => !RESERVED_USERS.includes(n), "This name is reserved; choose another.");

export const NodeName = z.string().regex(/^host-(?:0|[1-9]\d{0,3})$/, "Nodes are called host-0, host-1, …");

/** Sizes of one node. cpu in cores, memory and disk in MiB. */
export const NodeSize = z.object({
  cpu: z.number().min(0.1).max(256).describe("cores, 0.1 to 256"),
  memory: z.int().min(64).max(4_194_304).describe("MiB, 64 to 4 194 304"),
  disk: z.int().min(256).max(67_108_864).describe("MiB, 256 to 67 108 864"),
});
export type NodeSize = z.infer<typeof NodeSize>;

/** The size of a node when nobody asked for another. */
export const DEFAULT_SIZE: NodeSize = { cpu: 1, memory: 1024, disk: 10_240 };
/** Most nodes that one vcluster can have. */
export const MAX_NODES = 128;

export const Page = z.object({
  cursor: z.string().max(200).optional().describe("where the last page ended"),
  limit: z.coerce.number().int().min(1).max(500).optional().describe("rows, 1 to 500; default 100"),
});
export const Time = z.int().describe("milliseconds since 1970, UTC");
