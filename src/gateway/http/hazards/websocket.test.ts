import { expect, test } from "bun:test";
import { cleanup, dial, rawUpstream, SLUG, stage } from "./stage.ts";

/** A real WebSocket server and a real client with the gateway between them. */
function echoServer() {
  const closes: [number, string][] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    fetch(request, self) {
      if (new URL(request.url).pathname.endsWith("/refuse")) return new Response("no", { status: 418 });
      return self.upgrade(request) ? undefined : new Response("plain");
    },
    websocket: {
      maxPayloadLength: 64 * 1024 * 1024,
      backpressureLimit: 256 * 1024 * 1024,
      message(ws, message) {
        if (message === "close me") ws.close(4321, "as asked");
        else if (message === "flood") {
          const block = Buffer.alloc(1024 * 1024, 120);
          for (let i = 0; i < 24; i++) ws.send(block);
        } else ws.send(message);
      },
      close: (_ws, code, reason) => void closes.push([code, reason]),
    },
  });
  cleanup(() => server.stop(true));
  return { port: server.port!, closes };
}

/** Bun's client can do more than the browser's. */
type Client = WebSocket & { terminate(): void; pause(): void; resume(): void };

async function open(port: number, path = "ws"): Promise<Client> {
  const ws = new WebSocket(`ws://127.0.0.1:${port}/${SLUG}/${path}`) as Client;
  ws.binaryType = "arraybuffer";
  await new Promise((resolve, reject) => {
    ws.onopen = resolve;
    ws.onerror = () => reject(new Error("did not open"));
  });
  cleanup(() => ws.terminate());
  return ws;
}

const message = (ws: WebSocket) => new Promise<unknown>((resolve) => (ws.onmessage = (e) => resolve(e.data)));
const closed = (ws: WebSocket) => new Promise<CloseEvent>((resolve) => (ws.onclose = resolve));

test("echo, and close codes in both directions", async () => {
  const echo = echoServer();
  const { port, gateway } = await stage(echo.port);
  const ws = await open(port);
  ws.send("hello");
  expect(await message(ws)).toBe("hello");
  expect(gateway.stats().upgraded).toBe(1);
  ws.send("close me");
  expect(await closed(ws)).toMatchObject({ code: 4321, reason: "as asked" });
  const other = await open(port);
  const end = closed(other);
  other.close(4000, "bye");
  await end;
  expect(echo.closes.at(-1)).toEqual([4000, "bye"]);
  expect(gateway.stats().upgraded).toBe(0);
});

test("a frame of 16 MB", async () => {
  const { port } = await stage(echoServer().port);
  const ws = await open(port);
  const big = new Uint8Array(16 * 1024 * 1024).fill(7);
  ws.send(big);
  const back = (await message(ws)) as ArrayBuffer;
  expect(back.byteLength).toBe(big.length);
  expect(Buffer.compare(new Uint8Array(back), big)).toBe(0);
});

test("a reader that pauses gets everything later", async () => {
  const { port } = await stage(echoServer().port);
  const ws = await open(port);
  let got = 0;
  ws.onmessage = (e) => (got += (e.data as ArrayBuffer).byteLength);
  ws.send("flood");
  ws.pause();
  await Bun.sleep(50);
  ws.resume();
  const end = performance.now() + 5000;
  while (got < 24 * 1024 * 1024 && performance.now() < end) await Bun.sleep(5);
  expect(got).toBe(24 * 1024 * 1024);
});

test("an upstream that refuses is heard, and the connection goes on", async () => {
  const { port } = await stage(echoServer().port);
  expect(open(port, "refuse")).rejects.toThrow("did not open");
  const client = await dial(port);
  const head =
    "Host: gw.test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
  client.write(`GET /${SLUG}/refuse HTTP/1.1\r\n${head}`);
  await client.until("418");
  client.write(`GET /${SLUG}/plain HTTP/1.1\r\nHost: gw.test\r\n\r\n`);
  await client.until("plain");
});

test("what comes behind an upgrade that is refused is the next request, not the upstream's", async () => {
  const upstream = rawUpstream((peer) => peer.write("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"));
  const { connect, api } = await stage(upstream.port);
  const client = await connect();
  const hidden = "GET /otherslug00/hidden HTTP/1.1\r\nHost: gw.test\r\n\r\n";
  client.write(
    `GET /${SLUG}/x HTTP/1.1\r\nHost: gw.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n${hidden}`,
  );
  await client.wait("both answers", () => client.received.split("403 No").length === 3);
  expect(api.asked.map((a) => a.slug)).toEqual([SLUG, "otherslug00"]);
});

test("any other protocol passes as well, with what either side says early", async () => {
  const upstream = rawUpstream((peer) => {
    if (peer.received.endsWith("\r\n\r\n"))
      peer.write("HTTP/1.1 101 Switching\r\nUpgrade: chat/2\r\nConnection: Upgrade\r\n\r\nwelcome");
    else if (peer.received.endsWith("early")) peer.write("heard");
  });
  const { connect } = await stage(upstream.port);
  const client = await connect();
  client.write(`GET /${SLUG}/x HTTP/1.1\r\nHost: gw.test\r\nConnection: Upgrade\r\nUpgrade: chat/2\r\n\r\nearly`);
  await client.until("welcomeheard");
  expect(client.received).toContain("Connection: Upgrade\r\nUpgrade: chat/2\r\n");
  upstream.connections[0]!.write("last words");
  upstream.connections[0]!.socket.end();
  await client.gone();
  expect(client.received).toEndWith("last words");
});

test("h2c is not offered, an upgrade with a body is refused", async () => {
  const upstream = rawUpstream((peer) => peer.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  const { ask } = await stage(upstream.port);
  const start = `GET /${SLUG}/x HTTP/1.1\r\nHost: gw.test\r\nConnection: Upgrade, HTTP2-Settings\r\n`;
  expect(await ask(`${start}Upgrade: h2c\r\nHTTP2-Settings: AAA\r\n\r\n`)).toStartWith("HTTP/1.1 200 ");
  expect(upstream.received).not.toMatch(/h2c|HTTP2|Upgrade/);
  expect(await ask(`${start}Upgrade: websocket\r\nContent-Length: 3\r\n\r\nabc`)).toStartWith("HTTP/1.1 400 ");
});

test("revoking closes sockets at once, on both sides", async () => {
  const echo = echoServer();
  const { port, api, gateway } = await stage(echo.port);
  const ws = await open(port);
  const end = closed(ws);
  api.revoke({ slug: "otherslug00" });
  ws.send("still here");
  expect(await message(ws)).toBe("still here");
  api.revoke({ slug: SLUG });
  await end;
  expect(gateway.stats().upgraded).toBe(0);
});

test("a WebSocket whose client vanishes ends at the upstream too", async () => {
  const echo = echoServer();
  const { port } = await stage(echo.port);
  const ws = await open(port);
  ws.terminate();
  const end = performance.now() + 3000;
  while (echo.closes.length === 0 && performance.now() < end) await Bun.sleep(5);
  expect(echo.closes.length).toBe(1);
});
