import { z } from "zod";
import { Name, NodeName } from "../names.ts";

/**
 * The public REST API under /api/v1, as data. The server mounts it, the OpenAPI page is made from it,
 * the CLI and the portal call through it, and the policy test walks it: none of them can drift.
 */
export interface Route {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  /** What the policy function is asked, for example `vcluster.write`. */
  action: Action;
  summary: string;
  params?: z.ZodType;
  query?: z.ZodType;
  body?: z.ZodType;
  /** null: no body (204). */
  response: z.ZodType | null;
  status?: 200 | 201 | 202 | 204;
  /** Request and response are a WebSocket or an event stream, not JSON. */
  stream?: "websocket" | "sse";
}

export const ACTIONS = [
  "public",
  "session.own",
  "account.own",
  "account.own.write",
  "account.password",
  "user.read",
  "user.write",
  "group.read",
  "group.write",
  "vcluster.read",
  "vcluster.write",
  "vcluster.use",
  "vcluster.move",
  "image.read",
  "image.write",
  "host.read",
  "host.write",
  "join.read",
  "join.write",
  "operation.read",
  "operation.write",
  "event.read",
  "config.read",
] as const;
export type Action = (typeof ACTIONS)[number];

export const list = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item) });
export const byName = z.object({ name: Name });
export const byUser = z.object({ name: z.string().max(64) });
export const byId = z.object({ id: z.string().max(64) });
export const byHost = z.object({ name: z.string().min(1).max(64) });
export const byNode = z.object({ name: Name, node: NodeName });
