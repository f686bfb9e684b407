import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DockletError } from "../../src/lib/errors.ts";
import { type CliFixture, cliFixture, until } from "./fixture.ts";

let f: CliFixture;
let ann: Record<string, string>;
let root: Record<string, string>;
beforeAll(async () => {
  f = await cliFixture();
  f.stage.person("ann");
  ann = f.as("ann");
  root = f.as("root", ["read", "write", "admin"]);
});
afterAll(() => f.stop());

describe("vclusters", () => {
  test("create, list, show, scale, stop, start, rename, rm", async () => {
    const made = await f.run(["vcluster", "create", "lab", "-n", "2", "--memory", "2G"], { env: ann });
    expect(made.stderr).not.toContain("error");
    expect(made.code).toBe(0);
    expect(made.stdout).toContain("host-1");
    const ls = await f.run(["vc", "ls", "--json"], { env: ann });
    expect(JSON.parse(ls.stdout).items[0]).toMatchObject({ name: "lab", owner: "ann" });
    expect(ls.stderr).toBe("");
    expect((await f.run(["vc", "scale", "lab", "3"], { env: ann })).code).toBe(0);
    const show = await f.run(["vcluster", "show", "lab", "--json"], { env: ann });
    expect(JSON.parse(show.stdout).nodes).toHaveLength(3);
    expect(JSON.parse(show.stdout).nodes[0].size.memory).toBe(2048);
    expect((await f.run(["vc", "stop", "lab"], { env: ann })).stderr).toContain("lab is stopped.");
    expect((await f.run(["vc", "start", "lab"], { env: ann })).stderr).toContain("lab is ready.");
    expect((await f.run(["vc", "rename", "lab", "den"], { env: ann })).stderr).toContain("called den");
    const wish = ["vc", "set", "den", "--on-host-loss", "stop", "--recover", "anew"];
    expect((await f.run(wish, { env: ann })).stderr).toContain("nodes of den: stop, recover: anew");
    const shown = await f.run(["vc", "show", "den", "--json"], { env: ann });
    expect(JSON.parse(shown.stdout).onHostLoss).toEqual({ nodes: "stop", recover: "anew" });
    expect((await f.run(["vc", "set", "den"], { env: ann })).stderr).toContain("There is nothing to change.");
    const admin = await f.run(["vc", "ls", "--all"], { env: root });
    expect(admin.stdout).toMatch(/NAME +OWNER[\s\S]*den +ann/);
    const unsure = await f.run(["vc", "rm", "den"], { env: ann });
    expect([unsure.code, unsure.stdout]).toEqual([2, ""]);
    expect(unsure.stderr).toContain("--yes");
    expect((await f.run(["vc", "rm", "den", "-y"], { env: ann })).code).toBe(0);
    expect(JSON.parse((await f.run(["vc", "ls", "--json"], { env: ann })).stdout)).toEqual({ items: [] });
  });

  test("--json has the data alone on stdout, and the progress on stderr", async () => {
    f.stage.master.auto = false;
    try {
      const child = f.spawn(["vc", "create", "slow", "--json"], { env: ann });
      const op = await until(() => [...f.stage.master.ops.values()].find((o) => o.object === "slow"));
      f.stage.master.finish(op.id);
      const { code, stdout, stderr } = await f.collect(child);
      expect(code).toBe(0);
      expect(JSON.parse(stdout).name).toBe("slow");
      expect(stderr).toContain("[1/1] work");
    } finally {
      f.stage.master.auto = true;
    }
  });

  test("a failed operation is exit code 1", async () => {
    f.stage.master.auto = false;
    try {
      const child = f.spawn(["vc", "create", "broken"], { env: ann });
      const op = await until(() => [...f.stage.master.ops.values()].find((o) => o.object === "broken"));
      f.stage.master.finish(op.id, "failed");
      const { code, stdout, stderr } = await f.collect(child);
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toContain("vcluster.create broken failed");
    } finally {
      f.stage.master.auto = true;
    }
  });

  test("Ctrl-C cancels the operation", async () => {
    f.stage.master.auto = false;
    try {
      const child = f.spawn(["vc", "create", "regret"], { env: ann });
      const reader = child.stderr.getReader();
      let said = "";
      while (!said.includes("[1/1]")) said += new TextDecoder().decode((await reader.read()).value);
      child.kill("SIGINT");
      expect(await child.exited).toBe(1);
      for (let more = await reader.read(); !more.done; more = await reader.read())
        said += new TextDecoder().decode(more.value);
      expect(said).toContain("was cancelled");
      const op = [...f.stage.master.ops.values()].find((o) => o.object === "regret");
      expect(op?.state).toBe("cancelled");
    } finally {
      f.stage.master.auto = true;
    }
  });

  test("--detach answers at once", async () => {
    f.stage.master.auto = false;
    try {
      const { code, stdout } = await f.run(["vc", "create", "later", "-d"], { env: ann });
      expect([code, stdout]).toEqual([0, "later\n"]);
    } finally {
      f.stage.master.auto = true;
    }
  });

  test("what the server refuses is told with hint and request id", async () => {
    f.stage.master.failNext("create", new DockletError("no_capacity", "Asked for 9, free are 3.", "Take 3 nodes."));
    const { code, stderr, stdout } = await f.run(["vc", "create", "big"], { env: ann });
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("Asked for 9, free are 3.");
    expect(stderr).toContain("Take 3 nodes.");
    expect(stderr).toMatch(/request req-\w+/);
  });

  test("open prints a link", async () => {
    await f.run(["vc", "create", "web"], { env: ann });
    const { code, stdout, stderr } = await f.run(["open", "web/host-0", "--port", "8888"], { env: ann });
    expect(stderr).toBe("");
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^http:\/\/\S+docklet_ticket=\S+\n$/)]);
  });
});

