import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect } from "node:net";
import type { ApiError } from "../../src/contracts/public/client.ts";
import { until } from "../../src/lib/retry.ts";
import { type Node, type Person, SETUP_MS, Stage, TEST_MS } from "./stage.ts";

/**
 * Two persons at the front door. alice runs a server in her node that writes down all it is sent, as a hostile one
 * would; bob has an account, a session, cookies and tickets of his own, and wants into her workspace.
 */
const PORT = 8080;
const RECORDER = `#!/bin/sh
while IFS= read -r line; do
  line=\${line%$(printf '\\r')}
  echo "$line" >> /tmp/seen
  [ -n "$line" ] || break
done
printf 'HTTP/1.1 200 OK\\r\\nContent-Length: 7\\r\\nConnection: close\\r\\nSet-Cookie: evil=1; Domain=127.0.0.1; Path=/\\r\\nSet-Cookie: dk_session=stolen; Path=/\\r\\nAccess-Control-Allow-Origin: *\\r\\n\\r\\nhers...'
`;

interface Browser {
  person: Person;
  /** Portal's cookies, as a browser would send them to the other port of the same host too. */
  portal: string;
  /** The cookie of the workspace that this person opened. */
  workspace: string;
  node: Node;
}

let stage: Stage;
let alice: Browser;
let bob: Browser;

beforeAll(async () => {
  stage = await Stage.set();
  alice = await browser(stage.alice, "red");
  bob = await browser(stage.bob, "blue");
}, SETUP_MS);
afterAll(() => stage?.strike(), SETUP_MS);

const base = () => stage.docklet.workspaces;
const room = (b: Browser, path = "/") => `${base()}/${b.node.slug}/port/${PORT}${path}`;
const seen = async () => (await stage.sh(alice.node, "cat /tmp/seen 2>/dev/null; rm -f /tmp/seen")).out;

/** A person who has logged in by password, runs a recording server and has opened it once. */
async function browser(person: Person, vcluster: string): Promise<Browser> {
  const node = await stage.node(person, vcluster);
  await stage.sh(
    node,
    `echo ${Buffer.from(RECORDER).toString("base64")} | base64 -d > /tmp/r; chmod +x /tmp/r; nc -ll -p ${PORT} -e /tmp/r >/dev/null 2>&1 </dev/null & true`,
  );
  await until("the recorder to listen", async () => /:8080 /.test((await stage.sh(node, "netstat -ltn")).out), {
    timeoutMs: 30_000,
  });
  const login = await fetch(`${stage.docklet.portal}/api/v1/session`, {
    method: "POST",
    body: JSON.stringify({ username: person.name, password: person.password }),
    headers: { "content-type": "application/json" },
  });
  expect(login.ok).toBe(true);
  const portal = cookies(login);
  const { url } = await person.api.openVcluster({ params: { name: vcluster }, query: {}, body: { port: PORT } });
  const opened = await fetch(url, { redirect: "manual", headers: { cookie: portal } });
  expect(opened.status).toBe(303);
  return { person, node, portal, workspace: cookies(opened) };
}

const cookies = (r: Response) =>
  r.headers
    .getSetCookie()
    .map((c) => c.split(";")[0])
    .join("; ");

test(
  "the owner gets in, and her server is told nothing that would open any other door",
  async () => {
    await seen();
    const r = await fetch(room(alice, "/page?x=1"), {
      headers: {
        cookie: `${alice.portal}; ${alice.workspace}; mine=yes`,
        authorization: `Bearer ${stage.alice.token}`,
        "x-forwarded-for": "6.6.6.6",
        "x-docklet-user": "root",
        "proxy-authorization": "Basic eA==",
        "x-csrf-token": "t",
      },
    });
    expect([r.status, await r.text()]).toEqual([200, "hers..."]);
    const heard = await seen();
    expect(alice.portal).toContain("dk_session=");
    expect(heard).toContain("GET ");
    expect(heard).toContain("mine=yes");
    const secrets = [...alice.portal.split("; "), ...alice.workspace.split("; ")].map((c) => c.split("=")[1]!);
    for (const secret of [...secrets, stage.alice.token, "6.6.6.6", "x-docklet-user", "eA==", "docklet_ticket"])
      expect(heard.toLowerCase()).not.toContain(secret.toLowerCase());
    expect(heard).not.toMatch(/^(authorization|proxy-authorization):/im);
    // Nor can it set a cookie for the portal, for docklet, or for anybody's workspace but its own.
    for (const set of r.headers.getSetCookie()) {
      expect(set).not.toMatch(/domain=/i);
      expect(set).not.toContain("dk_session");
      expect(set).toContain(`Path=/${alice.node.slug}`);
    }
  },
  TEST_MS,
);

