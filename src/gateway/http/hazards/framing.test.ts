import { expect, test } from "bun:test";
import { answering, get, OK, rawUpstream, SLUG, stage } from "./stage.ts";

/** Bodies and answers of every legal shape arrive as they were sent. */
const POST = `POST /${SLUG}/x HTTP/1.1\r\nHost: gw.test\r\n`;

test("pipelined requests are answered one after the other, in order", async () => {
  const upstream = rawUpstream((peer) => {
    const path = /GET (\S+) HTTP\/1.1\r\n[\s\S]*\r\n\r\n$/.exec(peer.received)?.[1];
    if (path === undefined) return;
    peer.received = "";
    // The first takes longest.
    setTimeout(
      () => peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`),
      path.endsWith("1") ? 20 : 0,
    );
  });
  const { connect, gateway } = await stage(upstream.port);
  const client = await connect();
  client.write([1, 2, 3, 4].map((n) => get(`/${SLUG}/${n}`)).join(""));
  await client.until(`/${SLUG}/4`);
  expect([...client.received.matchAll(/\r\n\r\n\/\w+\/(\d)/g)].map((m) => m[1])).toEqual(["1", "2", "3", "4"]);
  expect(gateway.stats().requests).toBe(4);
  expect(upstream.connections.length).toBe(1);
});

test("many pipelined requests for the gateway's own pages do not grow the stack", async () => {
  const { connect } = await stage(1);
  const client = await connect();
  client.write(`${get("/favicon.ico").repeat(5000)}${get("/short/", "Connection: close\r\n")}`);
  await client.gone();
  expect(client.received.match(/HTTP\/1\.1 404/g)?.length).toBe(5001);
});

test("a request that comes byte by byte", async () => {
  const upstream = answering(OK);
  const { connect } = await stage(upstream.port);
  const client = await connect();
  const request = `${POST}Content-Length: 3\r\n\r\nabc`;
  for (const byte of request) {
    client.write(byte);
    await Bun.sleep(0);
  }
  expect(await client.answer()).toStartWith("HTTP/1.1 200 ");
  expect(upstream.received).toEndWith("\r\n\r\nabc");
});

test("an answer that comes byte by byte, chunked with trailers", async () => {
  const answer =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\nX-Sum: 1\r\nSet-Cookie: dk_a=1\r\n\r\n";
  const upstream = rawUpstream(async (peer) => {
    for (const byte of answer) {
      peer.write(byte);
      await Bun.sleep(0);
    }
  });
  const { connect } = await stage(upstream.port);
  const client = await connect();
  client.write(get());
  await client.until("X-Sum: 1\r\n\r\n");
  expect(client.received).toEndWith("\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\nX-Sum: 1\r\n\r\n");
  expect(client.received).toContain("Transfer-Encoding: chunked\r\n");
});

test("chunked uploads stay chunked; trailers lose what would be believed too late", async () => {
  const upstream = answering("");
  const { connect } = await stage(upstream.port);
  const client = await connect();
  client.write(
    `${POST}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\nAuthorization: x\r\nX-Forwarded-For: y\r\nContent-Length: 9\r\n\r\n`,
  );
  await client.wait("the upload", () => upstream.received.endsWith("5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"));
  expect(upstream.received).toContain("Transfer-Encoding: chunked\r\n");
});

test("two requests with bodies on one connection, in one packet", async () => {
  const bodies: string[] = [];
  const upstream = rawUpstream((peer) => {
    const m = /Content-Length: (\d+)[\s\S]*\r\n\r\n([\s\S]*)$/.exec(peer.received);
    if (!m || m[2]!.length < Number(m[1])) return;
    bodies.push(m[2]!);
    peer.received = "";
    peer.write(OK);
  });
  const { connect } = await stage(upstream.port);
  const client = await connect();
  client.write(
    `${POST}Content-Length: 3\r\n\r\nabc${POST}Content-Length: 4\r\n\r\ndefg\r\n${POST}Content-Length: 1\r\n\r\nh`,
  );
  await client.wait("three answers", () => client.received.split("\r\n\r\nok").length === 4);
  expect(bodies).toEqual(["abc", "defg", "h"]);
});

test("a compressed answer passes as it is", async () => {
  const zipped = Buffer.from(Bun.gzipSync("hello ".repeat(1000)));
  const upstream = rawUpstream((peer) => {
    peer.write(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${zipped.length}\r\n\r\n`);
    peer.write(zipped);
  });
  const { ask } = await stage(upstream.port);
  const answer = await ask(get(undefined, "Accept-Encoding: gzip\r\n"));
  expect(upstream.received).toContain("Accept-Encoding: gzip\r\n");
  expect(answer).toContain("Content-Encoding: gzip\r\n");
  expect(Buffer.from(answer.slice(answer.indexOf("\r\n\r\n") + 4), "latin1").equals(zipped)).toBe(true);
});

