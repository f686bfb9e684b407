import { expect, test } from "bun:test";
import { allow, answering, COOKIE, get, OK, SLUG, stage } from "./stage.ts";

/** What must not cross the gateway, in either direction. */
async function forwarded(headers: string, path?: string): Promise<string> {
  const upstream = answering(OK);
  const { ask } = await stage(upstream.port);
  expect(await ask(get(path, headers))).toStartWith("HTTP/1.1 200 OK\r\n");
  return upstream.received;
}

test.each([
  "Connection: close",
  "Keep-Alive: timeout=5",
  "Proxy-Connection: keep-alive",
  "Proxy-Authorization: Basic eA==",
  "TE: trailers",
  "Upgrade: h2c",
  "HTTP2-Settings: AAA",
  "X-Forwarded-For: 6.6.6.6",
  "X-Forwarded-Host: evil",
  "X-Forwarded-Prefix: /evil",
  "X-Forwarded-Anything: evil",
  "X_Forwarded_For: 6.6.6.6",
  "X-Real-IP: 6.6.6.6",
  "Forwarded: for=6.6.6.6",
  "X-Docklet-User: root",
  "X_Docklet_User: root",
  "Authorization: Basic cm9vdDpyb290",
  "Proxy: http://evil",
  "Content_Length: 5",
])("not from a client: %s", async (line) => {
  expect(await forwarded(`${line}\r\n`)).not.toContain(line);
});

test("fields that Connection names stay here, Host does not", async () => {
  const got = await forwarded("Connection: keep-alive, X-Secret, Host\r\nX-Secret: 1\r\nX-Other: 2\r\n");
  expect(got).not.toContain("X-Secret");
  expect(got).toContain("X-Other: 2\r\n");
  expect(got).toContain("Host: gw.test\r\n");
});

test("the gateway says who asks, and Host is as the client sent it", async () => {
  const got = await forwarded("X-Forwarded-For: 6.6.6.6\r\n");
  expect(got).toStartWith(`GET /${SLUG}/x HTTP/1.1\r\nHost: gw.test\r\n`);
  expect(got).toContain("X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: gw.test\r\n");
});

test("Authorization is the decision's, not the client's", async () => {
  const upstream = answering(OK);
  const { ask, api } = await stage(upstream.port);
  api.decide = () => allow(upstream.port, { authorization: "token jupyter" });
  await ask(get(undefined, "Authorization: Bearer stolen\r\n"));
  expect(upstream.received).toContain("Authorization: token jupyter\r\n");
  expect(upstream.received).not.toContain("stolen");
});

test("docklet's cookies stay here, the tenant's own go through", async () => {
  const upstream = answering(OK);
  const { ask, api } = await stage(upstream.port);
  const cookies = [
    "_xsrf=keep",
    `dkw_${SLUG}=${COOKIE}`,
    "dkw_otherslug00=foreign",
    "dk_session=portal",
    "__Host-dk=portal",
    "__Host-dk_csrf=portal",
    "dk=portal",
    "DK_UPPER=portal",
    "username-dk_=keep2",
  ].join("; ");
  await ask(get(undefined, `Cookie: ${cookies}\r\n`));
  expect(upstream.received).toContain("Cookie: _xsrf=keep; username-dk_=keep2\r\n");
  for (const word of ["portal", "foreign", COOKIE]) expect(upstream.received).not.toContain(word);
  expect(api.asked).toEqual([{ slug: SLUG, cookie: COOKIE, port: null }]);
});

test("a cookie of 40 KB passes, headers above 64 KiB are a 431", async () => {
  const upstream = answering(OK);
  const { ask } = await stage(upstream.port);
  const big = "c".repeat(40 * 1024);
  expect(await ask(get(undefined, `Cookie: big=${big}\r\n`))).toStartWith("HTTP/1.1 200 ");
  expect(upstream.received).toContain(big);
  expect(await ask(get(undefined, `Cookie: big=${big}${big}\r\n`))).toStartWith("HTTP/1.1 431 ");
  expect(await ask(get(`/${SLUG}/${"p".repeat(20_000)}`))).toStartWith("HTTP/1.1 414 ");
});

async function answered(headers: string, path?: string): Promise<string> {
  const { ask } = await stage(answering(`HTTP/1.1 200 OK\r\n${headers}Content-Length: 2\r\n\r\nok`).port);
  return ask(get(path));
}

test.each([
  "Connection: X-Hop",
  "Keep-Alive: timeout=5",
  "Proxy-Authenticate: Basic",
  "Strict-Transport-Security: max-age=1",
  "Clear-Site-Data: *",
  "Service-Worker-Allowed: /",
  'Alt-Svc: h3=":443"',
  "X-Docklet-State: wait",
])("not from an upstream: %s", async (line) => {
  const answer = await answered(`${line}\r\nX-Hop: 1\r\nX-Stays: 1\r\n`);
  expect(answer).not.toContain(line);
  expect(answer).toContain("X-Stays: 1\r\n");
  if (line.includes("X-Hop")) expect(answer).not.toContain("X-Hop: 1");
});

test.each([
  ["a=1", "a=1"],
  ["a=1; Path=/", `a=1; Path=/${SLUG}/`],
  [`a=1; Path=/${SLUG}/lab; HttpOnly`, `a=1; Path=/${SLUG}/lab; HttpOnly`],
  ["a=1; Path=/otherslug00/", `a=1; Path=/${SLUG}/`],
  [`a=1; Path=/${SLUG}evil`, `a=1; Path=/${SLUG}/`],
  ["a=1; Domain=test; Path", `a=1; Path=/${SLUG}/`],
  ["a=1; DOMAIN=.gw.test; Secure", "a=1; Secure"],
])("Set-Cookie %s goes out as %s", async (from, to) => {
  expect(await answered(`Set-Cookie: ${from}\r\n`)).toContain(`Set-Cookie: ${to}\r\n`);
});

test.each(["dk_session=x", `dkw_${SLUG}=x; Path=/`, "__Host-dk=x", " dkw_a=x", "nonsense"])(
  "Set-Cookie %s is dropped",
  async (cookie) => {
    expect(await answered(`Set-Cookie: ${cookie}\r\nSet-Cookie: b=2\r\n`)).toMatch(
      /^(?:(?!Set-Cookie)[\s\S])*Set-Cookie: b=2\r\n(?:(?!Set-Cookie)[\s\S])*$/,
    );
  },
);