describe("people", () => {
  test("user and group verbs, with the password alone on stdout", async () => {
    const group = await f.run(["group", "add", "students", "--nodes", "4", "--memory", "8G"], { env: root });
    expect(group.stderr).toContain("Group students");
    const set = await f.run(["group", "set", "students", "--nodes", "6", "--json"], { env: root });
    expect(JSON.parse(set.stdout).quota).toMatchObject({ nodes: 6, memory: 8192 });
    const add = await f.run(["user", "add", "bob", "--group", "students"], { env: root });
    expect(add.code).toBe(0);
    expect(add.stdout).toMatch(/^\S{12,}\n$/);
    expect((await f.run(["user", "ls"], { env: root })).stdout).toMatch(/bob +user +students +enabled/);
    expect((await f.run(["user", "disable", "bob"], { env: root })).stderr).toContain("disabled");
    expect((await f.run(["user", "enable", "bob"], { env: root })).stderr).toContain("enabled");
    expect((await f.run(["user", "passwd", "bob"], { env: root })).stdout).not.toBe(add.stdout);
    expect((await f.run(["user", "rm", "bob", "--yes"], { env: root })).code).toBe(0);
    expect((await f.run(["group", "rm", "students"], { env: root })).code).toBe(0);
    expect((await f.run(["group", "ls"], { env: root })).stdout).not.toContain("students");
  });

  test("an ordinary person is told that this is for admins", async () => {
    const { code, stderr } = await f.run(["user", "ls"], { env: ann });
    expect(code).toBe(1);
    expect(stderr).toContain("error:");
  });

  test("tokens and keys", async () => {
    const made = await f.run(["token", "create", "ci", "--scope", "read", "--days", "7"], { env: ann });
    expect(made.stdout).toMatch(/^dk_\S+\n$/);
    const { items } = JSON.parse((await f.run(["token", "ls", "--json"], { env: ann })).stdout);
    const ci = items.find((t: { name: string }) => t.name === "ci");
    expect(ci.scopes).toEqual(["read"]);
    expect((await f.run(["token", "rm", ci.id], { env: ann })).code).toBe(0);
    const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFmJC5pG3JxPj0Dk4CVMVtBBxMhRYz7gLvPqNRyKpKLp ann@laptop";
    const added = await f.run(["key", "add", "-", "--json"], { env: ann, stdin: `${key}\n` });
    expect(added.stderr).toBe("");
    const { id } = JSON.parse(added.stdout);
    expect((await f.run(["key", "ls"], { env: ann })).stdout).toContain(id);
    expect((await f.run(["key", "rm", id], { env: ann })).code).toBe(0);
    const secret = join(f.dir, "id_ed25519");
    writeFileSync(secret, "-----BEGIN OPENSSH PRIVATE KEY-----\n");
    const refused = await f.run(["key", "add", secret], { env: ann });
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("Nothing was sent")]);
  });
});

