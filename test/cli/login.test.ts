import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { ROOT_PASSWORD } from "../kit/supermaster-stage.ts";
import { type CliFixture, cliFixture, until } from "./fixture.ts";

let f: CliFixture;
beforeAll(async () => {
  f = await cliFixture();
});
afterAll(() => f.stop());

const login = (password: string, args: string[] = []) =>
  f.run(["login", f.url, "--user", "root", "--password-stdin", ...args], { stdin: `${password}\n` });

test("a wrong password stores nothing", async () => {
  const { code, stderr } = await login("wrong-wrong-wrong");
  expect(code).toBe(1);
  expect(stderr).toContain("error:");
  expect(existsSync(f.credentials)).toBe(false);
});

test("login stores a token for oneself alone, never the password; logout revokes it", async () => {
  const first = await login(ROOT_PASSWORD);
  expect(first.stderr).toContain("as root");
  expect(first.code).toBe(0);
  expect(statSync(f.credentials).mode & 0o777).toBe(0o600);
  const text = readFileSync(f.credentials, "utf8");
  expect(text).not.toContain(ROOT_PASSWORD);
  const { token } = JSON.parse(text).servers[f.url];
  expect(first.stdout + first.stderr).not.toContain(token);
  const names = async () =>
    JSON.parse((await f.run(["token", "ls", "--json"])).stdout).items.map((t: { name: string }) => t.name);
  expect(await names()).toEqual([expect.stringMatching(/^cli@/)]);

  // Again: the token before is revoked, so they do not pile up. The password session is gone as well.
  await login(ROOT_PASSWORD);
  expect(await names()).toHaveLength(1);
  expect(JSON.parse(readFileSync(f.credentials, "utf8")).servers[f.url].token).not.toBe(token);
  expect(f.stage.store.all("SELECT id FROM sessions", [])).toEqual([]);

  chmodSync(f.credentials, 0o644);
  const loose = await f.run(["status", "--json"]);
  expect(loose.code).toBe(0);
  expect(loose.stderr).toContain("chmod 600");
  expect(JSON.parse(loose.stdout).me.user.name).toBe("root");
  chmodSync(f.credentials, 0o600);

  expect((await f.run(["logout", "--json"])).stdout).toContain('"revoked":true');
  expect(existsSync(f.credentials)).toBe(false);
  expect(f.stage.store.all("SELECT id FROM tokens", [])).toEqual([]);
  expect((await f.run(["logout"])).code).toBe(0);
});

test("a stored token never goes to another address", async () => {
  await login(ROOT_PASSWORD);
  const seen: (string | null)[] = [];
  const other = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (req) => {
      seen.push(req.headers.get("authorization"));
      return Response.json({});
    },
  });
  const { code, stderr } = await f.run(["status", "--url", `http://127.0.0.1:${other.port}`]);
  await other.stop(true);
  expect([code, seen]).toEqual([1, []]);
  expect(stderr).toContain("not logged in");
  await f.run(["logout"]);
});

test("no credentials at all: what to do is said", async () => {
  const { code, stdout, stderr } = await f.run(["vc", "ls"], { env: { DOCKLET_FS_PREFIX: join(f.dir, "absent") } });
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toContain("docklet login URL");
});

test("without a terminal it does not ask", async () => {
  const { code, stderr } = await f.run(["login", f.url]);
  expect([code, stderr]).toEqual([2, expect.stringContaining("--password-stdin")]);
});

test("on a terminal it asks, and shows nothing of the password", async () => {
  const seen: string[] = [];
  const said = (text: string) => until(() => seen.join("").includes(text));
  const { argv, options } = f.command(["login", f.url]);
  const child = Bun.spawn(argv, {
    ...options,
    terminal: { cols: 80, rows: 24, data: (_, data) => void seen.push(new TextDecoder().decode(data)) },
  });
  await said("User: ");
  child.terminal!.write("root\r");
  await said("Password: ");
  child.terminal!.write(`${ROOT_PASSWORD}x\u007f\r`);
  expect(await child.exited).toBe(0);
  await said("as root");
  expect(seen.join("")).not.toContain(ROOT_PASSWORD.slice(0, 6));
  expect(seen.join("")).not.toContain("dk_");
});

test("Ctrl-C at the password does nothing", async () => {
  const seen: string[] = [];
  const { argv, options } = f.command(["login", f.url, "-u", "root"]);
  const child = Bun.spawn(argv, {
    ...options,
    terminal: { cols: 80, rows: 24, data: (_, data) => void seen.push(new TextDecoder().decode(data)) },
  });
  await until(() => seen.join("").includes("Password: "));
  child.terminal!.write("abc\u0003");
  expect(await child.exited).toBe(1);
});
