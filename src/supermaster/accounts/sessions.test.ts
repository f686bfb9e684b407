import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { ROOT_PASSWORD, type Stage, supermasterStage } from "../../../test/kit/supermaster-stage.ts";
import type { Me, Problem, Session } from "../../contracts/public/index.ts";

let stage: Stage;
beforeEach(async () => {
  stage = await supermasterStage();
});
afterEach(() => stage.stop());

const login = (
  password = ROOT_PASSWORD,
  more: { address?: string; username?: string; headers?: Record<string, string> } = {},
) =>
  stage.call("POST", "/session", {
    body: { username: more.username ?? "root", password },
    ...(more.address ? { address: more.address } : {}),
    ...(more.headers ? { headers: more.headers } : {}),
  });
const cookieOf = (r: Response) => r.headers.getSetCookie()[0]!.split(";")[0]!;

describe("logging in", () => {
  test("answers who I am and a cookie that scripts can't read", async () => {
    const r = await login();
    expect(r.status).toBe(200);
    expect(r.headers.getSetCookie()[0]).toMatch(
      /^dk_session=[\w-]{43}; Path=\/; Max-Age=86400; HttpOnly; SameSite=Lax$/,
    );
    const me = (await r.json()) as Me;
    expect(me.user.name).toBe("root");
    expect((await stage.json<Me>("GET", "/session", { headers: { cookie: cookieOf(r) } })).csrf).toBe(me.csrf);
  });

  test("the cookie is only sent over TLS when it came by it, or when the portal's public address says so", async () => {
    const direct = await stage.call("POST", "/session", {
      base: "https://portal.test",
      body: { username: "root", password: ROOT_PASSWORD },
    });
    expect(direct.headers.getSetCookie()[0]).toContain("; Secure");
  });

  test("wrong name, wrong password and disabled are one answer", async () => {
    await stage.json("POST", "/users", {
      as: stage.session("root"),
      body: { name: "dora", password: "plum tree window song" },
    });
    await stage.json("PATCH", "/users/dora", { as: stage.session("root"), body: { disabled: true } });
    const answers = [
      await login("wrong"),
      await login("x", { username: "nobody-here" }),
      await login("plum tree window song", { username: "dora" }),
    ];
    const problems = (await Promise.all(answers.map((r) => r.json()))) as Problem[];
    expect(new Set(problems.map((p) => `${p.status} ${p.message}`)).size).toBe(1);
    expect(problems[0]).toMatchObject({ status: 401, code: "unauthenticated" });
  });

  test("guessing is slowed down with 429 and Retry-After; another address is not affected", async () => {
    let r = await login("wrong", { address: "192.0.2.66" });
    for (let i = 0; i < 8 && r.status === 401; i++) r = await login("wrong", { address: "192.0.2.66" });
    expect(r.status).toBe(429);
    expect(Number(r.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await login(ROOT_PASSWORD, { address: "192.0.2.66" })).status).toBe(429);
    expect((await login(ROOT_PASSWORD, { address: "192.0.2.1" })).status).toBe(200);
  });

  test("a page of another site can't log anybody in", async () => {
    expect((await login(ROOT_PASSWORD, { headers: { origin: "http://portal.test:8000" } })).status).toBe(403);
    expect((await login(ROOT_PASSWORD, { headers: { "sec-fetch-site": "cross-site" } })).status).toBe(403);
    expect((await login(ROOT_PASSWORD, { headers: { origin: "http://portal.test" } })).status).toBe(200);
  });
});

describe("writes of a cookie session", () => {
  test("need the session's CSRF token and, where there is one, our own Origin", async () => {
    const root = stage.session("root");
    const write = (headers: Record<string, string>) =>
      stage.call("POST", "/groups", {
        headers: { cookie: root.headers.cookie!, ...headers },
        body: { name: `g${stage.clock.at++}` },
      });
    const csrf = root.headers["x-csrf-token"]!;
    expect((await write({})).status).toBe(403);
    expect((await write({ "x-csrf-token": "wrong" })).status).toBe(403);
    expect((await write({ "x-csrf-token": stage.session("root").headers["x-csrf-token"]! })).status).toBe(403);
    expect((await write({ "x-csrf-token": csrf, origin: "http://portal.test:8000" })).status).toBe(403);
    expect((await write({ "x-csrf-token": csrf, origin: "null" })).status).toBe(403);
    expect((await write({ "x-csrf-token": csrf, origin: "http://portal.test" })).status).toBe(201);
    expect((await write({ "x-csrf-token": csrf })).status).toBe(201);
  });

  test("API tokens need neither", async () => {
    const token = stage.token("root", ["admin"]);
    expect((await stage.call("POST", "/groups", { as: token, body: { name: "staff" } })).status).toBe(201);
  });
});

