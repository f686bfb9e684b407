import type { RouteName, Vcluster } from "../../../src/contracts/public/index.ts";
import { DockletError } from "../../../src/lib/errors.ts";
import { randomName, randomSecret } from "../../../src/lib/ids.ts";
import { hostHandlers } from "./host-handlers.ts";
import { move } from "./hosts.ts";
import { play } from "./operations.ts";
import * as V from "./vclusters.ts";
import type { Account, World } from "./world.ts";

export interface Call {
  w: World;
  me: Account;
  sessionId: string;
  params: Record<string, string>;
  // biome-ignore lint/suspicious/noExplicitAny: already parsed by the route's own schema
  query: any;
  // biome-ignore lint/suspicious/noExplicitAny: already parsed by the route's own schema
  body: any;
}
type Handler = (c: Call) => unknown;

export const meOf = (w: World, me: Account, csrf: string) => ({
  user: publicUser(me),
  quota: w.quotaOf(me.name),
  used: w.used(me.name),
  csrf,
  scopes: me.role === "admin" ? ["read", "write", "admin"] : ["read", "write"],
  version: "0.5.0",
});

export function publicUser({ password: _, ...user }: Account) {
  return user;
}
const owner = (c: Call) => (c.me.role === "admin" && c.query?.owner ? (c.query.owner as string) : c.me.name);
const vc = (c: Call): Vcluster => V.find(c.w, owner(c), c.params.name!);
const csrf = (c: Call) => c.w.sessions.find((s) => s.id === c.sessionId)!.csrf;
const one = <T>(list: T[], test: (item: T) => boolean, what: string): T => {
  const found = list.find(test);
  if (!found) throw new DockletError("not_found", `There is no such ${what}.`, "It may be gone already.");
  return found;
};
const user = (c: Call) => one(c.w.users, (u) => u.name === c.params.name, "user");

