import { describe, expect, test } from "bun:test";
import { until } from "../lib/retry.ts";
import { type LiveProcess, spawnPipes, spawnTerminal } from "./process.ts";

const SOON = { timeoutMs: 10_000, firstMs: 1, maxMs: 10 };
const bytes = (text: string) => new TextEncoder().encode(text);

function terminal(argv: string[], cols = 80, rows = 24): LiveProcess & { text(): string } {
  const chunks: Uint8Array[] = [];
  const live = spawnTerminal(argv, cols, rows, (d) => chunks.push(d.slice()));
  return Object.assign(live, { text: () => Buffer.concat(chunks).toString() });
}
function pipes(argv: string[]): LiveProcess & { out(): Buffer; err(): Buffer } {
  const chunks: [1 | 2, Uint8Array][] = [];
  const live = spawnPipes(argv, (fd, d) => chunks.push([fd, d.slice()]));
  const of = (fd: 1 | 2) => Buffer.concat(chunks.filter((c) => c[0] === fd).map((c) => c[1]));
  return Object.assign(live, { out: () => of(1), err: () => of(2) });
}
const saw = (t: { text(): string }, what: string) => until(what, () => t.text().includes(what), SOON);

describe("terminal", () => {
  test("is one, of the size asked for; what is typed is echoed; ^D ends it", async () => {
    const t = terminal(["sh", "-c", "tty >/dev/null && stty size && exec cat"], 101, 33);
    await saw(t, "33 101");
    t.write(bytes("hello\r"));
    await saw(t, "hello\r\nhello");
    t.end();
    expect(await t.exited).toBe(0);
  });

  test("^C interrupts what runs in it", async () => {
    const t = terminal(["sh", "-c", "trap 'echo got it; exit 7' INT; echo on; while :; do sleep 0.02; done"]);
    await saw(t, "on");
    t.write(bytes("\x03"));
    expect(await t.exited).toBe(7);
    expect(t.text()).toContain("got it");
  });

  test("a new size is told to the program", async () => {
    const t = terminal(["sh", "-c", "trap 'stty size; exit 0' WINCH; echo on; while :; do sleep 0.02; done"]);
    await saw(t, "on");
    t.resize(132, 50);
    expect(await t.exited).toBe(0);
    expect(t.text()).toContain("50 132");
  });

  test("nothing of the end is lost, however soon it ends", async () => {
    const all = Array.from({ length: 8 }, async () => {
      const t = terminal(["sh", "-c", "seq 1 20000; echo the-very-end"]);
      expect(await t.exited).toBe(0);
      expect(t.text().trimEnd().endsWith("20000\r\nthe-very-end")).toBe(true);
    });
    await Promise.all(all);
  });

  test("closing it hangs up; after that nothing throws", async () => {
    const t = terminal(["sleep", "60"]);
    t.kill();
    expect(await t.exited).toBe(129);
    t.write(bytes("x"));
    t.resize(10, 10);
    t.end();
    t.kill();
  });
});

describe("pipes", () => {
  test("stdout and stderr apart, the exit code, 128 + signal", async () => {
    const p = pipes(["sh", "-c", "echo out; echo err >&2; exit 3"]);
    expect(await p.exited).toBe(3);
    expect([p.out().toString(), p.err().toString()]).toEqual(["out\n", "err\n"]);
    expect(await pipes(["sh", "-c", "kill -9 $$"]).exited).toBe(137);
  });

  test("ten megabytes there and back, with pauses, byte for byte", async () => {
    const p = pipes(["cat"]);
    const block = new Uint8Array(1_048_576);
    crypto.getRandomValues(block.subarray(0, 65_536));
    const hash = new Bun.CryptoHasher("sha256");
    for (let i = 0; i < 10; i++) {
      block[100_000] = i;
      hash.update(block);
      p.write(block.slice());
      if (i % 3 === 0) p.pause!();
      if (i % 3 === 2) p.resume!();
      await Bun.sleep(0);
    }
    p.resume!();
    p.end();
    expect(await p.exited).toBe(0);
    expect(p.out().length).toBe(10 * block.length);
    expect(new Bun.CryptoHasher("sha256").update(p.out()).digest("hex")).toBe(hash.digest("hex"));
  });

  test("while paused nothing is handed over; the process waits on its full pipe", async () => {
    const p = pipes(["sh", "-c", "echo first; head -c 5000000 /dev/zero"]);
    await until("the beginning", () => p.out().length > 0, SOON);
    p.pause!();
    await Bun.sleep(20);
    const at = p.out().length;
    await Bun.sleep(20);
    expect(p.out().length).toBe(at);
    p.resume!();
    expect(await p.exited).toBe(0);
    expect(p.out().length).toBe(5_000_006);
  });

  test("one that is killed ends, also when its reader had paused or pauses later", async () => {
    for (const pauseLater of [false, true]) {
      const p = pipes(["sh", "-c", "exec cat /dev/zero"]);
      if (!pauseLater) p.pause!();
      p.kill();
      if (pauseLater) p.pause!();
      expect(await p.exited).toBe(137);
    }
  });

  test("writing to one that has ended is no failure", async () => {
    const p = pipes(["true"]);
    await p.exited;
    for (let i = 0; i < 3; i++) p.write(bytes("late"));
    p.end();
    p.end();
    p.kill();
    await Bun.sleep(5);
  });

  test("input that the process does not take is not awaited", async () => {
    const p = pipes(["sh", "-c", "exec 0<&-; sleep 0.05; echo done"]);
    for (let i = 0; i < 20; i++) p.write(new Uint8Array(65_536));
    expect(await p.exited).toBe(0);
    expect(p.out().toString()).toBe("done\n");
  });
});