test("an answer that ends with its connection gets chunk framing, and the client's connection stays", async () => {
  const upstream = rawUpstream((peer) => {
    peer.write("HTTP/1.0 200 OK\r\n\r\nhello");
    setTimeout(() => {
      peer.write(" world");
      peer.socket.end();
    }, 5);
  });
  const { connect } = await stage(upstream.port);
  const client = await connect();
  client.write(get());
  await client.until("0\r\n\r\n");
  expect(client.received).toEndWith("\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
  expect(client.ended).toBe(false);
});

test("an HTTP/1.0 client gets an answer that it can read", async () => {
  const upstream = rawUpstream((peer) => {
    peer.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nhello");
    peer.socket.end();
  });
  const { connect } = await stage(upstream.port);
  const client = await connect();
  client.write(`GET /${SLUG}/x HTTP/1.0\r\nHost: gw.test\r\n\r\n`);
  await client.gone();
  expect(upstream.received).toStartWith(`GET /${SLUG}/x HTTP/1.0\r\n`);
  expect(client.received).toBe("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello");
});

test("HEAD, 204 and 304 have no body, whatever their headers say", async () => {
  for (const [method, status] of [
    ["HEAD", 200],
    ["GET", 204],
    ["GET", 304],
  ] as const) {
    const upstream = answering(
      `HTTP/1.1 ${status} X\r\nETag: "1"\r\n${status === 204 ? "" : "Content-Length: 500\r\n"}\r\n`,
    );
    const { connect } = await stage(upstream.port);
    const client = await connect();
    const request = `${method} /${SLUG}/x HTTP/1.1\r\nHost: gw.test\r\n\r\n`;
    client.write(request + request);
    await client.wait("two answers", () => client.received.split('ETag: "1"').length === 3);
    expect(upstream.connections.length).toBe(1);
  }
});

test("HEAD for one of the gateway's own pages has no body", async () => {
  const { connect } = await stage(1);
  const client = await connect();
  client.write(`HEAD /short/ HTTP/1.1\r\nHost: gw.test\r\n\r\n${get("/short/", "Connection: close\r\n")}`);
  await client.gone();
  expect(client.received.match(/HTTP\/1\.1 404/g)?.length).toBe(2);
  expect(client.received.match(/"not_found"/g)?.length).toBe(1);
});

test("Expect: 100-continue goes to the upstream, its 100 comes back, then the body goes", async () => {
  const upstream = rawUpstream((peer) => {
    if (peer.received.endsWith("\r\n\r\n"))
      peer.write("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
    if (peer.received.endsWith("hello")) peer.write(OK);
  });
  const { connect } = await stage(upstream.port);
  const client = await connect();
  client.write(`${POST}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`);
  await client.until("HTTP/1.1 100 Continue\r\n\r\n");
  expect(client.received).toContain("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
  expect(client.received).not.toContain("Connection");
  client.write("hello");
  await client.until("\r\n\r\nok");
  expect(upstream.received).toContain("Expect: 100-continue\r\n");
});

test("an upstream that sends interim answers for ever is stopped", async () => {
  const upstream = rawUpstream((peer) => peer.write("HTTP/1.1 102 Processing\r\n\r\n".repeat(100)));
  const { connect } = await stage(upstream.port);
  const client = await connect();
  client.write(get());
  await client.until("HTTP/1.1 502");
});

test("an answer that comes before the upload is over arrives, and the rest of the upload harms nobody", async () => {
  const upstream = rawUpstream((peer) => {
    peer.onData = null;
    peer.write("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig");
  });
  const { connect } = await stage(upstream.port);
  const client = await connect();
  client.write(`${POST}Content-Length: 5000000\r\n\r\n`);
  client.write(Buffer.alloc(1_000_000, 97));
  await client.until("\r\n\r\nbig");
  client.write(Buffer.alloc(1_000_000, 97));
  await client.gone();
  expect(client.received).toEndWith("\r\n\r\nbig");
});
