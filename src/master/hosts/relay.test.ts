import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { connect, createServer, type Server, type Socket } from "node:net";
import { FakeWorker } from "../../../test/kit/fake-worker.ts";
import { HostSite } from "../../../test/kit/host-site.ts";
import { WAIT } from "../../../test/kit/master-stage.ts";
import type { GatewayApi } from "../../contracts/gateway.ts";
import { relayPreface } from "../../contracts/uplink.ts";
import { startGateway } from "../../gateway/http/gateway.ts";
import { silentLogger } from "../../lib/log.ts";
import { until } from "../../lib/retry.ts";

setDefaultTimeout(120_000);
const NODE = "127.0.0.1";

let s: HostSite;
let relay: string;
const servers: Server[] = [];
beforeEach(async () => {
  s = await new HostSite().up();
  const worker = new FakeWorker({ name: "beta" });
  await s.remote.connect(s.master, "beta", worker, { served: { worker, runs: (a) => a === NODE } });
  await s.become("beta", "ready");
  relay = s.remote.door!.desk.relayPath(s.remote.files("beta").read()!.host);
});
afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await s.down();
});

/** A program on a port of a node. */
async function program(serve: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    serve(socket);
  });
  servers.push(server);
  await new Promise<void>((r) => server.listen(0, NODE, r));
  return (server.address() as { port: number }).port;
}

/** What a gateway does: connects, says where to, and reads the line. */
async function dial(preface: string): Promise<{ socket: Socket; line: string }> {
  const socket = connect({ path: relay, allowHalfOpen: true });
  socket.on("error", () => {});
  socket.write(preface);
  const line = await new Promise<string>((resolve) => {
    socket.on("readable", function first() {
      const d = socket.read() as Buffer | null;
      if (d === null) return;
      socket.off("readable", first);
      const end = d.indexOf("\n") + 1 || d.length;
      if (end < d.length) socket.unshift(d.subarray(end));
      resolve(String(d.subarray(0, end)));
    });
    for (const over of ["end", "close"]) socket.once(over, () => resolve("closed"));
  });
  return { socket, line };
}

/** The node's bytes as they come. Rejects when they were broken off. */
function hear(socket: Socket, take: (piece: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let held: Buffer = Buffer.alloc(0);
    socket.on("data", (bytes: Buffer) => {
      held = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
      while (held.length >= 4) {
        const length = held.readUInt32BE(0);
        if (length === 0) resolve();
        if (held.length < 4 + length) break;
        take(held.subarray(4, 4 + length));
        held = held.subarray(4 + length);
      }
    });
    for (const over of ["end", "close"]) socket.on(over, () => reject(new Error("broken")));
    socket.resume();
  });
}

async function all(socket: Socket): Promise<string> {
  let text = "";
  await hear(socket, (piece) => {
    text += piece;
  });
  return text;
}

test("bytes go both ways, and each side's end is the other's", async () => {
  const port = await program((socket) => {
    let said = "";
    socket.on("data", (piece) => {
      said += piece;
    });
    socket.on("end", () => socket.end(said.toUpperCase()));
  });
  const { socket, line } = await dial(relayPreface(NODE, port));
  expect(line).toBe("+\n");
  socket.end("question");
  expect(await all(socket)).toBe("QUESTION");
});

test("a port where nobody listens, a node that is not there, and nonsense are refused", async () => {
  const port = await program(() => {});
  servers.pop()!.close();
  expect((await dial(relayPreface(NODE, port))).line).toBe("-ECONNREFUSED\n");
  // The host's own addresses and its neighbours': the relay leads to nodes only.
  for (const address of ["127.0.0.2", "10.0.0.1", "169.254.169.254", "0.0.0.0"])
    expect((await dial(relayPreface(address, 22))).line).toBe("-EHOSTUNREACH\n");
  expect((await dial(`DIAL ${NODE} 99999\n`)).line).toMatch(/^-E/);
  for (const bad of [
    "GET / HTTP/1.1\r\n",
    `DIAL ${NODE} 80 x\n`,
    "DIAL host 80\n",
    "x".repeat(100),
    `DIAL ${NODE} 80\nmore`,
  ])
    expect((await dial(bad)).line).toBe("closed");
});

test("a program that breaks off is not taken for one that ended", async () => {
  const port = await program((socket) => {
    socket.write("half");
    setTimeout(() => socket.resetAndDestroy(), 20);
  });
  const { socket } = await dial(relayPreface(NODE, port));
  const outcome = await all(socket).then(
    () => "an orderly end",
    () => "broken",
  );
  expect(outcome).toBe("broken");
});

