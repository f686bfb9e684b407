import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Credentials, type Stage, supermasterStage } from "../../../test/kit/supermaster-stage.ts";
import { ACTIONS, type Route, type RouteName, routes } from "../../contracts/public/index.ts";
import { RULES } from "./policy.ts";

/** Every route of the table, asked by everyone. Whoever adds a route is tested without writing a line here. */
const ROUTES = Object.entries(routes) as [RouteName, Route][];
const WHO = ["anonymous", "other user", "owner", "admin", "read-only token", "foreign admin's write token"] as const;
type Who = (typeof WHO)[number];

/** Routes whose subject belongs to somebody: asked here about alice's. */
const OWNED: Partial<Record<RouteName, string>> = {
  vcluster: "alice",
  renameVcluster: "alice",
  deleteVcluster: "alice",
  startVcluster: "alice",
  stopVcluster: "alice",
  scaleVcluster: "alice",
  vclusterEvents: "alice",
  moveVcluster: "alice",
  vclusterMetrics: "alice",
  openVcluster: "alice",
  terminal: "alice",
  exec: "alice",
};
/** Their subject is found by an id: a stranger is told the same as for one that does not exist, or is refused. */
const BY_ID: RouteName[] = ["operation", "cancelOperation", "openSlug"];

const BODIES: Partial<Record<RouteName, unknown>> = {
  login: { username: "nobody-here", password: "wrong" },
  changePassword: { current: "wrong", next: "plum tree window song" },
  addKey: { key: "ssh-ed25519 AAAA not a key at all" },
  createToken: { name: "t", scopes: ["read"] },
  createUser: { name: "bob-2", password: "plum tree window song" },
  patchUser: { fullName: "A" },
  createGroup: { name: "staff" },
  patchGroup: { quota: { nodes: 3 } },
  renameVcluster: { name: "other-name" },
  scaleVcluster: { nodes: 2 },
  patchImage: { warm: 1 },
  createJoinToken: { role: "worker" },
};

let stage: Stage;
let as: Record<Who, Credentials | null>;

beforeAll(async () => {
  stage = await supermasterStage();
  for (const name of ["alice", "mallory"]) stage.person(name);
  stage.person("ada", "admin");
  as = {
    anonymous: null,
    "other user": stage.session("mallory"),
    owner: stage.session("alice"),
    admin: stage.session("ada"),
    "read-only token": stage.token("alice", ["read"]),
    "foreign admin's write token": stage.token("ada", ["read", "write"]),
  };
});
afterAll(() => stage.stop());

async function ask(name: RouteName, route: Route, who: Who): Promise<number> {
  const { json } = stage;
  // A fresh vcluster each time: some of the routes delete it.
  const alice = stage.session("alice");
  const made = await json<{
    vcluster: { id: string; name: string; nodes: { slug: string }[] };
    operation: { id: string };
  }>("POST", "/vclusters", { as: alice, body: {} });
  const path = route.path
    .replace(":name", OWNED[name] ? made.vcluster.name : name.includes("mage") ? "mini" : "nobody")
    .replace(":node", "host-0")
    .replace(":id", BY_ID.includes(name) ? made.operation.id : "none");
  const query = OWNED[name] && who !== "owner" && who !== "read-only token" ? `?owner=${OWNED[name]}` : "";
  const slug = (await json<{ nodes: { slug: string }[] }>("GET", `/vclusters/${made.vcluster.name}`, { as: alice }))
    .nodes[0]!.slug;
  const body = name === "openSlug" ? { slug } : (BODIES[name] ?? (route.body ? {} : undefined));
  // What logs the asker out must not spoil the next question.
  const mine = { "other user": "mallory", owner: "alice", admin: "ada" } as Partial<Record<Who, string>>;
  const credentials = mine[who] ? stage.session(mine[who]) : as[who];
  const headers: Record<string, string> =
    route.stream === "websocket" ? { upgrade: "websocket", origin: "http://portal.test" } : {};
  const response = await stage.call(route.method, path + query, {
    as: credentials,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  await response.body?.cancel();
  if (stage.store.get("SELECT 1 FROM allocations WHERE id = ?", [made.vcluster.id])) {
    await stage.call("DELETE", `/vclusters/${made.vcluster.name}`, { as: alice });
    await stage.call("DELETE", "/vclusters/other-name", { as: alice });
  }
  if (name === "logout" && who === "read-only token") as[who] = stage.token("alice", ["read"]);
  if (name === "logout" && who === "foreign admin's write token") as[who] = stage.token("ada", ["read", "write"]);
  return response.status;
}

/** What the policy promises, said once more and independently of it. */
function expected(name: RouteName, route: Route, who: Who): "in" | 401 | 403 | 404 {
  const { action } = route;
  if (action === "public") return "in";
  if (who === "anonymous") return 401;
  const adminOnly =
    action === "vcluster.move" ||
    (/^(user|group|image|config|host|join)\./.test(action) && !/^(image|host)\.read$/.test(action));
  const write = /\.(write|use|password)$/.test(action);
  if (who === "admin") return "in";
  if (adminOnly) return 403;
  if (who === "foreign admin's write token")
    return OWNED[name] || BY_ID.includes(name) ? (name === "openSlug" ? 404 : 403) : "in";
  if (who === "other user") return OWNED[name] ? 403 : BY_ID.includes(name) ? (name === "openSlug" ? 404 : 403) : "in";
  if (who === "read-only token" && write) return 403;
  return "in";
}

describe("every route, asked by everyone", () => {
  for (const [name, route] of ROUTES) {
    test(`${name}: ${route.method} ${route.path}`, async () => {
      const told: Record<string, string> = {};
      const want: Record<string, string> = {};
      for (const who of WHO) {
        const status = await ask(name, route, who);
        const right = expected(name, route, who);
        expect(status).toBeLessThan(500);
        // "in": past the policy. What the route then says of the subject (404, 409, 422) is not the policy's.
        told[who] = right === "in" ? (isRefusal(name, status) ? `${status}` : "in") : `${status}`;
        want[who] = `${right}`;
      }
      expect(told).toEqual(want);
    });
  }
});

/** Logging in with a wrong password is a 401 that has nothing to do with the policy. */
const isRefusal = (name: RouteName, status: number) => name !== "login" && (status === 401 || status === 403);

test("every action has a rule", () => {
  expect(Object.keys(RULES).sort()).toEqual([...ACTIONS].sort());
});

test("a person whose password somebody else knows can do nothing but change it", async () => {
  const stage = await supermasterStage();
  stage.person("carol");
  stage.store.write((tx) => tx.run("UPDATE users SET must_change_password = 1 WHERE name = 'carol'"));
  const carol = stage.session("carol");
  expect((await stage.call("GET", "/session", { as: carol })).status).toBe(200);
  const refused = await stage.call("POST", "/vclusters", { as: carol, body: {} });
  expect(refused.status).toBe(403);
  expect(await refused.json()).toMatchObject({ code: "forbidden", details: { reason: "password_due" } });
  await stage.stop();
});

test("who is made an ordinary user is one at once, with the session and the token they have", async () => {
  const stage = await supermasterStage();
  stage.person("ada", "admin");
  stage.person("eve", "admin");
  const eve = stage.session("eve");
  const token = stage.token("eve", ["admin"]);
  expect((await stage.call("GET", "/users", { as: eve })).status).toBe(200);
  await stage.json("PATCH", "/users/eve", { as: stage.session("ada"), body: { role: "user" } });
  expect((await stage.call("GET", "/users", { as: eve })).status).toBe(403);
  expect((await stage.call("GET", "/users", { as: token })).status).toBe(403);
  await stage.stop();
});
