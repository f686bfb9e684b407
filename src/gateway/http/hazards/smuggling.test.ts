import { expect, test } from "bun:test";
import { answering, OK, SLUG, stage } from "./stage.ts";

/** Whatever two servers could read differently is refused before anything reaches the upstream. */
const POST = `POST /${SLUG}/x HTTP/1.1\r\nHost: gw.test\r\n`;
const GET = `GET /${SLUG}/x HTTP/1.1\r\nHost: gw.test\r\n`;
const CASES: [name: string, request: string, status: number][] = [
  ["CL.TE", `${POST}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG`, 400],
  ["TE.CL", `${POST}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\nGPOST`, 400],
  ["TE.TE", `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n\r\n0\r\n\r\n`, 400],
  ["TE twice", `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ["TE list", `${POST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, 400],
  ["TE identity", `${POST}Transfer-Encoding: identity\r\n\r\n`, 400],
  ["TE xchunked", `${POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`, 400],
  ["TE with a vertical tab", `${POST}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`, 400],
  ["TE folded", `${POST}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`, 400],
  ["TE blank before colon", `${POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`, 400],
  ["TE in HTTP/1.0", `POST /${SLUG}/x HTTP/1.0\r\nHost: gw.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ["CL twice, same", `${POST}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`, 400],
  ["CL twice, different", `${POST}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`, 400],
  ["CL list", `${POST}Content-Length: 3, 3\r\n\r\nabc`, 400],
  ["CL plus", `${POST}Content-Length: +3\r\n\r\nabc`, 400],
  ["CL negative", `${POST}Content-Length: -1\r\n\r\n`, 400],
  ["CL hexadecimal", `${POST}Content-Length: 0x3\r\n\r\nabc`, 400],
  ["CL empty", `${POST}Content-Length:\r\n\r\n`, 400],
  ["CL huge", `${POST}Content-Length: 99999999999999999999\r\n\r\n`, 400],
  ["obs-fold", `${GET}X-A: 1\r\n b\r\n\r\n`, 400],
  ["bare LF in head", `${GET}X-A: 1\nX-B: 2\r\n\r\n`, 400],
  ["bare LF everywhere", `GET /${SLUG}/x HTTP/1.1\nHost: gw.test\n\n`, 400],
  ["bare CR", `${GET}X-A: 1\rX-B: 2\r\n\r\n`, 400],
  ["NUL in a value", `${GET}X-A: a\x00b\r\n\r\n`, 400],
  ["NUL in the target", `GET /${SLUG}/\x00 HTTP/1.1\r\nHost: gw.test\r\n\r\n`, 400],
  ["blank in a name", `${GET}X A: 1\r\n\r\n`, 400],
  ["empty name", `${GET}: 1\r\n\r\n`, 400],
  ["no colon", `${GET}XA\r\n\r\n`, 400],
  ["name with a slash", `${GET}X/A: 1\r\n\r\n`, 400],
  ["absolute form", `GET http://other/${SLUG}/ HTTP/1.1\r\nHost: gw.test\r\n\r\n`, 400],
  ["authority form", "GET other:80 HTTP/1.1\r\nHost: gw.test\r\n\r\n", 400],
  ["CONNECT", "CONNECT other:80 HTTP/1.1\r\nHost: other:80\r\n\r\n", 405],
  ["asterisk", "OPTIONS * HTTP/1.1\r\nHost: gw.test\r\n\r\n", 400],
  ["TRACE", `TRACE /${SLUG}/ HTTP/1.1\r\nHost: gw.test\r\n\r\n`, 405],
  ["fragment", `GET /${SLUG}/#x HTTP/1.1\r\nHost: gw.test\r\n\r\n`, 400],
  ["two blanks", `GET  /${SLUG}/ HTTP/1.1\r\nHost: gw.test\r\n\r\n`, 400],
  ["tab in the request line", `GET\t/${SLUG}/ HTTP/1.1\r\nHost: gw.test\r\n\r\n`, 400],
  ["HTTP/0.9", `GET /${SLUG}/\r\n\r\n`, 400],
  ["HTTP/2.0", `GET /${SLUG}/ HTTP/2.0\r\nHost: gw.test\r\n\r\n`, 505],
  ["HTTP/1.2", `GET /${SLUG}/ HTTP/1.2\r\nHost: gw.test\r\n\r\n`, 400],
  ["lower case version", `GET /${SLUG}/ http/1.1\r\nHost: gw.test\r\n\r\n`, 400],
  ["HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
  ["no Host", `GET /${SLUG}/ HTTP/1.1\r\n\r\n`, 400],
  ["empty Host", `GET /${SLUG}/ HTTP/1.1\r\nHost:\r\n\r\n`, 400],
  ["two Hosts", `${GET}Host: other\r\n\r\n`, 400],
  ["Host with a path", `GET /${SLUG}/ HTTP/1.1\r\nHost: gw.test/x\r\n\r\n`, 400],
  ["Host with user", `GET /${SLUG}/ HTTP/1.1\r\nHost: a@gw.test\r\n\r\n`, 400],
  ["Expect nonsense", `${POST}Expect: cake\r\nContent-Length: 1\r\n\r\na`, 417],
  ["TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400],
];

test.each(CASES)("%s", async (_name, request, status) => {
  const upstream = answering(OK);
  const { connect } = await stage(upstream.port);
  const client = await connect();
  client.write(request);
  const answer = await client.answer();
  expect(answer).toStartWith(`HTTP/1.1 ${status} `);
  expect(upstream.received).toBe("");
  // Exactly one answer: nothing behind the request was taken for another one.
  expect(answer.match(/HTTP\/1\.1 \d{3} /g)?.length).toBe(1);
});

/** Bodies whose chunks are broken reach the upstream at most up to the break. */
const CHUNKS: [name: string, body: string][] = [
  ["size not hexadecimal", "xyz\r\nabc\r\n0\r\n\r\n"],
  ["size with 0x", "0x3\r\nabc\r\n0\r\n\r\n"],
  ["size negative", "-3\r\nabc\r\n0\r\n\r\n"],
  ["size with blank", "3 \r\nabc\r\n0\r\n\r\n"],
  ["size empty", "\r\nabc\r\n0\r\n\r\n"],
  ["size too large", "fffffffffffffffff\r\nabc"],
  ["size line ends in LF", "3\nabc\r\n0\r\n\r\n"],
  ["extension with LF", "3;a\nb\r\nabc\r\n0\r\n\r\n"],
  ["extension with CR", "3;a\rb\r\nabc\r\n0\r\n\r\n"],
  ["extension without end", `3;${"a".repeat(5000)}`],
  ["chunk longer than said", "3\r\nabcdef\r\n0\r\n\r\n"],
  ["chunk ends in LF", "3\r\nabc\n0\r\n\r\n"],
  ["trailer folded", "0\r\nX-A: 1\r\n b\r\n\r\n"],
  ["trailer ends in LF", "0\r\nX-A: 1\n\r\n"],
  ["trailer with NUL", "0\r\nX-A: \x00\r\n\r\n"],
  ["trailer endless", `0\r\nX-A: ${"a".repeat(20_000)}`],
];

test.each(CHUNKS)("chunked body: %s", async (_name, body) => {
  const upstream = answering("");
  const { connect } = await stage(upstream.port);
  const client = await connect();
  client.write(`${POST}Transfer-Encoding: chunked\r\n\r\n${body}`);
  await client.gone();
  expect(client.received).toStartWith("HTTP/1.1 400 ");
  expect(upstream.received).not.toContain("0\r\n\r\n");
});

test("a second request hidden behind a length is body, not a request", async () => {
  const upstream = answering(OK);
  const { connect, gateway } = await stage(upstream.port);
  const hidden = `GET /${SLUG}/hidden HTTP/1.1\r\nHost: gw.test\r\n\r\n`;
  const client = await connect();
  client.write(`${POST}Content-Length: ${hidden.length}\r\n\r\n${hidden}`);
  await client.answer();
  expect(gateway.stats().requests).toBe(1);
});

/** An upstream is as hostile as a client: its answer must not run over into the next one. */
const ANSWERS: [name: string, answer: string][] = [
  ["CL and TE", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
  ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc"],
  ["unknown coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"],
  ["no status line", "hello\r\n\r\n"],
  ["status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"],
  ["bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n"],
  ["folded header", "HTTP/1.1 200 OK\r\nX-A: 1\r\n 2\r\nContent-Length: 0\r\n\r\n"],
  ["unasked switch", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"],
  ["huge head", `HTTP/1.1 200 OK\r\nX-A: ${"a".repeat(70_000)}\r\n\r\n`],
];

test.each(ANSWERS)("answer with %s becomes a 502", async (_name, text) => {
  const { ask } = await stage(answering(text).port);
  const answer = await ask(`GET /${SLUG}/x HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n\r\n`);
  expect(answer).toStartWith("HTTP/1.1 502 ");
  expect(answer).toContain('"code":"bad_upstream"');
});

test("bytes behind an answer never become the next answer", async () => {
  const upstream = answering(`${OK}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`);
  const { connect } = await stage(upstream.port);
  const client = await connect();
  client.write(`${GET}\r\n`);
  await client.answer();
  client.write(`${GET}\r\n`);
  await client.wait("two answers", () => client.received.split("\r\n\r\nok").length === 3);
  expect(client.received).not.toContain("evil");
  expect(upstream.connections.length).toBe(2);
});
