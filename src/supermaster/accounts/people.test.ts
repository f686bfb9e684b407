import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Credentials, type Stage, supermasterStage } from "../../../test/kit/supermaster-stage.ts";
import type { Group, Problem, User } from "../../contracts/public/index.ts";
import { DockletError } from "../../lib/errors.ts";
import { isCommonPassword } from "./common-passwords.ts";

const ED = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
const GOOD = "plum tree window song";

let stage: Stage;
let root: Credentials;
beforeEach(async () => {
  stage = await supermasterStage();
  root = stage.session("root");
});
afterEach(() => stage.stop());

const problem = async (method: string, path: string, body?: unknown, as = root): Promise<Problem> => {
  const r = await stage.call(method, path, { as, ...(body === undefined ? {} : { body }) });
  expect(r.status).toBeGreaterThanOrEqual(400);
  return (await r.json()) as Problem;
};

describe("making users", () => {
  test("with a password of theirs, or with a generated one that must be changed", async () => {
    const own = await stage.json<{ user: User; password: string | null }>("POST", "/users", {
      as: root,
      body: { name: "alice", password: GOOD },
    });
    expect(own).toMatchObject({
      password: null,
      user: { name: "alice", role: "user", group: "default", mustChangePassword: false },
    });
    const made = await stage.json<{ user: User; password: string }>("POST", "/users", {
      as: root,
      body: { name: "bob", role: "admin" },
    });
    expect(made.user).toMatchObject({ group: "admins", mustChangePassword: true });
    const r = await stage.call("POST", "/session", { body: { username: "bob", password: made.password } });
    expect(r.status).toBe(200);
  });

  test("two at once with one name: exactly one is made", async () => {
    const statuses = await Promise.all(
      [1, 2].map(
        async () => (await stage.call("POST", "/users", { as: root, body: { name: "alice", password: GOOD } })).status,
      ),
    );
    expect(statuses.sort()).toEqual([201, 409]);
  });

  test("common passwords, reserved names and unknown groups are refused with a reason", async () => {
    expect(await problem("POST", "/users", { name: "alice", password: "Password1234" })).toMatchObject({ status: 422 });
    expect(await problem("POST", "/users", { name: "admin", password: GOOD })).toMatchObject({
      status: 422,
      message: expect.stringContaining("reserved"),
    });
    expect(await problem("POST", "/users", { name: "alice", password: GOOD, group: "nope" })).toMatchObject({
      status: 404,
    });
    expect(isCommonPassword("alice2026!!!", "alice")).toBe(true);
    expect(isCommonPassword("abababababab", "alice")).toBe(true);
    expect(isCommonPassword(GOOD, "alice")).toBe(false);
  });
});

describe("root and oneself", () => {
  test("root can be neither disabled, demoted nor deleted", async () => {
    stage.person("ada", "admin");
    const ada = stage.session("ada");
    expect(await problem("PATCH", "/users/root", { disabled: true }, ada)).toMatchObject({ status: 409 });
    expect(await problem("PATCH", "/users/root", { role: "user" }, ada)).toMatchObject({ status: 409 });
    expect(await problem("DELETE", "/users/root", undefined, ada)).toMatchObject({ status: 409 });
    expect(await problem("PATCH", "/users/ada", { disabled: true }, ada)).toMatchObject({ status: 409 });
    expect(await problem("DELETE", "/users/ada", undefined, ada)).toMatchObject({ status: 409 });
  });
});