describe("the system", () => {
  test("status, host, image, operation, events", async () => {
    const status = await f.run(["status"], { env: ann });
    expect(status.stdout).toContain("ann (user, group default)");
    expect(JSON.parse((await f.run(["status", "--json"], { env: root })).stdout).hosts).toHaveLength(1);
    expect((await f.run(["host", "ls"], { env: root })).code).toBe(0);
    expect((await f.run(["image", "ls"], { env: ann })).stdout).toMatch(/base +ready/);
    expect((await f.run(["image", "warm", "base", "3"], { env: root })).stderr).toContain("of 3 warm");
    const operations = JSON.parse((await f.run(["operation", "ls", "--json"], { env: ann })).stdout).items;
    expect((await f.run(["operation", "show", operations[0].id], { env: ann })).stdout).toContain(operations[0].id);
    const events = await f.run(["events", "--json", "-n", "5"], { env: ann });
    const lines = events.stdout.trim().split("\n");
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(JSON.parse(line)).toHaveProperty("action");
  });

  test("hosts join with tokens, and leave", async () => {
    const made = await f.run(["join-token", "create", "--role", "worker", "--ttl", "30m", "--uses", "3"], {
      env: root,
    });
    expect(made.stdout).toMatch(/^DK1\.\S+\n$/);
    expect(made.stderr).toContain("for 3 hosts");
    const call = f.stage.master.calls.find((c) => c.method === "createJoinToken");
    expect(call?.args).toMatchObject({ ttlMs: 1_800_000, uses: 3, actor: "root" });
    const list = await f.run(["join-token", "ls"], { env: root });
    expect(list.stdout).toMatch(/valid +worker +0 of 3/);
    const [id] = list.stdout.split("\n")[1]!.split(" ");
    expect((await f.run(["join-token", "revoke", id!], { env: root })).stderr).toContain("is revoked");
    expect((await f.run(["join-token", "create"], { env: ann })).stderr).toContain("Only administrators");
    expect((await f.run(["join-token", "create", "--ttl", "soon"], { env: root })).stderr).toContain("is not a time");
    const [host] = f.stage.master.hostList;
    expect((await f.run(["host", "show", host!.name], { env: ann })).stdout).toContain("promised");
    expect((await f.run(["host", "rm", host!.name], { env: root })).code).toBe(2);
    expect((await f.run(["host", "rm", host!.name, "--yes"], { env: root })).stderr).toContain("is removed");
    expect((await f.run(["host", "show", host!.name], { env: root })).code).toBe(1);
  });

  test("events -f goes on with what happens", async () => {
    const child = f.spawn(["events", "-f", "-n", "0", "--json"], { env: root });
    const reader = child.stdout.getReader();
    let told = false;
    const ticker = setInterval(() => f.stage.master.addEvent({ object: "later", message: "now" }), 50);
    for (let text = ""; !told; told = text.includes('"object":"later"')) {
      text += new TextDecoder().decode((await reader.read()).value);
    }
    clearInterval(ticker);
    child.kill("SIGINT");
    await child.exited;
    expect(told).toBe(true);
  });

  test("a recipe that is none is refused before anything is sent", async () => {
    const path = join(f.dir, "odd.json");
    writeFileSync(path, JSON.stringify({ name: "odd", packages: ["no spaces please"] }));
    const { code, stderr } = await f.run(["image", "build", path], { env: root });
    expect(code).toBe(1);
    expect(stderr).toContain("is not a recipe");
    expect(stderr).toContain("packages");
  });

  test("root on the host needs no login: the socket answers", async () => {
    const { code, stdout } = await f.run(["status"], { env: { DOCKLET_FS_PREFIX: join(f.dir, "prefix") } });
    expect(code).toBe(0);
    expect(stdout).toContain("root (admin");
  });
});