test(
  "another person gets in with nothing that is theirs: cookies, tokens, tickets, by any spelling of the address",
  async () => {
    await seen();
    const value = bob.workspace.split("=")[1]!;
    const forged = bob.workspace.replaceAll(bob.node.slug, alice.node.slug);
    const ticketOf = async () =>
      new URL((await stage.bob.api.openVcluster({ params: { name: "blue" }, query: {}, body: { port: PORT } })).url)
        .search;
    const tries: [string, RequestInit][] = [
      [room(alice), {}],
      [room(alice), { headers: { cookie: bob.portal } }],
      [room(alice), { headers: { cookie: `${bob.portal}; ${bob.workspace}` } }],
      [room(alice), { headers: { cookie: forged } }],
      [room(alice), { headers: { cookie: `dkw_${alice.node.slug}=${value}; ${forged}` } }],
      [room(alice), { headers: { authorization: `Bearer ${stage.bob.token}`, cookie: bob.portal } }],
      [room(alice), { headers: { cookie: bob.workspace, "x-original-url": `/${bob.node.slug}/port/${PORT}/` } }],
      [`${room(alice)}${await ticketOf()}`, { headers: { cookie: bob.portal } }],
      [`${room(alice)}?docklet_ticket=${value}`, {}],
      [`${base()}/${bob.node.slug}/../${alice.node.slug}/port/${PORT}/`, { headers: { cookie: bob.workspace } }],
      [
        `${base()}/${bob.node.slug}/port/${PORT}/..%2f..%2f..%2f${alice.node.slug}/port/${PORT}/`,
        { headers: { cookie: bob.workspace } },
      ],
      [room(alice), { method: "POST", body: "x", headers: { cookie: bob.workspace, origin: base() } }],
      [room(alice), { headers: { cookie: bob.workspace, upgrade: "websocket", connection: "upgrade" } }],
    ];
    for (const [url, init] of tries) {
      const r = await fetch(url, { redirect: "manual", ...init });
      expect([url, init, (await r.text()).includes("hers...") && !url.includes("%2f")]).toEqual([url, init, false]);
      expect(r.headers.getSetCookie().join()).not.toContain(alice.node.slug);
    }
    expect(await seen()).toBe("");
  },
  TEST_MS,
);

test(
  "a path that climbs out of one's own workspace, sent as it is, reaches nobody else's",
  async () => {
    await seen();
    for (const path of [
      `/${bob.node.slug}/../${alice.node.slug}/port/${PORT}/`,
      `/${bob.node.slug}/port/${PORT}/../../../${alice.node.slug}/port/${PORT}/`,
      `/${bob.node.slug}/%2e%2e/${alice.node.slug}/port/${PORT}/`,
      `//${alice.node.slug}/port/${PORT}/`,
      `/${bob.node.slug}%2f..%2f${alice.node.slug}/port/${PORT}/`,
      `/${bob.node.slug}\\..\\${alice.node.slug}/port/${PORT}/`,
      `http://127.0.0.1/${alice.node.slug}/port/${PORT}/`,
      `http://${alice.node.address}:${PORT}/`,
    ])
      await raw(
        `GET ${path} HTTP/1.1\r\nHost: ${new URL(base()).host}\r\nCookie: ${bob.workspace}\r\nConnection: close\r\n\r\n`,
      );
    const connect = await raw(
      `CONNECT ${alice.node.address}:${PORT} HTTP/1.1\r\nHost: x\r\nCookie: ${bob.workspace}\r\n\r\n`,
    );
    expect(connect).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(await seen()).toBe("");
  },
  TEST_MS,
);

