import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Credentials, type Stage, supermasterStage } from "../../../test/kit/supermaster-stage.ts";
import { TICKET_PARAM } from "../../contracts/gateway.ts";
import type { Vcluster } from "../../contracts/public/index.ts";

let stage: Stage;
let alice: Credentials;
let revoked: { grant?: string; slug?: string }[];
beforeEach(async () => {
  stage = await supermasterStage();
  stage.person("alice");
  alice = stage.session("alice");
  revoked = [];
  stage.wing.gatewayApi.onRevoke((r) => revoked.push(r));
  await stage.json("POST", "/vclusters", { as: alice, body: { name: "lab" } });
});
afterEach(() => stage.stop());

const gate = () => stage.wing.gatewayApi;
const slugOf = async (name = "lab", as = alice) =>
  (await stage.json<Vcluster>("GET", `/vclusters/${name}`, { as })).nodes[0]!.slug!;
const open = (as = alice, body: object = {}) =>
  stage.json<{ url: string; expiresAt: number }>("POST", "/vclusters/lab/open", { as, body });
const ticketOf = (url: string) => new URL(url).searchParams.get(TICKET_PARAM)!;
async function enter(as = alice): Promise<{ slug: string; cookie: string }> {
  const slug = await slugOf();
  const granted = await gate().redeem(ticketOf((await open(as)).url), slug);
  return { slug, cookie: granted!.cookie };
}
const resolve = (g: { slug: string; cookie: string | null }, port: number | null = null) =>
  gate().resolve({ ...g, port });
const kind = async (g: { slug: string; cookie: string | null }) => (await resolve(g)).kind;

describe("tickets", () => {
  test("the link leads to the workspace's own origin and starts Jupyter", async () => {
    const { url, expiresAt } = await open();
    expect(url).toBe(`http://portal.test:8000/${await slugOf()}/?${TICKET_PARAM}=${ticketOf(url)}`);
    expect(expiresAt - stage.clock.now()).toBe(60_000);
    expect((await open(alice, { port: 3000 })).url).toContain(`/${await slugOf()}/port/3000/?`);
  });

  test("work once, for a minute, and for their slug only", async () => {
    const slug = await slugOf();
    const first = ticketOf((await open()).url);
    expect(await gate().redeem(first, slug)).not.toBeNull();
    expect(await gate().redeem(first, slug)).toBeNull();
    const foreign = ticketOf((await open()).url);
    expect(await gate().redeem(foreign, "anotherslug1")).toBeNull();
    expect(await gate().redeem(foreign, slug)).toBeNull();
    const old = ticketOf((await open()).url);
    stage.clock.pass(60_000);
    expect(await gate().redeem(old, slug)).toBeNull();
    expect(await gate().redeem("made-up", slug)).toBeNull();
  });

  test("of somebody who logged out meanwhile are worth nothing", async () => {
    const ticket = ticketOf((await open()).url);
    await stage.json("DELETE", "/session", { as: alice });
    expect(await gate().redeem(ticket, await slugOf("lab", stage.session("alice")))).toBeNull();
  });

  test("a node that is not up has none, with a reason", async () => {
    await stage.json("POST", "/vclusters/lab/stop", { as: alice });
    const r = await stage.call("POST", "/vclusters/lab/open", { as: alice, body: {} });
    expect([r.status, ((await r.json()) as { message: string }).message]).toEqual([409, '"lab" is stopped.']);
    expect((await stage.call("POST", "/vclusters/lab/open", { as: alice, body: { node: "host-7" } })).status).toBe(404);
  });

  test("an image without Jupyter says so, its ports can be opened", async () => {
    await stage.json("POST", "/vclusters", { as: alice, body: { name: "small", image: "mini" } });
    expect((await stage.call("POST", "/vclusters/small/open", { as: alice, body: {} })).status).toBe(501);
    expect((await stage.call("POST", "/vclusters/small/open", { as: alice, body: { port: 80 } })).status).toBe(200);
  });
});

describe("where the gateway sends people who have no cookie", () => {
  const openSlug = (body: object, as = alice) => stage.call("POST", "/open", { as, body });

  test("the path they wanted comes back, with a ticket", async () => {
    const slug = await slugOf();
    const { url } = (await (await openSlug({ slug, path: "/tree/a%20b?x=1" })).json()) as { url: string };
    expect(url).toStartWith(`http://portal.test:8000/${slug}/tree/a%20b?x=1&${TICKET_PARAM}=`);
  });

  test("paths that lead elsewhere are refused", async () => {
    const slug = await slugOf();
    for (const path of [
      "//evil.test",
      "/\\evil.test",
      "http://evil.test",
      "/../other",
      "/a\nb",
      "",
      "/%2e%2e/x/%2e%2e/%2e%2e/y",
    ]) {
      expect((await openSlug({ slug, path })).status).toBe(422);
    }
  });

  test("a foreign slug and an unknown one are one answer", async () => {
    stage.person("mallory");
    const mallory = stage.session("mallory");
    const answers = await Promise.all([
      openSlug({ slug: await slugOf() }, mallory),
      openSlug({ slug: "nosuchslug1" }, mallory),
    ]);
    expect(answers.map((r) => r.status)).toEqual([404, 404]);
  });
});

