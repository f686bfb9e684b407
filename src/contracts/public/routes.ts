import { z } from "zod";
import * as A from "./accounts.ts";
import { Name, NodeName, Page } from "./names.ts";
import * as O from "./operations.ts";
import * as S from "./system.ts";
import * as V from "./vclusters.ts";

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
  "user.read",
  "user.write",
  "group.read",
  "group.write",
  "vcluster.read",
  "vcluster.write",
  "vcluster.use",
  "image.read",
  "image.write",
  "host.read",
  "operation.read",
  "operation.write",
  "event.read",
  "config.read",
] as const;
export type Action = (typeof ACTIONS)[number];

const list = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item) });
const byName = z.object({ name: Name });
const byUser = z.object({ name: z.string().max(64) });
const byId = z.object({ id: z.string().max(64) });
const byNode = z.object({ name: Name, node: NodeName });

export const routes = {
  login: {
    method: "POST",
    path: "/session",
    action: "public",
    summary: "Log in with a password; sets the session cookie",
    body: A.Login,
    response: A.Me,
  },
  session: {
    method: "GET",
    path: "/session",
    action: "session.own",
    summary: "Who am I, and the CSRF token of this session",
    response: A.Me,
  },
  logout: { method: "DELETE", path: "/session", action: "session.own", summary: "Log out", response: null },

  me: { method: "GET", path: "/me", action: "account.own", summary: "My account, quota and use", response: A.Me },
  changePassword: {
    method: "PUT",
    path: "/me/password",
    action: "account.own.write",
    summary: "Change my password; ends my other sessions",
    body: A.PasswordChange,
    response: null,
  },
  sessions: {
    method: "GET",
    path: "/me/sessions",
    action: "account.own",
    summary: "My sessions",
    response: list(A.Session),
  },
  revokeSession: {
    method: "DELETE",
    path: "/me/sessions/:id",
    action: "account.own.write",
    summary: "End one of my sessions",
    params: byId,
    response: null,
  },
  revokeOtherSessions: {
    method: "DELETE",
    path: "/me/sessions",
    action: "account.own.write",
    summary: "End all my other sessions",
    response: null,
  },
  keys: {
    method: "GET",
    path: "/me/keys",
    action: "account.own",
    summary: "My ssh public keys",
    response: list(A.SshKey),
  },
  addKey: {
    method: "POST",
    path: "/me/keys",
    action: "account.own.write",
    summary: "Add an ssh public key; it is authorised on all my nodes at once",
    body: A.SshKeyCreate,
    response: A.SshKey,
    status: 201,
  },
  removeKey: {
    method: "DELETE",
    path: "/me/keys/:id",
    action: "account.own.write",
    summary: "Remove an ssh public key",
    params: byId,
    response: null,
  },
  tokens: {
    method: "GET",
    path: "/tokens",
    action: "account.own",
    summary: "My API tokens",
    response: list(A.ApiToken),
  },
  createToken: {
    method: "POST",
    path: "/tokens",
    action: "account.own.write",
    summary: "Make an API token; the secret is answered once",
    body: A.TokenCreate,
    response: A.TokenCreated,
    status: 201,
  },
  revokeToken: {
    method: "DELETE",
    path: "/tokens/:id",
    action: "account.own.write",
    summary: "Revoke an API token",
    params: byId,
    response: null,
  },

  users: {
    method: "GET",
    path: "/users",
    action: "user.read",
    summary: "All users",
    query: Page,
    response: z.object({ items: z.array(A.User.extend({ used: A.Usage })), next: z.string().nullable() }),
  },
  createUser: {
    method: "POST",
    path: "/users",
    action: "user.write",
    summary: "Make a user",
    body: A.UserCreate,
    response: A.UserCreated,
    status: 201,
  },
  user: {
    method: "GET",
    path: "/users/:name",
    action: "user.read",
    summary: "One user",
    params: byUser,
    response: A.User.extend({ used: A.Usage }),
  },
  patchUser: {
    method: "PATCH",
    path: "/users/:name",
    action: "user.write",
    summary: "Change role, group or name; disable or enable",
    params: byUser,
    body: A.UserPatch,
    response: A.User,
  },
  resetPassword: {
    method: "POST",
    path: "/users/:name/password",
    action: "user.write",
    summary: "Give a user a new generated password; ends their sessions",
    params: byUser,
    response: A.UserCreated,
  },
  deleteUser: {
    method: "DELETE",
    path: "/users/:name",
    action: "user.write",
    summary: "Delete a user who has no vclusters, with their data folder",
    params: byUser,
    query: V.VclusterDelete,
    response: null,
  },
  groups: {
    method: "GET",
    path: "/groups",
    action: "group.read",
    summary: "All groups of quota",
    response: list(A.Group),
  },
  createGroup: {
    method: "POST",
    path: "/groups",
    action: "group.write",
    summary: "Make a group",
    body: A.GroupCreate,
    response: A.Group,
    status: 201,
  },
  patchGroup: {
    method: "PATCH",
    path: "/groups/:name",
    action: "group.write",
    summary: "Change a group's quota",
    params: byName,
    body: A.GroupPatch,
    response: A.Group,
  },
  deleteGroup: {
    method: "DELETE",
    path: "/groups/:name",
    action: "group.write",
    summary: "Delete an empty group",
    params: byName,
    response: null,
  },

  vclusters: {
    method: "GET",
    path: "/vclusters",
    action: "vcluster.read",
    summary: "My vclusters",
    query: V.VclusterListQuery,
    response: V.VclusterList,
  },
  createVcluster: {
    method: "POST",
    path: "/vclusters",
    action: "vcluster.write",
    summary: "Create and start a vcluster; everything has a default",
    body: V.VclusterCreate,
    response: z.object({ vcluster: V.Vcluster, operation: O.Operation }),
    status: 202,
  },
  vcluster: {
    method: "GET",
    path: "/vclusters/:name",
    action: "vcluster.read",
    summary: "One vcluster",
    params: byName,
    query: V.OwnerQuery,
    response: V.Vcluster,
  },
  renameVcluster: {
    method: "PATCH",
    path: "/vclusters/:name",
    action: "vcluster.write",
    summary: "Rename",
    params: byName,
    query: V.OwnerQuery,
    body: V.VclusterPatch,
    response: V.Vcluster,
  },
  deleteVcluster: {
    method: "DELETE",
    path: "/vclusters/:name",
    action: "vcluster.write",
    summary: "Delete a vcluster and everything on its nodes (the data folder stays)",
    params: byName,
    query: V.OwnerQuery,
    response: O.Operation,
    status: 202,
  },
  startVcluster: {
    method: "POST",
    path: "/vclusters/:name/start",
    action: "vcluster.write",
    summary: "Start",
    params: byName,
    query: V.OwnerQuery,
    response: O.Operation,
    status: 202,
  },
  stopVcluster: {
    method: "POST",
    path: "/vclusters/:name/stop",
    action: "vcluster.write",
    summary: "Stop; disks are kept",
    params: byName,
    query: V.OwnerQuery,
    response: O.Operation,
    status: 202,
  },
  scaleVcluster: {
    method: "POST",
    path: "/vclusters/:name/scale",
    action: "vcluster.write",
    summary: "Add nodes, or remove the last ones",
    params: byName,
    query: V.OwnerQuery,
    body: V.VclusterScale,
    response: O.Operation,
    status: 202,
  },
  vclusterEvents: {
    method: "GET",
    path: "/vclusters/:name/events",
    action: "vcluster.read",
    summary: "History of a vcluster",
    params: byName,
    query: V.OwnerQuery.extend(Page.shape),
    response: O.EventList,
  },
  vclusterMetrics: {
    method: "GET",
    path: "/vclusters/:name/metrics",
    action: "vcluster.read",
    summary: "The last hour of each node",
    params: byName,
    query: V.OwnerQuery,
    response: V.NodeMetrics,
  },
  openVcluster: {
    method: "POST",
    path: "/vclusters/:name/open",
    action: "vcluster.use",
    summary: "A single-use link to the workspace or to a port of a node",
    params: byName,
    query: V.OwnerQuery,
    body: V.OpenRequest,
    response: V.OpenAnswer,
  },
  terminal: {
    method: "GET",
    path: "/vclusters/:name/nodes/:node/terminal",
    action: "vcluster.use",
    summary: "A terminal that survives reloads (WebSocket)",
    params: byNode,
    query: V.OwnerQuery.extend({
      session: z
        .string()
        .regex(/^[a-z0-9]{1,16}$/)
        .optional(),
      cols: z.coerce.number().optional(),
      rows: z.coerce.number().optional(),
    }),
    response: null,
    stream: "websocket",
  },
  exec: {
    method: "GET",
    path: "/vclusters/:name/nodes/:node/exec",
    action: "vcluster.use",
    summary: "Run a command (WebSocket)",
    params: byNode,
    query: V.OwnerQuery,
    response: null,
    stream: "websocket",
  },

  images: { method: "GET", path: "/images", action: "image.read", summary: "Images", response: list(S.Image) },
  buildImage: {
    method: "POST",
    path: "/images/:name/build",
    action: "image.write",
    summary: "Build an image from a recipe",
    params: byName,
    body: S.ImageBuild,
    response: O.Operation,
    status: 202,
  },
  patchImage: {
    method: "PATCH",
    path: "/images/:name",
    action: "image.write",
    summary: "How many warm nodes to keep",
    params: byName,
    body: S.ImagePatch,
    response: S.Image,
  },
  deleteImage: {
    method: "DELETE",
    path: "/images/:name",
    action: "image.write",
    summary: "Delete an image that nothing uses",
    params: byName,
    response: null,
  },
  hosts: {
    method: "GET",
    path: "/hosts",
    action: "host.read",
    summary: "Hosts, what they have and what is in use",
    response: list(S.Host),
  },
  operations: {
    method: "GET",
    path: "/operations",
    action: "operation.read",
    summary: "Operations, newest first",
    query: O.OperationQuery,
    response: O.OperationList,
  },
  operation: {
    method: "GET",
    path: "/operations/:id",
    action: "operation.read",
    summary: "One operation",
    params: byId,
    response: O.Operation,
  },
  cancelOperation: {
    method: "POST",
    path: "/operations/:id/cancel",
    action: "operation.write",
    summary: "Cancel; what was half made is undone",
    params: byId,
    response: O.Operation,
  },
  events: {
    method: "GET",
    path: "/events",
    action: "event.read",
    summary: "History, newest first: mine, or everybody's for an admin",
    query: O.EventQuery,
    response: O.EventList,
  },
  eventStream: {
    method: "GET",
    path: "/events/stream",
    action: "event.read",
    summary: "Everything that changes, as it changes (server-sent events)",
    response: null,
    stream: "sse",
  },
  config: {
    method: "GET",
    path: "/config",
    action: "config.read",
    summary: "The effective configuration and where each value comes from",
    response: list(S.ConfigValue),
  },
  version: {
    method: "GET",
    path: "/version",
    action: "public",
    summary: "Version of this docklet",
    response: S.Version,
  },
} as const satisfies Record<string, Route>;

export type Routes = typeof routes;
export type RouteName = keyof Routes;