test(
  "a ticket opens once, for one person and one workspace",
  async () => {
    const { url } = await stage.alice.api.openVcluster({ params: { name: "red" }, query: {}, body: { port: PORT } });
    const elsewhere = url.replace(alice.node.slug, bob.node.slug);
    expect((await fetch(elsewhere, { redirect: "manual" })).status).toBe(403);
    const answers = await Promise.all(Array.from({ length: 8 }, () => fetch(url, { redirect: "manual" })));
    expect(answers.filter((r) => r.headers.getSetCookie().length > 0).length).toBeLessThanOrEqual(1);
    expect((await fetch(url, { redirect: "manual" })).status).toBe(403);
  },
  TEST_MS,
);

test(
  "a WebSocket of another origin is refused with the owner's own cookie, on the gateway and on the portal",
  async () => {
    await seen();
    const upgrade = (path: string, host: string, cookie: string, origin: string) =>
      raw(
        `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
          `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: ${cookie}\r\n${origin}\r\n`,
        host,
      );
    const gateway = new URL(base()).host;
    const portal = new URL(stage.docklet.portal).host;
    const room8080 = `/${alice.node.slug}/port/${PORT}/ws`;
    const terminal = "/api/v1/vclusters/red/nodes/host-0/terminal";
    const evil = [
      "Origin: http://evil.example\r\n",
      "Origin: null\r\n",
      `Origin: http://${gateway}.evil.example\r\n`,
      `Origin: http://127.0.0.1:1\r\n`,
      "Sec-Fetch-Site: cross-site\r\n",
    ];
    for (const origin of evil)
      expect(await upgrade(room8080, gateway, alice.workspace, origin)).toStartWith("HTTP/1.1 403 ");
    for (const origin of [...evil, `Origin: http://${gateway}\r\n`])
      expect(await upgrade(terminal, portal, alice.portal, origin)).toStartWith("HTTP/1.1 403 ");
    expect(await seen()).toBe("");
    // With the right one it is her server that answers.
    await upgrade(room8080, gateway, alice.workspace, `Origin: http://${gateway}\r\n`);
    expect(await seen()).toContain("Upgrade: websocket");
  },
  TEST_MS,
);

test(
  "by the API another person's vcluster does not exist, whatever is asked of it",
  async () => {
    const params = { name: "red" };
    for (const query of [{}, { owner: "alice" }]) {
      const api = stage.bob.api;
      const calls: [string, () => Promise<unknown>][] = [
        ["show", () => api.vcluster({ params, query })],
        ["stop", () => api.stopVcluster({ params, query })],
        ["start", () => api.startVcluster({ params, query })],
        ["delete", () => api.deleteVcluster({ params, query })],
        ["scale", () => api.scaleVcluster({ params, query, body: { nodes: 5 } })],
        ["rename", () => api.renameVcluster({ params, query, body: { name: "mine" } })],
        ["open", () => api.openVcluster({ params, query, body: { port: PORT } })],
        ["events", () => api.vclusterEvents({ params, query })],
        ["metrics", () => api.vclusterMetrics({ params, query })],
      ];
      for (const [name, call] of calls) {
        const code = await call().then(
          () => "worked",
          (e: ApiError) => e.problem.code,
        );
        expect([name, code]).toEqual([name, expect.stringMatching(/^(not_found|forbidden)$/)]);
      }
    }
    const slug = await stage.bob.api
      .openSlug({ body: { slug: alice.node.slug } })
      .catch((e: ApiError) => e.problem.code);
    expect(slug).toBe("not_found");
    for (const way of ["exec", "terminal"]) {
      const r = await fetch(`${stage.docklet.portal}/api/v1/vclusters/red/nodes/host-0/${way}?owner=alice`, {
        headers: { authorization: `Bearer ${stage.bob.token}`, upgrade: "websocket", connection: "upgrade" },
      });
      expect([way, r.status >= 400]).toEqual([way, true]);
    }
    expect((await stage.alice.api.vcluster({ params, query: {} })).state).toBe("ready");
  },
  TEST_MS,
);

/** Bytes as they are, to the gateway or another host; the answer's beginning. */
function raw(request: string, host = new URL(base()).host): Promise<string> {
  const [name, port] = host.split(":");
  return new Promise((done, fail) => {
    let answer = "";
    const s = connect(Number(port), name, () => s.write(request));
    s.setTimeout(15_000, () => s.destroy(new Error(`no answer to ${request.slice(0, 80)}`)));
    s.on("data", (d) => {
      answer += d;
      if (answer.includes("\r\n\r\n")) s.destroy();
    });
    s.on("close", () => done(answer));
    s.on("error", fail);
  });
}
