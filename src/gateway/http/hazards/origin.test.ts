import { expect, test } from "bun:test";
import { answering, OK, SLUG, stage } from "./stage.ts";

const WS =
  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
const SWITCHED = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
const CASES: [headers: string, websocket: number, post: number][] = [
  ["", 101, 200],
  ["Origin: http://gw.test:8000\r\n", 101, 200],
  ["Origin: https://gw.test:8000\r\n", 101, 200],
  ["Origin: HTTP://GW.test:8000\r\n", 101, 200],
  ["Origin: https://front.test\r\n", 101, 200],
  ["Origin: http://evil.test\r\n", 403, 403],
  ["Origin: http://gw.test:8080\r\n", 403, 403],
  ["Origin: http://gw.test\r\n", 403, 403],
  ["Origin: http://sub.gw.test:8000\r\n", 403, 403],
  ["Origin: http://gw.test:8000.evil.test\r\n", 403, 403],
  ["Origin: null\r\n", 403, 403],
  ["Origin:\r\n", 403, 403],
  ["Origin: http://gw.test:8000\r\nOrigin: http://evil.test\r\n", 400, 400],
  ["Sec-Fetch-Site: cross-site\r\n", 403, 403],
  ["Sec-Fetch-Mode: websocket\r\n", 403, 403],
  ["Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\n", 403, 200],
];

test.each(CASES)("%j: WebSocket %i, POST %i", async (headers, websocket, post) => {
  const options = { origins: ["https://front.test"] };
  const switching = answering(SWITCHED);
  const ws = await stage(switching.port, options);
  const start = `/${SLUG}/x HTTP/1.1\r\nHost: gw.test:8000\r\n`;
  expect(await ws.ask(`GET ${start}${WS}${headers}\r\n`)).toStartWith(`HTTP/1.1 ${websocket} `);
  if (websocket !== 101) expect(switching.received).toBe("");
  const plain = await stage(answering(OK).port, options);
  expect(await plain.ask(`POST ${start}Content-Length: 0\r\n${headers}\r\n`)).toStartWith(`HTTP/1.1 ${post} `);
});

test("reading from another site's page is not stopped here: the answer is not theirs to read", async () => {
  const { ask } = await stage(answering(OK).port);
  const answer = await ask(`GET /${SLUG}/x HTTP/1.1\r\nHost: gw.test\r\nOrigin: http://evil.test\r\n\r\n`);
  expect(answer).toStartWith("HTTP/1.1 200 ");
  expect(answer).not.toMatch(/access-control/i);
});