/** Everything but login, the two streams and the WebSockets, which the server does itself. */
export const handlers: Partial<Record<RouteName, Handler>> = {
  session: (c) => meOf(c.w, c.me, csrf(c)),
  me: (c) => meOf(c.w, c.me, csrf(c)),
  changePassword: (c) => {
    if (c.body.current !== c.me.password)
      throw new DockletError("forbidden", "The current password is wrong.", "Type the one you logged in with.");
    c.me.password = c.body.next;
    c.me.mustChangePassword = false;
    c.w.sessions = c.w.sessions.filter((s) => s.user !== c.me.name || s.id === c.sessionId);
  },
  sessions: (c) => ({
    items: c.w.sessions.filter((s) => s.user === c.me.name).map((s) => ({ ...s, current: s.id === c.sessionId })),
  }),
  revokeSession: (c) => {
    c.w.sessions = c.w.sessions.filter((s) => s.id !== c.params.id);
  },
  revokeOtherSessions: (c) => {
    c.w.sessions = c.w.sessions.filter((s) => s.user !== c.me.name || s.id === c.sessionId);
  },
  keys: (c) => ({ items: c.w.keys.filter((k) => k.user === c.me.name) }),
  addKey: (c) => {
    const [type = "", , comment] = (c.body.key as string).split(" ");
    const key = {
      id: randomName(8),
      user: c.me.name,
      name: c.body.name ?? comment ?? "key",
      type,
      fingerprint: `SHA256:${randomSecret()}`,
      createdAt: Date.now(),
    };
    c.w.keys.push(key);
    return key;
  },
  removeKey: (c) => {
    c.w.keys = c.w.keys.filter((k) => k.id !== c.params.id);
  },
  tokens: (c) => ({ items: c.w.tokens.filter((t) => t.user === c.me.name) }),
  createToken: (c) => {
    const token = {
      id: randomName(8),
      user: c.me.name,
      name: c.body.name,
      scopes: c.body.scopes ?? ["read", "write"],
      createdAt: Date.now(),
      expiresAt: Date.now() + (c.body.days ?? 90) * 86_400_000,
      lastUsedAt: null,
    };
    c.w.tokens.push(token);
    return { token, secret: `dkt_${randomSecret()}` };
  },
  revokeToken: (c) => {
    c.w.tokens = c.w.tokens.filter((t) => t.id !== c.params.id);
  },

  users: (c) => ({ items: c.w.users.map((u) => ({ ...publicUser(u), used: c.w.used(u.name) })), next: null }),
  createUser: (c) => {
    if (c.w.users.some((u) => u.name === c.body.name))
      throw new DockletError("conflict", `There is a user ${c.body.name} already.`, "Choose another name.");
    const password = c.body.password ?? randomName(16);
    const made: Account = {
      name: c.body.name,
      fullName: c.body.fullName ?? "",
      role: c.body.role ?? "user",
      group: c.body.group ?? "research",
      disabled: false,
      mustChangePassword: true,
      createdAt: Date.now(),
      lastLoginAt: null,
      password,
    };
    c.w.users.push(made);
    return { user: publicUser(made), password };
  },
  patchUser: (c) => publicUser(Object.assign(user(c), c.body)),
  resetPassword: (c) => {
    const u = Object.assign(user(c), { password: randomName(16), mustChangePassword: true });
    return { user: publicUser(u), password: u.password };
  },
  deleteUser: (c) => {
    const u = user(c);
    if (c.w.used(u.name).vclusters > 0)
      throw new DockletError("conflict", `${u.name} still has vclusters.`, "Delete them first.");
    c.w.users = c.w.users.filter((x) => x !== u);
  },
  groups: (c) => ({ items: c.w.groups }),
  createGroup: (c) => {
    const group = {
      name: c.body.name,
      quota: { ...c.w.groups[0]!.quota, ...c.body.quota },
      members: 0,
      createdAt: Date.now(),
    };
    c.w.groups.push(group);
    return group;
  },
  patchGroup: (c) => {
    const group = one(c.w.groups, (g) => g.name === c.params.name, "group");
    Object.assign(group.quota, c.body.quota);
    return group;
  },
  deleteGroup: (c) => {
    c.w.groups = c.w.groups.filter((g) => g.name !== c.params.name);
  },

  vclusters: (c) => ({
    items: c.w.vclusters.filter((v) => (c.query.owner === "*" ? c.me.role === "admin" : v.owner === c.me.name)),
    next: null,
  }),
  createVcluster: (c) => V.create(c.w, c.me.name, c.body),
  vcluster: (c) => vc(c),
  renameVcluster: (c) => {
    const v = vc(c);
    const { name, onHostLoss } = c.body;
    if (c.w.vclusters.some((o) => o !== v && o.owner === v.owner && o.name === name))
      throw new DockletError("conflict", `You already have a vcluster ${name}.`, "Choose another name.");
    v.name = name ?? v.name;
    v.onHostLoss = { ...v.onHostLoss, ...onHostLoss };
    c.w.emit({ type: "vcluster", data: structuredClone(v) }, v.owner);
    return v;
  },
  deleteVcluster: (c) => V.remove(c.w, vc(c)),
  startVcluster: (c) => V.start(c.w, vc(c)),
  stopVcluster: (c) => V.stop(c.w, vc(c)),
  scaleVcluster: (c) => V.scale(c.w, vc(c), c.body.nodes, c.body.size),
  moveVcluster: (c) => {
    if (c.me.role !== "admin") throw new DockletError("forbidden", "Only administrators move clusters.");
    return move(c.w, vc(c), c.body);
  },
  vclusterEvents: (c) =>
    pageOf(
      c.w.events.filter((e) => e.object === vc(c).name),
      c.query,
    ),
  vclusterMetrics: (c) => ({ items: vc(c).nodes.map((n) => ({ node: n.name, samples: c.w.samples.get(n.id) ?? [] })) }),
  openVcluster: (c) => ticket(vc(c), c.body.node ?? "host-0", c.body.port ? `/port/${c.body.port}/` : "/lab"),
  openSlug: (c) => {
    const v = one(c.w.vclusters, (x) => x.nodes.some((n) => n.slug === c.body.slug), "workspace");
    return ticket(v, v.nodes.find((n) => n.slug === c.body.slug)!.name, c.body.path ?? "/lab");
  },

  images: (c) => ({ items: c.w.images }),
  buildImage: (c) => {
    const image = one(c.w.images, (i) => i.name === c.params.name, "image");
    const tell = () => c.w.emit({ type: "image", data: structuredClone(image) }, null);
    const before = image.state;
    const op = play(c.w, {
      kind: "image.build",
      owner: c.me.name,
      object: image.name,
      steps: [{ name: "Fetch packages" }, { name: "Unpack" }, { name: "Configure" }, { name: "Store the layer" }],
      cancel: () => {
        Object.assign(image, { state: before, operation: null });
        tell();
      },
      done: () => {
        Object.assign(image, {
          state: "ready",
          operation: null,
          builtAt: Date.now(),
          size: 2_400_000_000,
          reason: null,
        });
        tell();
      },
    });
    Object.assign(image, { state: "building", operation: op.id, reason: null });
    tell();
    return op;
  },
  patchImage: (c) => {
    const image = one(c.w.images, (i) => i.name === c.params.name, "image");
    image.warm.want = c.body.warm;
    c.w.emit({ type: "image", data: structuredClone(image) }, null);
    return image;
  },
  deleteImage: (c) => {
    throw new DockletError(
      "conflict",
      `Image ${c.params.name} is used by ${c.w.vclusters.length} vclusters.`,
      "Delete those first.",
    );
  },
  ...hostHandlers,
  operations: (c) => ({ items: c.w.operations.filter((o) => o.owner === c.me.name).slice(0, 50), next: null }),
  operation: (c) => one(c.w.operations, (o) => o.id === c.params.id, "operation"),
  cancelOperation: (c) => {
    const op = one(c.w.operations, (o) => o.id === c.params.id, "operation");
    if (op.state === "running") op.state = "cancelling";
    c.w.emit({ type: "operation", data: structuredClone(op) }, op.owner);
    return op;
  },
  events: (c) =>
    pageOf(
      c.w.events.filter(
        (e) => (!c.query.object || e.object === c.query.object) && (!c.query.owner || e.owner === c.query.owner),
      ),
      c.query,
    ),
  config: (c) => ({ items: c.w.config }),
  version: () => ({ version: "0.5.0", commit: "0000000", bun: "1.4.5", sqlite: "3.54.1", schema: {}, wire: 1 }),
};

function ticket(v: Vcluster, node: string, path: string) {
  const n = one(v.nodes, (x) => x.name === node, "node");
  if (n.state !== "ready")
    throw new DockletError("unavailable", `${node} is ${n.state}.`, "It is opened as soon as it is ready.");
  return { url: `/workspace/${n.slug}${path}`, expiresAt: Date.now() + 60_000 };
}

function pageOf<T>(all: T[], query: { limit?: number; cursor?: string }) {
  const from = Number(query.cursor ?? 0);
  const to = from + (query.limit ?? 100);
  return { items: all.slice(from, to), next: to < all.length ? String(to) : null };
}
