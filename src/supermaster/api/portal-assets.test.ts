import { expect, test } from "bun:test";
import { portalAnswer } from "./portal-assets.ts";

const asked: [string, boolean][] = [];
const asset = (path: string, gzip: boolean) => {
  asked.push([path, gzip]);
  return path === "/index.html" || path === "/app.js" ? new Response("content", { headers: { vary: "x" } }) : null;
};
const ask = (path: string, headers = {}, method = "GET") =>
  portalAnswer(asset, new Request(`http://host${path}`, { method, headers }), path);

test("compressed only for who takes it", () => {
  for (const [accepted, gzip] of [
    ["gzip, deflate, br", true],
    ["br;q=1.0, GZIP;q=0.5", true],
    ["gzip;q=0", false],
    ["gzip; q=0.0, identity", false],
    ["x-gzipped", false],
    ["identity", false],
    [null, false],
  ] as const) {
    asked.length = 0;
    ask("/app.js", accepted === null ? {} : { "accept-encoding": accepted });
    expect([accepted, asked]).toEqual([accepted, [["/app.js", gzip]]]);
  }
});

test("every page address is the one page, a file that is not there is not", async () => {
  for (const page of ["/", "/vclusters/lab", "/admin"]) expect(await ask(page)!.text()).toBe("content");
  expect(ask("/none.js")).toBeNull();
  expect(ask("/", {}, "POST")).toBeNull();
  expect(await ask("/", {}, "HEAD")!.text()).toBe("");
});
