import { afterEach, beforeEach, expect, test } from "bun:test";
import { type Stage, supermasterStage } from "../../../test/kit/supermaster-stage.ts";
import type { ApiToken, Problem } from "../../contracts/public/index.ts";

let stage: Stage;
beforeEach(async () => {
  stage = await supermasterStage();
  stage.person("alice");
});
afterEach(() => stage.stop());

const make = (body: object, as = stage.session("alice")) =>
  stage.json<{ token: ApiToken; secret: string }>("POST", "/tokens", { as, body });
const bearer = (secret: string) => ({ headers: { authorization: `Bearer ${secret}` } });
const hint = async (as: { headers: Record<string, string> }) => {
  const r = await stage.call("GET", "/me", { as });
  return (await r.json()) as Problem;
};

test("the secret is shown once, and works until it is revoked", async () => {
  const { token, secret } = await make({ name: "laptop" });
  expect(secret).toMatch(/^dk_[\w-]{43}$/);
  expect(token.scopes).toEqual(["read", "write"]);
  expect((await stage.call("GET", "/me", { as: bearer(secret) })).status).toBe(200);
  const { items } = await stage.json<{ items: ApiToken[] }>("GET", "/tokens", { as: stage.session("alice") });
  expect(items.map((t) => t.name)).toEqual(["laptop"]);
  expect(JSON.stringify(items)).not.toContain(secret);
  await stage.json("DELETE", `/tokens/${token.id}`, { as: stage.session("alice") });
  expect(await hint(bearer(secret))).toMatchObject({
    status: 401,
    code: "unauthenticated",
    message: expect.stringContaining("revoked"),
  });
});

test("expired, foreign and garbled tokens are told apart, all as 401", async () => {
  const { secret } = await make({ name: "short", days: 1 });
  stage.clock.pass(86_400_000);
  expect(await hint(bearer(secret))).toMatchObject({ status: 401, message: "This API token has expired." });
  await stage.wing.sweep();
  expect(await hint(bearer(secret))).toMatchObject({ status: 401, message: "This API token has expired." });
  expect(await hint(bearer(`dk_${"A".repeat(43)}`))).toMatchObject({
    status: 401,
    hint: expect.stringContaining("belongs to this docklet"),
  });
  expect(await hint(bearer("ghp_something"))).toMatchObject({ status: 401, hint: expect.stringContaining("dk_") });
  expect(await hint({ headers: { authorization: "Basic cm9vdDpyb290" } })).toMatchObject({
    status: 401,
    hint: expect.stringContaining("Bearer"),
  });
});

test("a token of a disabled user works no more, and again when the user is enabled", async () => {
  const { secret } = await make({ name: "t" });
  const root = stage.session("root");
  await stage.json("PATCH", "/users/alice", { as: root, body: { disabled: true } });
  expect(await hint(bearer(secret))).toMatchObject({ status: 401, message: "This account is disabled." });
  await stage.json("PATCH", "/users/alice", { as: root, body: { disabled: false } });
  expect((await stage.call("GET", "/me", { as: bearer(secret) })).status).toBe(200);
});

test("a token can't make a stronger or a longer-lived one than itself", async () => {
  const { token, secret } = await make({ name: "parent", days: 1 });
  const child = await make({ name: "child", days: 300 }, bearer(secret));
  expect(child.token.expiresAt).toBe(token.expiresAt);
  const root = stage.token("root", ["read", "write"]);
  expect((await stage.call("POST", "/tokens", { as: root, body: { name: "x", scopes: ["admin"] } })).status).toBe(403);
  expect(
    (await stage.call("POST", "/tokens", { as: stage.session("alice"), body: { name: "x", scopes: ["admin"] } }))
      .status,
  ).toBe(403);
});

test("one's tokens are one's own, and logging out with a token revokes it", async () => {
  const { token, secret } = await make({ name: "t" });
  stage.person("mallory");
  expect((await stage.call("DELETE", `/tokens/${token.id}`, { as: stage.session("mallory") })).status).toBe(404);
  expect((await stage.call("DELETE", "/session", { as: bearer(secret) })).status).toBe(204);
  expect((await stage.call("GET", "/me", { as: bearer(secret) })).status).toBe(401);
});

test("a hundred are enough", async () => {
  const as = stage.session("alice");
  for (let i = 0; i < 100; i++) await make({ name: `t${i}` }, as);
  expect((await stage.call("POST", "/tokens", { as, body: { name: "one more" } })).status).toBe(409);
});
