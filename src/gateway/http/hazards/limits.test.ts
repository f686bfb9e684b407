import { expect, test } from "bun:test";
import { until } from "../../../lib/retry.ts";
import { answering, get, OK, rawUpstream, SLUG, stage } from "./stage.ts";

/** Clients that want to hold something for ever. */

test("a head that never ends is given up, and says so", async () => {
  const { connect } = await stage(1, {}, { headMs: 60 });
  const client = await connect();
  client.write("GET / HTTP/1.1\r\n");
  await client.gone();
  expect(client.received).toStartWith("HTTP/1.1 408 ");
});

test("drip-feeding a head does not prolong its time", async () => {
  const { connect } = await stage(1, {}, { headMs: 60 });
  const client = await connect();
  client.write("GET / HTTP/1.1\r\n");
  const drip = setInterval(() => client.write("X-A: 1\r\n"), 10);
  await client.gone();
  clearInterval(drip);
  expect(client.received).toStartWith("HTTP/1.1 408 ");
});

test("a connection that never says anything is closed", async () => {
  const { connect } = await stage(1, {}, { headMs: 60 });
  await (await connect()).gone();
});

test("an idle kept connection is closed after its time", async () => {
  const { connect } = await stage(answering(OK).port, {}, { clientIdleMs: 60 });
  const client = await connect();
  client.write(get());
  await client.until("\r\n\r\nok");
  await client.gone();
});

test("a body that stalls is given up", async () => {
  const upstream = rawUpstream(() => {});
  const { connect } = await stage(upstream.port, {}, { bodyIdleMs: 60 });
  const client = await connect();
  client.write(`POST /${SLUG}/x HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 10\r\n\r\nabc`);
  await client.gone();
  expect(client.received).toStartWith("HTTP/1.1 408 ");
  await upstream.connections[0]!.gone();
});

test("one address has a limited number of connections, and gets them back", async () => {
  const { connect, gateway } = await stage(answering(OK).port, {}, { connectionsPerAddress: 3 });
  const clients = [await connect(), await connect(), await connect()];
  const one = await connect();
  await one.gone();
  clients[0]!.socket.end();
  await until("a free place", () => gateway.stats().connections === 2, { timeoutMs: 3000 });
  const next = await connect();
  next.write(get());
  expect(await next.answer()).toStartWith("HTTP/1.1 200 ");
});

test("endless pipelining by a client that reads nothing stops being read", async () => {
  const { connect } = await stage(1);
  const client = await connect();
  client.socket.pause();
  const piece = Buffer.from(get("/short/").repeat(1000));
  let sent = 0;
  // Both kernels' buffers fill up first; then the gateway must not take any more.
  for (let i = 0; i < 2000 && client.unsent < 2_000_000; i++) {
    client.write(piece);
    sent += piece.length;
    await Bun.sleep(0);
  }
  expect(client.unsent).toBeGreaterThanOrEqual(2_000_000);
  expect(sent - client.unsent).toBeLessThan(60_000_000);
  client.socket.terminate();
});

test("stopping lets what runs end, refuses what is new and closes what stays", async () => {
  const upstream = rawUpstream((peer) => {
    if (peer.received.includes("/slow")) setTimeout(() => peer.write(OK), 60);
  });
  const { connect, gateway, port } = await stage(upstream.port);
  const [idle, slow, stuck] = [await connect(), await connect(), await connect()];
  slow.write(get(`/${SLUG}/slow`));
  stuck.write(get(`/${SLUG}/stuck`));
  await slow.wait("both requests", () => upstream.received.includes("/slow") && upstream.received.includes("/stuck"));
  const stopped = gateway.stop(300);
  await idle.gone();
  await slow.until("\r\n\r\nok");
  await slow.gone();
  expect(stuck.closed).toBe(false);
  await stopped;
  await stuck.gone();
  expect(Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } })).rejects.toThrow();
  expect(gateway.stats().connections).toBe(0);
});