describe("cookies of workspaces", () => {
  test("lead to Jupyter with its token, and to ports without", async () => {
    const g = await enter();
    expect(await resolve(g)).toMatchObject({
      kind: "allow",
      upstream: { host: "172.16.0.2", port: 8888 },
      authorization: "token jupyter-token",
      stripPrefix: false,
    });
    expect(await resolve(g, 3000)).toMatchObject({
      kind: "allow",
      upstream: { port: 3000 },
      authorization: null,
      stripPrefix: true,
    });
  });

  test("none, a wrong one, or one for another slug: log in", async () => {
    const g = await enter();
    await stage.json("POST", "/vclusters", { as: alice, body: { name: "two" } });
    expect(await kind({ slug: g.slug, cookie: null })).toBe("login");
    expect(await kind({ slug: g.slug, cookie: "wrong" })).toBe("login");
    expect(await kind({ slug: await slugOf("two"), cookie: g.cookie })).toBe("login");
    expect(await kind({ slug: "nosuchslug1", cookie: null })).toBe("login");
  });

  test("are not in the database as they are", async () => {
    const g = await enter();
    expect(JSON.stringify(stage.store.all("SELECT * FROM grants"))).not.toContain(g.cookie);
  });

  const ends: [string, () => Promise<unknown>][] = [
    ["logging out", () => stage.json("DELETE", "/session", { as: alice })],
    [
      "being disabled",
      () => stage.json("PATCH", "/users/alice", { as: stage.session("root"), body: { disabled: true } }),
    ],
    ["a new password by an admin", () => stage.json("POST", "/users/alice/password", { as: stage.session("root") })],
    ["the session being ended elsewhere", () => stage.json("DELETE", "/me/sessions", { as: stage.session("alice") })],
    ["deleting the vcluster", () => stage.json("DELETE", "/vclusters/lab", { as: alice })],
  ];
  for (const [what, end] of ends) {
    test(`end with ${what}, and the gateway is told`, async () => {
      const g = await enter();
      const allowed = await resolve(g);
      await end();
      expect(["login", "deny"]).toContain(await kind(g));
      expect(revoked).toContainEqual({ grant: (allowed as { grant: string }).grant });
    });
  }

  test("end with the session's hours, and the sweep tells the gateway", async () => {
    const g = await enter();
    const { grant } = (await resolve(g)) as { grant: string };
    stage.clock.pass(25 * 3_600_000);
    expect(await kind(g)).toBe("login");
    await stage.wing.sweep();
    expect(revoked).toContainEqual({ grant });
  });

  test("work in a workspace keeps the session alive", async () => {
    const g = await enter();
    for (let i = 0; i < 4; i++) {
      stage.clock.pass(20 * 3_600_000);
      expect(await kind(g)).toBe("allow");
    }
    expect((await stage.call("GET", "/me", { as: alice })).status).toBe(200);
  });

  test("of an API token end when it is revoked", async () => {
    const { token, secret } = await stage.json<{ token: { id: string }; secret: string }>("POST", "/tokens", {
      as: alice,
      body: { name: "t" },
    });
    const g = await enter({ headers: { authorization: `Bearer ${secret}` } });
    expect(await kind(g)).toBe("allow");
    await stage.json("DELETE", `/tokens/${token.id}`, { as: alice });
    expect(await kind(g)).toBe("login");
  });

  test("an admin's right to others' workspaces ends with the role", async () => {
    stage.person("ada", "admin");
    const ada = stage.session("ada");
    const slug = await slugOf();
    const { url } = await stage.json<{ url: string }>("POST", "/vclusters/lab/open?owner=alice", { as: ada, body: {} });
    const { cookie } = (await gate().redeem(ticketOf(url), slug))!;
    expect(await kind({ slug, cookie })).toBe("allow");
    await stage.json("PATCH", "/users/ada", { as: stage.session("root"), body: { role: "user" } });
    expect(await kind({ slug, cookie })).toBe("deny");
  });
});

test("a node that is coming up is waited for, a stopped one is said to be down", async () => {
  const g = await enter();
  const node = [...stage.master.rows.values()][0]!.nodes[0]!;
  node.state = "booting";
  expect(await resolve(g)).toEqual({ kind: "wait", vcluster: "lab", node: "host-0", state: "booting", reason: null });
  node.state = "failed";
  node.reason = "out of memory";
  expect(await resolve(g)).toMatchObject({ kind: "down", state: "failed", reason: "out of memory" });
});

test("the gateway hears of a node that goes down", async () => {
  const { slug } = await enter();
  const v = structuredClone([...stage.master.rows.values()][0]!);
  v.nodes[0]!.state = "stopping";
  stage.master.emit({ type: "vcluster", data: v });
  expect(revoked).toEqual([{ slug }]);
});

test("with a wildcard domain every workspace has a name of its own", async () => {
  const other = await supermasterStage({
    config: {
      SESSION_HOURS: 24,
      PROXY_PORT: 8000,
      WORKSPACE_DOMAIN: "ws.example.org",
      PORTAL_URL: "https://portal.example.org",
      DEFAULT_IMAGE: "base",
    },
  });
  const root = other.session("root");
  await other.json("POST", "/vclusters", { as: root, body: { name: "lab" } });
  const slug = (await other.json<Vcluster>("GET", "/vclusters/lab", { as: root })).nodes[0]!.slug!;
  const { url } = await other.json<{ url: string }>("POST", "/vclusters/lab/open", {
    as: root,
    body: {},
    base: "http://portal.example.org",
  });
  expect(url).toStartWith(`https://${slug}.ws.example.org/${slug}/?`);
  await other.stop();
});
