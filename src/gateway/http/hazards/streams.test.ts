import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { cleanup, dial, get, type RawPeer, rawUpstream, SLUG, stage } from "./stage.ts";

/** Much data, many streams, and readers that are slower than writers: memory stays flat, nothing is lost. */
const MiB = 1024 * 1024;
const TOTAL = 320 * MiB;
/** What the gateway may need on top of what it has at its start: some pieces under way and not yet collected. */
const GROWTH = 64 * MiB;
const piece = Buffer.alloc(256 * 1024, "0123456789abcdef");

/** Writes `total` bytes at the pace of the reader. */
async function pour(peer: RawPeer, total: number): Promise<void> {
  let left = total;
  while (left > 0 && !peer.closed) {
    if (peer.unsent > 0) {
      await Bun.sleep(0);
      continue;
    }
    peer.write(piece.subarray(0, Math.min(left, piece.length)));
    left -= Math.min(left, piece.length);
  }
}

/** A gateway as a process of its own, so that the memory of these tests is not counted as its. */
async function apart(upstreamPort: number): Promise<{ port: number; growth: () => number }> {
  const script = resolve(import.meta.dir, "../../../../bench/gateway-process.ts");
  const child = Bun.spawn([process.execPath, script, String(upstreamPort)], { stdout: "pipe", stdin: "pipe" });
  cleanup(async () => {
    child.kill();
    await child.exited;
  });
  const memory = (what: string) => {
    const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
    return Number(new RegExp(`${what}:\\s+(\\d+)`).exec(status)![1]) * 1024;
  };
  const { value } = await child.stdout.getReader().read();
  const before = memory("VmRSS");
  return { port: Number(Buffer.from(value!).toString()), growth: () => memory("VmHWM") - before };
}

/** Reads in bursts. */
function dawdle(peer: RawPeer): void {
  const timer = setInterval(() => {
    peer.socket.resume();
    setTimeout(() => peer.socket.pause(), 8);
  }, 12);
  cleanup(() => clearInterval(timer));
}

test("a big download to a slow client", async () => {
  const upstream = rawUpstream((peer) => {
    peer.onData = null;
    peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${TOTAL}\r\n\r\n`);
    void pour(peer, TOTAL);
  });
  const { port, growth } = await apart(upstream.port);
  const client = await dial(port);
  client.keep = false;
  dawdle(client);
  client.write(get());
  await client.wait("all of it", () => client.bytes > TOTAL, 40_000);
  expect(growth()).toBeLessThan(GROWTH);
}, 45_000);

test("a big upload to a slow upstream", async () => {
  const upstream = rawUpstream((peer) => {
    if (peer.keep) {
      peer.keep = false;
      dawdle(peer);
    }
  });
  const { port, growth } = await apart(upstream.port);
  const client = await dial(port);
  client.write(`PUT /${SLUG}/big HTTP/1.1\r\nHost: gw.test\r\nContent-Length: ${TOTAL}\r\n\r\n`);
  await pour(client, TOTAL);
  await client.wait("all of it", () => (upstream.connections[0]?.bytes ?? 0) > TOTAL, 40_000);
  expect(growth()).toBeLessThan(GROWTH);
}, 45_000);

test("a client that stops reading stops the upstream, and goes on where it was", async () => {
  // More than the kernel buffers of both connections together.
  const total = 96 * MiB;
  let sent: RawPeer | undefined;
  const upstream = rawUpstream((peer) => {
    peer.onData = null;
    sent = peer;
    peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
    peer.write(Buffer.alloc(total, 97));
  });
  const { connect } = await stage(upstream.port);
  const client = await connect();
  client.keep = false;
  client.write(get());
  await client.wait("the beginning", () => client.bytes > 0);
  client.socket.pause();
  let before = -1;
  await client.wait("the upstream to stand still", async () => {
    if (sent!.unsent === before) return true;
    before = sent!.unsent;
    await Bun.sleep(50);
    return false;
  });
  expect(sent!.unsent).toBeGreaterThan(0);
  client.socket.resume();
  await client.wait("all of it", () => client.bytes > total);
});

test("300 event streams at once, each event as it comes, and one more request", async () => {
  const upstream = rawUpstream((peer) => {
    if (peer.received.includes("/events")) {
      peer.write(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n8\r\ndata: 1\n\r\n",
      );
    } else peer.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  const { connect, ask, gateway } = await stage(upstream.port);
  const clients = await Promise.all(Array.from({ length: 300 }, connect));
  for (const client of clients) client.write(get(`/${SLUG}/events`));
  for (const client of clients) await client.until("data: 1");
  expect(await ask(get())).toStartWith("HTTP/1.1 200 ");
  expect(gateway.stats().connections).toBeGreaterThanOrEqual(300);
  for (const peer of upstream.connections) peer.write("8\r\ndata: 2\n\r\n");
  for (const client of clients) await client.until("data: 2");
}, 20_000);

test("an upload and a download at the same time on one request", async () => {
  const upstream = rawUpstream((peer) => {
    const got = peer.bytes;
    const state = peer as RawPeer & { echoed?: number };
    if (state.echoed === undefined) {
      state.echoed = got;
      peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      return;
    }
    const step = got - state.echoed;
    state.echoed = got;
    peer.write(`${step.toString(16)}\r\n${"e".repeat(step)}\r\n`);
  });
  const { connect } = await stage(upstream.port);
  const client = await connect();
  client.write(`POST /${SLUG}/echo HTTP/1.1\r\nHost: gw.test\r\nTransfer-Encoding: chunked\r\n\r\n`);
  await client.until("\r\n\r\n");
  for (let i = 0; i < 5; i++) {
    const seen = client.bytes;
    client.write("3\r\nabc\r\n");
    await client.wait("its echo", () => client.bytes > seen);
  }
});
