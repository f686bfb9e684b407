import { afterAll, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isExposed, portalOrigin } from "./address.ts";
import { credentialsPath, readCredentials, writeCredentials } from "./credentials.ts";
import { findTarget } from "./find-target.ts";

const dir = mkdtempSync(join(tmpdir(), "docklet-credentials-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const A = "http://a.example:8080";
const stored = { current: A, servers: { [A]: { user: "ann", token: "dk_a", tokenId: "tok_1" } } };

test("written for oneself alone, warned about when others can read, gone when empty", () => {
  const path = join(dir, "one/docklet/credentials.json");
  writeCredentials(path, stored);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const warnings: string[] = [];
  expect(readCredentials(path, (w) => warnings.push(w))).toEqual(stored);
  expect(warnings).toEqual([]);
  chmodSync(path, 0o640);
  expect(readCredentials(path, (w) => warnings.push(w))).toEqual(stored);
  expect(warnings[0]).toContain("chmod 600");
  writeCredentials(path, { current: null, servers: {} });
  expect(existsSync(path)).toBe(false);
  expect(readCredentials(path, () => {})).toEqual({ current: null, servers: {} });
});

test("a damaged file says so", () => {
  const path = join(dir, "damaged.json");
  writeFileSync(path, "{", { mode: 0o600 });
  expect(() => readCredentials(path, () => {})).toThrow("damaged");
});

test("the place follows XDG, an odd XDG is ignored", () => {
  expect(credentialsPath({ HOME: "/h" })).toBe("/h/.config/docklet/credentials.json");
  expect(credentialsPath({ HOME: "/h", XDG_CONFIG_HOME: "/x" })).toBe("/x/docklet/credentials.json");
  expect(credentialsPath({ HOME: "/h", XDG_CONFIG_HOME: "x" })).toBe("/h/.config/docklet/credentials.json");
});

test("addresses", () => {
  expect(portalOrigin("cloud.example:8080")).toBe("http://cloud.example:8080");
  expect(portalOrigin("https://cloud.example/login?x")).toBe("https://cloud.example");
  for (const bad of ["ftp://x", "http://", "http://u:p@x", "::::", ""]) expect(() => portalOrigin(bad)).toThrow();
  expect([A, "http://localhost:1", "http://127.0.0.1", "https://x"].map(isExposed)).toEqual([
    true,
    false,
    false,
    false,
  ]);
});

test("flags over environment over the stored login over the socket", () => {
  const home = join(dir, "two");
  const path = credentialsPath({ HOME: home });
  const find = (url?: string, token?: string, env: Record<string, string> = {}) =>
    findTarget({
      url,
      token,
      env: { HOME: home, ...env },
      warn: () => {},
      prefix: () => join(dir, "none"),
      isRoot: true,
    });
  expect(() => find()).toThrow("not logged in");
  expect(() => find(undefined, "t")).toThrow("no address");
  writeCredentials(path, stored);
  expect(find()).toMatchObject({ origin: A, token: "dk_a" });
  expect(find(A)).toMatchObject({ token: "dk_a" });
  expect(() => find("http://b.example")).toThrow("not logged in at http://b.example");
  expect(find("http://b.example", "t")).toMatchObject({ origin: "http://b.example", token: "t" });
  const env = { DOCKLET_URL: "http://c.example", DOCKLET_TOKEN: "c" };
  expect(find(undefined, undefined, env)).toMatchObject({ origin: "http://c.example", token: "c" });
  expect(find("http://d.example", "d", env)).toMatchObject({ origin: "http://d.example", token: "d" });
});