describe("ending sessions", () => {
  test("logging out ends this session and clears the cookie", async () => {
    const root = stage.session("root");
    const r = await stage.call("DELETE", "/session", { as: root });
    expect(r.status).toBe(204);
    expect(r.headers.getSetCookie()[0]).toContain("Max-Age=0");
    const after = await stage.call("GET", "/me", { as: root });
    expect(after.status).toBe(401);
    expect(((await after.json()) as Problem).message).toBe("Your session has ended.");
  });

  test("a session ends when it was not used for its hours; use makes it longer", async () => {
    const root = stage.session("root");
    for (let i = 0; i < 3; i++) {
      stage.clock.pass(20 * 3_600_000);
      expect((await stage.call("GET", "/me", { as: root })).status).toBe(200);
    }
    stage.clock.pass(24 * 3_600_000);
    expect((await stage.call("GET", "/me", { as: root })).status).toBe(401);
  });

  test("sessions are listed, one can be ended, and all the others", async () => {
    const [a, b, c] = [stage.session("root"), stage.session("root"), stage.session("root")];
    const { items } = await stage.json<{ items: Session[] }>("GET", "/me/sessions", { as: a });
    expect(items).toHaveLength(3);
    expect(items.filter((s) => s.current)).toHaveLength(1);
    stage.person("mallory");
    const foreign = items.find((s) => !s.current)!.id;
    expect((await stage.call("DELETE", `/me/sessions/${foreign}`, { as: stage.session("mallory") })).status).toBe(404);
    await stage.json("DELETE", "/me/sessions", { as: a });
    expect((await stage.call("GET", "/me", { as: a })).status).toBe(200);
    for (const ended of [b, c]) expect((await stage.call("GET", "/me", { as: ended })).status).toBe(401);
  });

  test("a new password ends the other sessions, and the old password is needed for it", async () => {
    const here = cookieOf(await login());
    const other = stage.session("root");
    const { csrf } = await stage.json<Me>("GET", "/session", { headers: { cookie: here } });
    const change = (current: string, next: string) =>
      stage.call("PUT", "/me/password", { headers: { cookie: here, "x-csrf-token": csrf! }, body: { current, next } });
    expect((await change("wrong", "plum tree window song")).status).toBe(422);
    expect((await change(ROOT_PASSWORD, "password1234")).status).toBe(422);
    expect((await change(ROOT_PASSWORD, "short")).status).toBe(422);
    expect((await change(ROOT_PASSWORD, "plum tree window song")).status).toBe(204);
    expect((await stage.call("GET", "/me", { as: other })).status).toBe(401);
    expect((await stage.call("GET", "/me", { headers: { cookie: here } })).status).toBe(200);
    expect((await login()).status).toBe(401);
    expect((await login("plum tree window song")).status).toBe(200);
  });
});

test("two valid session cookies of different people are nobody: one of them was planted", async () => {
  stage.person("mallory");
  const cookie = `dk_session=${stage.session("mallory").cookie}; dk_session=${stage.session("root").cookie}`;
  expect((await stage.call("GET", "/me", { headers: { cookie } })).status).toBe(401);
  const stale = `dk_session=stale; dk_session=${stage.session("root").cookie}`;
  expect((await stage.call("GET", "/me", { headers: { cookie: stale } })).status).toBe(200);
});

test("no secret is in the database as it is", async () => {
  const cookie = cookieOf(await login()).split("=")[1]!;
  const { secret } = await stage.json<{ secret: string }>("POST", "/tokens", {
    as: stage.session("root"),
    body: { name: "t" },
  });
  const dump = JSON.stringify(
    ["users", "sessions", "tokens", "idempotency", "events"].map((t) => stage.store.all(`SELECT * FROM ${t}`)),
  );
  for (const text of [cookie, secret, ROOT_PASSWORD]) expect(dump).not.toContain(text);
});

test("a password typed into the field of the name is not written down", async () => {
  await login("x", { username: "my-secret-password" });
  expect(JSON.stringify(stage.store.all("SELECT * FROM events"))).not.toContain("my-secret");
});

test("the history tells of logins, and of refused ones once a minute", async () => {
  await login();
  for (let i = 0; i < 4; i++) await login("wrong");
  const rows = stage.store.all<{ action: string; result: string }>(
    "SELECT action, result FROM events WHERE action = 'session.login'",
  );
  expect(rows).toEqual([
    { action: "session.login", result: "ok" },
    { action: "session.login", result: "denied" },
  ]);
});
