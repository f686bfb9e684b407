import { expect, test } from "bun:test";
import { answering, get, OK, SLUG, stage } from "./stage.ts";

test.each([
  [`/${SLUG}/lab?a=b`, `GET /${SLUG}/lab?a=b `, null],
  [`/${SLUG}/api/contents/a%2Fb%20c`, `GET /${SLUG}/api/contents/a%2Fb%20c `, null],
  [`/${SLUG}/portal`, `GET /${SLUG}/portal `, null],
  [`/${SLUG}/port/8888/x/y?z`, "GET /x/y?z ", 8888],
  [`/${SLUG}/port/80/`, "GET / ", 80],
  [`/${SLUG}/port/80/a..b/..c`, "GET /a..b/..c ", 80],
])("%s is asked for as %s", async (path, line, port) => {
  const upstream = answering(OK);
  const { ask, api } = await stage(upstream.port);
  await ask(get(path));
  expect(upstream.received).toStartWith(line);
  expect(api.asked[0]).toEqual({ slug: SLUG, cookie: null, port });
  if (port !== null) expect(upstream.received).toContain(`X-Forwarded-Prefix: /${SLUG}/port/${port}\r\n`);
});

test.each([
  [`/${SLUG}`, `/${SLUG}/`],
  [`/${SLUG}?x=1`, `/${SLUG}/?x=1`],
  [`/${SLUG}/port/80`, `/${SLUG}/port/80/`],
  [`/${SLUG}/port/80?x`, `/${SLUG}/port/80/?x`],
])("%s is redirected to %s", async (path, location) => {
  const { ask } = await stage(1);
  const answer = await ask(get(path));
  expect(answer).toStartWith("HTTP/1.1 308 ");
  expect(answer).toContain(`Location: ${location}\r\n`);
});

test.each([
  ["/", 404],
  ["/favicon.ico", 404],
  ["/short/", 404],
  ["/ABCDEFGHIJ/", 404],
  ["//abcdefghij/", 400],
  ["/%2fabcdefghij/", 400],
  ["/abcdefghij%2f..%2fother/", 400],
  ["/abcdefghij%5c/", 400],
  ["/abcdefghij%00/", 400],
  ["/abcdefghi%6a/", 404],
  ["/../abcdefghij/", 400],
  ["/./abcdefghij/", 400],
  ["/%2e%2e/abcdefghij/", 400],
  [`/${SLUG}/../otherslug00/`, 400],
  [`/${SLUG}/%2e%2e/otherslug00/`, 400],
  [`/${SLUG}/port/80/.%2E/x`, 400],
  [`/${SLUG}/..`, 400],
  [`/${SLUG}\\..\\x`, 400],
  [`/${SLUG}/port/0/`, 404],
  [`/${SLUG}/port/080/`, 404],
  [`/${SLUG}/port/65536/`, 404],
  [`/${SLUG}/port/+80/`, 404],
  [`/${SLUG}/port/80x/`, 404],
  [`/${SLUG}/port/127.0.0.1:80/`, 404],
  [`/${SLUG}/port/`, 404],
])("%s is a %i and reaches nobody", async (path, status) => {
  const upstream = answering(OK);
  const { ask } = await stage(upstream.port);
  expect(await ask(get(path))).toStartWith(`HTTP/1.1 ${status} `);
  expect(upstream.received).toBe("");
});

test("a browser at the front goes to the portal", async () => {
  const { ask } = await stage(1);
  expect(await ask(get("/", "Accept: text/html\r\n"))).toContain("Location: http://portal.test:8080\r\n");
});

test.each([
  [`${SLUG}.work.test`, `/${SLUG}/x`, 200],
  [`${SLUG}.WORK.test:8000`, `/${SLUG}/x`, 200],
  [`${SLUG}.work.test`, "/", 308],
  [`${SLUG}.work.test`, "/otherslug00/x", 404],
  ["gw.test", `/${SLUG}/x`, 421],
  ["work.test", `/${SLUG}/x`, 421],
  [`a.${SLUG}.work.test`, `/${SLUG}/x`, 421],
  [`${SLUG}.work.test.evil.test`, `/${SLUG}/x`, 421],
])("wildcard domain: host %s, path %s is a %i", async (host, path, status) => {
  const upstream = answering(OK);
  const { ask } = await stage(upstream.port, { wildcardDomain: "work.test" });
  expect(await ask(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).toStartWith(`HTTP/1.1 ${status} `);
});

test.each([
  ["/login", `/${SLUG}/port/80/login`],
  [`/${SLUG}/port/80/login`, `/${SLUG}/port/80/login`],
  ["http://gw.test/login?x", `/${SLUG}/port/80/login?x`],
  ["http://elsewhere.test/login", "http://elsewhere.test/login"],
  ["//elsewhere.test/", "//elsewhere.test/"],
  ["relative", "relative"],
])("behind a stripped prefix, Location %s becomes %s", async (from, to) => {
  const upstream = answering(
    `HTTP/1.1 302 Found\r\nLocation: ${from}\r\nSet-Cookie: a=1; Path=/app\r\nContent-Length: 0\r\n\r\n`,
  );
  const { ask } = await stage(upstream.port);
  const answer = await ask(get(`/${SLUG}/port/80/`));
  expect(answer).toContain(`Location: ${to}\r\n`);
  expect(answer).toContain(`Set-Cookie: a=1; Path=/${SLUG}/port/80/app\r\n`);
});