test("who goes away is told to the program, and a lost host to who waits", async () => {
  let closed = 0;
  const port = await program((socket) => {
    socket.on("close", () => closed++);
    socket.resume();
  });
  const { socket } = await dial(relayPreface(NODE, port));
  socket.destroy();
  await until("told", () => closed === 1, WAIT);
  const second = await dial(relayPreface(NODE, port));
  const heard = all(second.socket);
  await s.remote.disconnect("beta");
  await expect(heard).rejects.toThrow("broken");
  await until("told", () => closed === 2, WAIT);
});

test("a gigabyte to a slow reader, while another connection is not slow: the memory stays flat", async () => {
  const PIECE = Buffer.alloc(1024 * 1024, 7);
  const TOTAL = 1024;
  const port = await program((socket) => {
    let sent = 0;
    const more = () => {
      while (sent < TOTAL) {
        sent++;
        if (!socket.write(PIECE)) return void socket.once("drain", more);
      }
      socket.end();
    };
    more();
  });
  const echo = await program((socket) => socket.pipe(socket));
  const { socket } = await dial(relayPreface(NODE, port));
  Bun.gc(true);
  const before = process.memoryUsage().rss;
  let most = 0;
  let got = 0;
  let stops = 0;
  await hear(socket, (piece) => {
    got += piece.length;
    if (got < (stops + 1) * 64 * 1024 * 1024) return;
    stops++;
    // It stops reading, and everything behind it must stop as well, but for the others.
    socket.pause();
    void dial(relayPreface(NODE, echo)).then(async (other) => {
      other.socket.end("still there?");
      expect(await all(other.socket)).toBe("still there?");
      most = Math.max(most, process.memoryUsage().rss);
      socket.resume();
    });
  });
  expect(stops).toBeGreaterThan(10);
  expect(got).toBe(TOTAL * PIECE.length);
  expect(most - before).toBeLessThan(384 * 1024 * 1024);
});

test("the gateway reaches a program on another host: pages, uploads, WebSockets, and words for what is not there", async () => {
  const server = Bun.serve({
    hostname: NODE,
    port: 0,
    fetch: async (req, srv) => {
      if (srv.upgrade(req)) return undefined;
      const { pathname } = new URL(req.url);
      if (pathname.endsWith("/size")) return new Response(String((await req.arrayBuffer()).byteLength));
      return new Response(`hello from ${pathname}`);
    },
    websocket: { message: (ws, m) => void ws.send(m) },
  });
  let port = server.port!;
  const api: GatewayApi = {
    redeem: async () => null,
    onRevoke: () => () => {},
    resolve: async () => ({
      kind: "allow",
      grant: "g",
      maxAgeMs: 0,
      upstream: { host: NODE, port, via: { socket: relay, preface: relayPreface(NODE, port) } },
      authorization: null,
      stripPrefix: false,
    }),
  };
  const options = {
    hostname: "127.0.0.1",
    port: 0,
    portalUrl: () => "http://portal.test",
    wildcardDomain: null,
    origins: [],
  };
  const gateway = await startGateway(api, options, silentLogger);
  const url = `http://127.0.0.1:${gateway.port}/abcdefghij`;
  // The second one goes over the kept connection.
  for (const page of ["one", "two"])
    expect(await (await fetch(`${url}/${page}`)).text()).toBe(`hello from /abcdefghij/${page}`);
  const upload = await fetch(`${url}/size`, { method: "POST", body: new Uint8Array(5_000_000) });
  expect(await upload.text()).toBe("5000000");
  const ws = new WebSocket(`${url.replace("http", "ws")}/ws`);
  const echoed = await new Promise((resolve, reject) => {
    ws.onopen = () => ws.send("x".repeat(100_000));
    ws.onmessage = (m) => resolve(m.data);
    ws.onerror = reject;
  });
  expect(echoed).toBe("x".repeat(100_000));
  ws.close();
  port = await program(() => {});
  servers.pop()!.close();
  const nobody = await fetch(`${url}/x`);
  expect([nobody.status, await nobody.text()]).toEqual([502, expect.stringContaining("Nothing listens")]);
  await s.remote.disconnect("beta");
  expect((await fetch(`${url}/x`)).status).toBe(502);
  await gateway.stop(0);
  await server.stop(true);
});