describe("deleting users", () => {
  test("is refused while they have vclusters, and else takes the data folder along", async () => {
    const id = stage.person("alice");
    const alice = stage.session("alice");
    await stage.json("POST", "/vclusters", { as: alice, body: { name: "one" } });
    expect(await problem("DELETE", "/users/alice")).toMatchObject({
      status: 409,
      message: "alice still has 1 vcluster.",
    });
    await stage.json("DELETE", "/vclusters/one", { as: alice });
    expect(await problem("DELETE", "/users/alice?confirm=alic")).toMatchObject({ status: 422 });
    await stage.json("DELETE", "/users/alice?confirm=alice", { as: root });
    expect(stage.master.owners.has(id)).toBe(false);
    expect((await stage.call("GET", "/me", { as: alice })).status).toBe(401);
    expect(stage.store.get("SELECT id FROM retired_users")).toEqual({ id });
  });

  test("changes nothing when the data folder could not be removed", async () => {
    stage.person("alice");
    stage.master.failNext("removeOwner", new DockletError("unavailable", "The host is away."));
    expect(await problem("DELETE", "/users/alice")).toMatchObject({ status: 503 });
    expect(await stage.json<User>("GET", "/users/alice", { as: root })).toMatchObject({ disabled: false });
  });

  test("a namesake does not inherit the history", async () => {
    stage.person("alice");
    stage.master.addEvent({ owner: "alice", object: "old", message: "secret of the first alice" });
    await stage.json("DELETE", "/users/alice", { as: root });
    stage.clock.pass(1000);
    stage.person("alice");
    const { items } = await stage.json<{ items: unknown[] }>("GET", "/events", { as: stage.session("alice") });
    expect(items).toEqual([]);
  });
});

describe("keys and data folders reach the master", () => {
  test("a new key, a removed key, another group and another quota", async () => {
    const id = stage.person("alice");
    const alice = stage.session("alice");
    const key = await stage.json<{ id: string; name: string }>("POST", "/me/keys", {
      as: alice,
      body: { key: `${ED} me@home` },
    });
    expect(key.name).toBe("me@home");
    expect(stage.master.owners.get(id)).toEqual({ id, name: "alice", home: 10_240, authorizedKeys: [ED] });
    expect(await problem("POST", "/me/keys", { key: ED }, alice)).toMatchObject({ status: 409 });
    await stage.json("PATCH", "/groups/default", { as: root, body: { quota: { home: 2048 } } });
    expect(stage.master.owners.get(id)!.home).toBe(2048);
    await stage.json("POST", "/groups", { as: root, body: { name: "staff", quota: { home: 4096 } } });
    await stage.json("PATCH", "/users/alice", { as: root, body: { group: "staff" } });
    expect(stage.master.owners.get(id)!.home).toBe(4096);
    await stage.json("DELETE", `/me/keys/${key.id}`, { as: alice });
    expect(stage.master.owners.get(id)!.authorizedKeys).toEqual([]);
  });

  test("when the master is away the key is kept, and the sweep tells it later", async () => {
    const id = stage.person("alice");
    stage.master.failNext("updateOwner", new Error("gone"));
    await stage.json("POST", "/me/keys", { as: stage.session("alice"), body: { key: ED } });
    expect(stage.master.owners.has(id)).toBe(false);
    await stage.wing.sweep();
    expect(stage.master.owners.get(id)!.authorizedKeys).toEqual([ED]);
  });
});

describe("groups", () => {
  test("are made from the default quota, and only go when they are empty", async () => {
    const g = await stage.json<Group>("POST", "/groups", { as: root, body: { name: "staff", quota: { nodes: 3 } } });
    expect(g).toMatchObject({ name: "staff", members: 0, quota: { nodes: 3, vclusters: 10 } });
    stage.person("alice", "user", "staff");
    expect(await problem("DELETE", "/groups/staff")).toMatchObject({
      status: 409,
      message: 'The group "staff" still has 1 member.',
    });
    expect(await problem("DELETE", "/groups/default")).toMatchObject({ status: 409 });
    await stage.json("PATCH", "/users/alice", { as: root, body: { group: "default" } });
    expect((await stage.call("DELETE", "/groups/staff", { as: root })).status).toBe(204);
  });
});

test("users come in pages, with what they use", async () => {
  for (let i = 0; i < 5; i++) stage.person(`user-${i}`);
  await stage.json("POST", "/vclusters", { as: stage.session("user-0"), body: { nodes: 2 } });
  const first = await stage.json<{ items: (User & { used: { nodes: number } })[]; next: string }>(
    "GET",
    "/users?limit=4",
    { as: root },
  );
  expect(first.items.map((u) => u.name)).toEqual(["root", "user-0", "user-1", "user-2"]);
  expect(first.items[1]!.used.nodes).toBe(2);
  const second = await stage.json<{ items: User[]; next: null }>("GET", `/users?limit=4&cursor=${first.next}`, {
    as: root,
  });
  expect(second.items.map((u) => u.name)).toEqual(["user-3", "user-4"]);
  expect(second.next).toBeNull();
});
