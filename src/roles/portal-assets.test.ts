import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { PortalAssets } from "./portal-assets.ts";

let dir: string;
let assets: PortalAssets;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "docklet-assets-"));
  const root = join(dir, "portal");
  mkdirSync(join(root, "assets"), { recursive: true });
  writeFileSync(join(root, "index.html"), "<html>".repeat(100));
  writeFileSync(join(root, "assets/app-1a2b3c.js"), "js();".repeat(100));
  writeFileSync(join(root, "logo.png"), new Uint8Array([137, 80, 78, 71]));
  writeFileSync(join(root, "strange.exe"), "MZ");
  writeFileSync(join(dir, "secret"), "not for the web");
  assets = new PortalAssets(root);
});
afterAll(() => rmSync(dir, { recursive: true }));

test("type, content and cache: what has its hash in its name stays for ever, the rest is asked for again", async () => {
  const page = assets.serve("/index.html", false)!;
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(page.headers.get("cache-control")).toBe("no-cache");
  expect(await page.text()).toStartWith("<html>");
  const script = assets.serve("/assets/app-1a2b3c.js", false)!;
  expect(script.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  expect(script.headers.get("content-type")).toContain("text/javascript");
  expect(assets.serve("/strange.exe", true)!.headers.get("content-type")).toBe("application/octet-stream");
});

test("gzip for text and only for who takes it; caches are told", async () => {
  const small = assets.serve("/index.html", true)!;
  expect(small.headers.get("content-encoding")).toBe("gzip");
  expect(gunzipSync(await small.arrayBuffer()).toString()).toBe("<html>".repeat(100));
  expect(assets.serve("/index.html", false)!.headers.get("content-encoding")).toBeNull();
  const picture = assets.serve("/logo.png", true)!;
  expect(picture.headers.get("content-encoding")).toBeNull();
  expect([...new Uint8Array(await picture.arrayBuffer())]).toEqual([137, 80, 78, 71]);
  expect(small.headers.get("vary")).toBe("accept-encoding");
});

test("nothing outside of the folder, no folder, nothing strange", () => {
  for (const path of [
    "/../secret",
    "/assets/../../secret",
    "/..%2fsecret",
    "../secret",
    "..",
    "/..",
    `${dir}/secret`,
    `/${dir}/secret`,
    "/",
    "",
    "/assets",
    "/assets/",
    "/index.html/",
    "/index.html\0.png",
    "/none",
    `/${"a".repeat(5000)}`,
    `/${"a/".repeat(3000)}`,
  ])
    expect([path.slice(0, 40), assets.serve(path, true)]).toEqual([path.slice(0, 40), null]);
});

test("a file is kept once, however its path is written", () => {
  const counted = new PortalAssets(join(dir, "portal"));
  for (let i = 0; i < 50; i++) {
    counted.serve(`${"/".repeat(i + 1)}index.html`, true);
    counted.serve(`/x${i}/../index.html`, true);
    counted.serve(`/none${i}`, true);
  }
  expect(counted.kept).toBe(1);
});
