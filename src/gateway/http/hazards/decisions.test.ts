import { expect, test } from "bun:test";
import type { Decision } from "../../../contracts/gateway.ts";
import { allow, answering, COOKIE, get, OK, SLUG, stage } from "./stage.ts";

const HTML = "Accept: text/html,*/*;q=0.8\r\nSec-Fetch-Mode: navigate\r\n";
const starting: Decision = { kind: "wait", vcluster: "<b>vc", node: "host-0", state: "booting", reason: "image" };

test("wait: a page that polls for people, a problem document for programs", async () => {
  const { ask, api } = await stage(1);
  api.decide = () => starting;
  const page = await ask(get(undefined, HTML));
  expect(page).toStartWith("HTTP/1.1 503 Service Unavailable\r\n");
  expect(page).toContain("Retry-After: 1\r\n");
  expect(page).toContain("&#60;b&#62;vc/host-0 is booting: image");
  expect(page).not.toContain("<b>vc");
  expect(page).toMatch(/X-Request-Id: \w+\r\n/);
  const json = await ask(get(undefined, "Accept: application/json\r\n"));
  expect(json).toContain("Content-Type: application/problem+json\r\n");
  expect(json).toContain("X-Docklet-State: wait\r\n");
  const problem = JSON.parse(json.slice(json.indexOf("\r\n\r\n")));
  expect(problem).toMatchObject({ status: 503, code: "starting", message: "<b>vc/host-0 is booting: image" });
  expect(json).toContain(`X-Request-Id: ${problem.requestId}\r\n`);
});

test("the page's policy allows its own style and script and nothing else", async () => {
  const { ask, api } = await stage(1);
  api.decide = () => starting;
  const page = await ask(get(undefined, HTML));
  const policy = /Content-Security-Policy: (.*)\r\n/.exec(page)![1]!;
  const hash = (text: string) => `'sha256-${new Bun.CryptoHasher("sha256").update(text).digest("base64")}'`;
  expect(policy).toStartWith("default-src 'none'; ");
  expect(policy).toContain(`style-src ${hash(/<style>([\s\S]*?)<\/style>/.exec(page)![1]!)};`);
  expect(policy).toContain(`script-src ${hash(/<script>([\s\S]*?)<\/script>/.exec(page)![1]!)};`);
});

test("as soon as it is there, the same address is the workspace", async () => {
  const upstream = answering(OK);
  const { ask, api } = await stage(upstream.port);
  const ready = api.decide;
  api.decide = () => starting;
  expect(await ask(get())).toStartWith("HTTP/1.1 503 ");
  api.decide = ready;
  expect(await ask(get())).toStartWith("HTTP/1.1 200 ");
});

test("down: says so and links to the portal", async () => {
  const { ask, api } = await stage(1);
  api.decide = () => ({ kind: "down", vcluster: "vc", node: "host-0", state: "stopped", reason: null });
  const page = await ask(get(undefined, HTML));
  expect(page).toStartWith("HTTP/1.1 503 ");
  expect(page).toContain('<a href="http://portal.test:8080">');
  expect(page).not.toContain("<script>");
  expect(await ask(get())).toContain('"code":"not_running"');
});

test("login: navigations go to the portal for a ticket, the rest is a 401", async () => {
  const { ask, api } = await stage(1);
  api.decide = () => ({ kind: "login" });
  const answer = await ask(get(`/${SLUG}/lab/tree/a%20b?c=d&e`, HTML));
  expect(answer).toStartWith("HTTP/1.1 303 ");
  expect(answer).toContain(
    `Location: http://portal.test:8080/open?slug=${SLUG}&path=%2Flab%2Ftree%2Fa%2520b%3Fc%3Dd%26e\r\n`,
  );
  expect(await ask(get(undefined, "Accept: application/json\r\n"))).toStartWith("HTTP/1.1 401 ");
  // A script's fetch that would take any type is no navigation.
  expect(await ask(get(undefined, "Accept: text/html\r\nSec-Fetch-Mode: cors\r\n"))).toStartWith("HTTP/1.1 401 ");
});

test("deny is a 403 with the reason, and an error of the wing is a 500 without it", async () => {
  const { ask, api } = await stage(1);
  api.decide = () => ({ kind: "deny", message: "Not yours." });
  expect(await ask(get())).toMatch(/^HTTP\/1.1 403 [\s\S]*Not yours\./);
  expect(await ask(get(undefined, HTML))).toMatch(/^HTTP\/1.1 403 [\s\S]*Not yours\.[\s\S]*<\/html>/);
  api.decide = () => {
    throw new Error("secret inside");
  };
  const answer = await ask(get());
  expect(answer).toStartWith("HTTP/1.1 500 ");
  expect(answer).not.toContain("secret inside");
});

test("an allowance is asked for once per cookie, until it is revoked", async () => {
  const upstream = answering(OK);
  const { ask, api } = await stage(upstream.port);
  const cookie = `Cookie: dkw_${SLUG}=${COOKIE}\r\n`;
  await ask(get(undefined, cookie));
  await ask(get(undefined, cookie));
  expect(api.asked.length).toBe(1);
  await ask(get());
  expect(api.asked.length).toBe(2);
  api.revoke({ grant: "another" });
  await ask(get(undefined, cookie));
  expect(api.asked.length).toBe(2);
  api.revoke({ grant: "grant-1" });
  api.decide = () => ({ kind: "login" });
  expect(await ask(get(undefined, cookie))).toStartWith("HTTP/1.1 401 ");
  expect(api.asked.length).toBe(3);
});

test("an answer that was under way during a revocation does not count", async () => {
  const upstream = answering(OK);
  const { connect, api } = await stage(upstream.port);
  let release = () => {};
  api.decide = () => new Promise((resolve) => (release = () => resolve(allow(upstream.port))));
  const client = await connect();
  client.write(get());
  await client.wait("the question", () => api.asked.length === 1);
  api.revoke({ slug: SLUG });
  api.decide = () => ({ kind: "login" });
  release();
  // The revocation may also have ended the waiting connection itself: either way nothing gets in.
  await client.wait("an end", () => client.closed || client.received.includes("401"));
  expect(upstream.received).toBe("");
});
