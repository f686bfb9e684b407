import { afterEach, expect, test } from "bun:test";
import { type LinkState, TerminalLink } from "./TerminalLink.ts";

/** Just enough of a WebSocket, driven by hand. */
class Wire {
  binaryType = "";
  readyState = 0;
  sent: unknown[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((e: { data: unknown }) => void) | null = null;
  onclose: ((e: { code: number }) => void) | null = null;
  constructor(readonly url: string) {}
  send(data: unknown) {
    this.sent.push(data);
  }
  close(code = 1006) {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onclose?.({ code });
  }
  accept() {
    this.readyState = 1;
    this.onopen?.();
  }
}

let link: TerminalLink | undefined;
afterEach(() => link?.stop());

function dial() {
  const wires: Wire[] = [];
  const states: LinkState[] = [];
  const data: [string, boolean][] = [];
  link = new TerminalLink(
    () => "ws://portal/term?session=main",
    { state: (s) => states.push(s), data: (b, fresh) => data.push([new TextDecoder().decode(b), fresh]) },
    (url) => {
      const wire = new Wire(url);
      wires.push(wire);
      return wire as unknown as WebSocket;
    },
  );
  return { link, wires, states, data, kinds: () => states.map((s) => s.kind) };
}

test("a lost connection comes back to the same session and repaints", () => {
  const t = dial();
  t.wires[0]!.accept();
  t.wires[0]!.onmessage!({ data: new TextEncoder().encode("a").buffer });
  t.wires[0]!.onmessage!({ data: new TextEncoder().encode("b").buffer });
  t.wires[0]!.close(1006);
  expect(t.kinds()).toEqual(["connecting", "open", "lost"]);
  t.link.retryNow();
  t.wires[1]!.accept();
  t.wires[1]!.onmessage!({ data: new TextEncoder().encode("ab").buffer });
  expect(t.wires[1]!.url).toBe(t.wires[0]!.url);
  expect(t.data).toEqual([
    ["a", true],
    ["b", false],
    ["ab", true],
  ]);
});

test("the end of the program is no reason to reconnect", () => {
  const t = dial();
  t.wires[0]!.accept();
  t.wires[0]!.onmessage!({ data: '{"type":"exit","code":3}' });
  t.wires[0]!.close(1000);
  expect(t.states.at(-1)).toEqual({ kind: "ended", code: 3 });
  t.link.retryNow();
  expect(t.wires.length).toBe(2);
});

test("a refusal says why and stays", () => {
  const t = dial();
  t.wires[0]!.onmessage!({ data: '{"type":"error","message":"The node is stopped.","hint":"Start it."}' });
  t.wires[0]!.close(1011);
  expect(t.states.at(-1)).toEqual({ kind: "refused", message: "The node is stopped.", hint: "Start it." });
});

test("a login that ended is told apart from a lost network", () => {
  const t = dial();
  t.wires[0]!.accept();
  t.wires[0]!.close(1008);
  expect(t.kinds().at(-1)).toBe("refused");
});

test("what is typed while the connection is gone is not pretended to be sent", () => {
  const t = dial();
  expect(t.link.send(new Uint8Array([1]))).toBe(false);
  t.wires[0]!.accept();
  expect(t.link.send(new Uint8Array([1]))).toBe(true);
  t.link.resize(80, 24);
  expect(t.wires[0]!.sent[1]).toBe('{"type":"resize","cols":80,"rows":24}');
});

test("garbage from the other side is passed over", () => {
  const t = dial();
  t.wires[0]!.accept();
  t.wires[0]!.onmessage!({ data: "{" });
  expect(t.kinds()).toEqual(["connecting", "open"]);
});

test("stop is final", () => {
  const t = dial();
  t.wires[0]!.accept();
  t.link.stop();
  t.link.retryNow();
  expect(t.wires.length).toBe(1);
});
