import { expect, test } from "bun:test";
import { answering, COOKIE, get, OK, SLUG, stage } from "./stage.ts";

async function withTickets() {
  const upstream = answering(OK);
  const s = await stage(upstream.port);
  const allowed = s.api.decide;
  s.api.decide = (r) => (r.cookie === COOKIE ? allowed(r) : { kind: "login" });
  const good = new Set(["ticket-1"]);
  s.api.redeem = async (ticket, slug) =>
    slug === SLUG && good.delete(ticket) ? { cookie: COOKIE, maxAgeSeconds: 3600 } : null;
  return { ...s, upstream };
}

test("a ticket becomes a cookie and disappears from the address", async () => {
  const { ask, upstream } = await withTickets();
  const answer = await ask(get(`/${SLUG}/lab?a=1&docklet_ticket=ticket-1&b=2`));
  expect(answer).toStartWith("HTTP/1.1 303 ");
  expect(answer).toContain(`Location: /${SLUG}/lab?a=1&b=2\r\n`);
  expect(answer).toContain(
    `Set-Cookie: dkw_${SLUG}=${COOKIE}; Path=/${SLUG}/; Max-Age=3600; HttpOnly; SameSite=Lax\r\n`,
  );
  expect(answer).toContain("Referrer-Policy: no-referrer\r\n");
  expect(answer).toContain("Cache-Control: no-store\r\n");
  const cookie = /Set-Cookie: ([^;]+)/.exec(answer)![1];
  expect(await ask(get(`/${SLUG}/lab?a=1&b=2`, `Cookie: ${cookie}\r\n`))).toStartWith("HTTP/1.1 200 ");
  expect(upstream.received).not.toContain("ticket");
});

test.each([
  [`/${SLUG}?docklet_ticket=ticket-1`, `/${SLUG}/`],
  [`/${SLUG}/?docklet_ticket=ticket-1`, `/${SLUG}/`],
  [`/${SLUG}/port/80?docklet_ticket=ticket-1`, `/${SLUG}/port/80/`],
  [`/${SLUG}/port/80/x?docklet_ticket=ticket-1&docklet_ticket=other`, `/${SLUG}/port/80/x`],
])("%s lands at %s", async (path, location) => {
  const { ask } = await withTickets();
  expect(await ask(get(path))).toContain(`Location: ${location}\r\n`);
});

test("a used, foreign or malformed ticket is refused, not looped back to the portal", async () => {
  const { ask } = await withTickets();
  await ask(get(`/${SLUG}/?docklet_ticket=ticket-1`));
  for (const ticket of ["ticket-1", "nonsense", "", "%00", "a".repeat(2000)]) {
    const answer = await ask(get(`/${SLUG}/?docklet_ticket=${ticket}`, "Accept: text/html\r\n"));
    expect(answer).toStartWith("HTTP/1.1 403 ");
    expect(answer).not.toContain("Set-Cookie");
  }
  expect(await ask(get("/otherslug00/?docklet_ticket=ticket-1"))).toStartWith("HTTP/1.1 403 ");
});

test("a used ticket with a good cookie just opens the page", async () => {
  const { ask } = await withTickets();
  const answer = await ask(get(`/${SLUG}/lab?docklet_ticket=used`, `Cookie: dkw_${SLUG}=${COOKIE}\r\n`));
  expect(answer).toStartWith("HTTP/1.1 303 ");
  expect(answer).toContain(`Location: /${SLUG}/lab\r\n`);
  expect(answer).not.toContain("Set-Cookie");
});

test("a ticket never reaches the upstream, whatever the method", async () => {
  const { ask, upstream } = await withTickets();
  const answer = await ask(
    `POST /${SLUG}/x?docklet_ticket=ticket-1 HTTP/1.1\r\nHost: gw.test\r\nCookie: dkw_${SLUG}=${COOKIE}\r\nContent-Length: 0\r\n\r\n`,
  );
  expect(answer).toStartWith("HTTP/1.1 200 ");
  expect(upstream.received).toStartWith(`POST /${SLUG}/x HTTP/1.1\r\n`);
});

test("a cookie value that could break out of its header is never sent", async () => {
  const { ask, api } = await withTickets();
  api.redeem = async () => ({ cookie: "a\r\nX-Evil: 1", maxAgeSeconds: 1 });
  const answer = await ask(get(`/${SLUG}/?docklet_ticket=ticket-1`));
  expect(answer).toStartWith("HTTP/1.1 500 ");
  expect(answer).not.toContain("X-Evil");
});
