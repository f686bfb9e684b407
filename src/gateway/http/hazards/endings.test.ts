import { expect, test } from "bun:test";
import { createLogger } from "../../../lib/log.ts";
import { until } from "../../../lib/retry.ts";
import { startGateway } from "../gateway.ts";
import { allow, answering, cleanup, FakeApi, get, OK, rawUpstream, SLUG, stage } from "./stage.ts";

/** Connections that end when they should not, and what the other side sees of it. */

test.each(["fin", "reset"] as const)(
  "a client that goes away (%s) takes its upstream connection along",
  async (how) => {
    const upstream = rawUpstream(() => {});
    const { connect, gateway } = await stage(upstream.port);
    const client = await connect();
    client.write(get());
    await client.wait("the request", () => upstream.received.endsWith("\r\n\r\n"));
    if (how === "fin") client.socket.end();
    else client.socket.terminate();
    const peer = upstream.connections[0]!;
    await peer.gone();
    await peer.wait("the gateway to forget it", () => gateway.stats().connections === 0);
  },
);

test("a client that goes away in the middle of a stream takes its upstream connection along", async () => {
  const upstream = rawUpstream((peer) => peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"));
  const { connect } = await stage(upstream.port);
  const client = await connect();
  client.write(get());
  await client.until("1\r\na\r\n");
  client.socket.end();
  await upstream.connections[0]!.gone();
});

test.each([
  ["by length", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"],
  ["chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"],
])("an answer that is cut (%s) ends without its end", async (_name, text) => {
  const upstream = rawUpstream((peer) => {
    peer.write(text);
    peer.socket.end();
  });
  const { connect, gateway } = await stage(upstream.port);
  const client = await connect();
  client.write(get());
  await client.gone();
  expect(client.received.endsWith("half") || client.received.endsWith("4\r\nhalf\r\n")).toBe(true);
  expect(gateway.stats().upstreamErrors).toBe(1);
});

test("an answer without a length that breaks off does not look complete", async () => {
  const upstream = rawUpstream((peer) => {
    peer.write("HTTP/1.1 200 OK\r\n\r\nhalf");
    setTimeout(() => peer.socket.terminate(), 5);
  });
  const { connect } = await stage(upstream.port);
  const modern = await connect();
  modern.write(get());
  await modern.gone();
  expect(modern.received).not.toContain("0\r\n\r\n");
  const old = await connect();
  old.write(`GET /${SLUG}/x HTTP/1.0\r\nHost: gw.test\r\n\r\n`);
  await old.gone();
  expect(old.ended).toBe(false);
});

test("broken chunk framing in an answer breaks the client's connection", async () => {
  const upstream = rawUpstream((peer) => {
    peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    setTimeout(() => peer.write("zz\r\n0\r\n\r\n"), 5);
  });
  const { connect } = await stage(upstream.port);
  const client = await connect();
  client.write(get());
  await client.gone();
  expect(client.received).not.toContain("zz");
});

test("nobody listens: a page or a problem document that says so, and the next request asks again", async () => {
  const dead = rawUpstream(() => {});
  dead.stop();
  const { ask, api, gateway } = await stage(dead.port);
  const json = await ask(get());
  expect(json).toStartWith("HTTP/1.1 502 ");
  expect(json).toContain("Retry-After: ");
  expect(json).toContain(`Nothing listens on port ${dead.port} of the node.`);
  expect(await ask(get(undefined, "Accept: text/html\r\n"))).toContain(
    "<h1>The program in your node does not answer</h1>",
  );
  expect(gateway.stats().upstreamErrors).toBe(2);
  expect(api.asked.length).toBe(2);
});

test("closed without an answer is a 502, silent for too long is a 504", async () => {
  const closing = rawUpstream((peer) => peer.socket.end());
  expect(await (await stage(closing.port)).ask(get())).toMatch(/^HTTP\/1.1 502 [\s\S]*upstream_closed/);
  const silent = rawUpstream(() => {});
  const { ask } = await stage(silent.port, {}, { responseMs: 50 });
  expect(await ask(get())).toMatch(/^HTTP\/1.1 504 [\s\S]*upstream_timeout/);
  await silent.connections[0]!.gone();
});

test("a kept connection that dies under a GET is replaced once, a POST is never sent twice", async () => {
  let dieAt = 2;
  let seen = 0;
  const upstream = rawUpstream((peer) => {
    if (!peer.received.endsWith("\r\n\r\n")) return;
    seen++;
    if (seen === dieAt) peer.socket.terminate();
    else peer.write(OK);
  });
  const { ask } = await stage(upstream.port);
  await ask(get());
  expect(await ask(get())).toStartWith("HTTP/1.1 200 ");
  expect(seen).toBe(3);
  dieAt = 4;
  expect(await ask(`POST /${SLUG}/x HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 0\r\n\r\n`)).toStartWith(
    "HTTP/1.1 502 ",
  );
  expect(seen).toBe(4);
});

test("a fresh connection that dies is not tried again", async () => {
  const upstream = rawUpstream((peer) => peer.socket.terminate());
  const { ask } = await stage(upstream.port);
  expect(await ask(get())).toStartWith("HTTP/1.1 502 ");
  expect(upstream.connections.length).toBe(1);
});

test("a POST does not go on a connection that was idle for long", async () => {
  const upstream = answering(OK);
  const { ask } = await stage(upstream.port, {}, { freshMs: 0 });
  await ask(get());
  await Bun.sleep(2);
  await ask(`POST /${SLUG}/x HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 0\r\n\r\n`);
  expect(upstream.connections.length).toBe(2);
  await ask(get());
  expect(upstream.connections.length).toBe(2);
});

test("idle upstream connections are closed after a while", async () => {
  const upstream = answering(OK);
  const { ask } = await stage(upstream.port, {}, { upstreamIdleMs: 10 });
  await ask(get());
  await upstream.connections[0]!.gone();
});

test("revoking a grant ends its streams and no others", async () => {
  const upstream = answering("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n");
  const { connect, api } = await stage(upstream.port);
  api.decide = (r) => allow(upstream.port, { grant: `grant-of-${r.slug}` });
  const [mine, other] = [await connect(), await connect()];
  mine.write(get());
  other.write(get("/otherslug00/x"));
  await mine.until("data: 1");
  await other.until("data: 1");
  api.revoke({ grant: `grant-of-${SLUG}` });
  await mine.gone();
  await upstream.connections[0]!.gone();
  expect(other.ended || other.closed).toBe(false);
  api.revoke({ slug: "otherslug00" });
  await other.gone();
});

test("a request that waits behind one whose upstream died is still answered", async () => {
  const upstream = rawUpstream((peer) => {
    if (peer.received.includes("/dies")) peer.socket.terminate();
    else peer.write(OK);
  });
  const { connect } = await stage(upstream.port);
  const client = await connect();
  client.write(get(`/${SLUG}/dies`) + get(`/${SLUG}/lives`));
  await client.until("\r\n\r\nok");
  expect(client.received).toStartWith("HTTP/1.1 502 ");
});

test("a slow reader of a last answer gets all of it, however long that takes", async () => {
  const total = 12 * 1024 * 1024;
  const upstream = rawUpstream((peer) => {
    peer.onData = null;
    peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
    peer.write(Buffer.alloc(total, 97));
  });
  const { connect } = await stage(upstream.port, {}, { lingerMs: 30, clientIdleMs: 400 });
  const client = await connect();
  client.keep = false;
  client.write(get(undefined, "Connection: close\r\n"));
  await client.wait("the beginning", () => client.bytes > 0);
  const pace = setInterval(() => {
    client.socket.resume();
    setTimeout(() => client.socket.pause(), 1);
  }, 40);
  await client.wait("all of it", () => client.bytes > total || client.closed, 20_000);
  clearInterval(pace);
  expect(client.bytes).toBeGreaterThan(total);
}, 25_000);

test("clients that reset before they are accepted are no error", async () => {
  const lines: string[] = [];
  const log = createLogger("error", { write: (line) => lines.push(line) });
  const api = new FakeApi(1);
  const options = { hostname: "127.0.0.1", port: 0, portalUrl: () => "http://p", wildcardDomain: null, origins: [] };
  const gateway = await startGateway(api, options, log);
  cleanup(() => gateway.stop(0));
  const source = `onmessage = ({ data: port }) => {
    const open = () => Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {}, open: (s) => s.terminate() } });
    for (let i = 0; i < 50; i++) open().catch(() => {});
  };`;
  const worker = new Worker(URL.createObjectURL(new Blob([source])));
  cleanup(() => worker.terminate());
  worker.postMessage(gateway.port);
  // While this thread stands still, they come and go in the kernel's queue of what waits to be accepted.
  Bun.sleepSync(300);
  await until("the queue to be worked off", () => gateway.stats().connections === 0, { timeoutMs: 3000 });
  await Bun.sleep(20);
  expect(lines).toEqual([]);
});
