import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../src/lib/retry.ts";
import type { TestDocklet } from "../kit/docklet.ts";
import { baseDocklet, createVcluster, shell } from "./base-docklet.ts";
import { Terminal } from "./terminal-client.ts";

setDefaultTimeout(90_000);
let d: TestDocklet;
let token: string;

beforeAll(async () => {
  d = await baseDocklet();
  await createVcluster(d, { name: "lab" });
  token = (await d.root.createToken({ body: { name: "terminals" } })).secret;
}, 600_000);
afterAll(async () => {
  await d?.destroy();
}, 60_000);

const open = async (session: string) => {
  const t = await Terminal.open(d, token, "lab/host-0", session);
  await t.says("root@host-0");
  return t;
};

describe("a terminal over its WebSocket", () => {
  test("runs what is typed; UTF-8 goes both ways whole", async () => {
    const t = await open("echo");
    expect(await t.run("echo $((6 * 7))")).toBe("42");
    expect(await t.run("printf 'grüße, 世界 🚢'")).toBe("grüße, 世界 🚢");
    expect(await t.run("printf '世' | od -An -tx1 | tr -d ' '")).toBe("e4b896");
    // A character that comes in two frames is still one character.
    const bytes = new TextEncoder().encode("printf '[🚢]'\r");
    t.clear();
    t.socket.send(bytes.slice(0, 10));
    t.socket.send(bytes.slice(10));
    await t.says(/^\[🚢\]/m);
    t.close();
  });

  test("sizes that make no sense become the nearest that do", async () => {
    const t = await open("size");
    t.resize(100, 30);
    await until("the size", async () => (await t.run("stty size")) === "30 100", { timeoutMs: 10_000 });
    for (const [cols, rows, size] of [
      [0, 0, "1 2"],
      [1e6, 1e6, "500 1000"],
      [-5, 12.7, "12 2"],
    ] as const) {
      t.resize(cols, rows);
      await Bun.sleep(50);
      // Two columns wrap everything that is typed: the size is read from outside.
      await until(
        `a terminal of ${size}`,
        async () =>
          (await shell(d, "lab", "for p in $(pgrep -x bash); do stty size </proc/$p/fd/0; done")).includes(size),
        { timeoutMs: 10_000 },
      );
    }
    t.resize(80, 24);
    await until("the size", async () => (await t.run("stty size").catch(() => "")) === "24 80", { timeoutMs: 30_000 });
    t.close();
  });

  test("^C ends what runs, and the shell goes on", async () => {
    const t = await open("ctrlc");
    t.type("sleep 1000\r");
    await until("sleep to run", async () => (await d.exec("lab", "pgrep", "-x", "sleep")).code === 0, {
      timeoutMs: 10_000,
    });
    t.type("\x03");
    await t.says("^C");
    t.type("echo code-$?-\r");
    await t.says("code-130-");
    t.close();
  });

  test("a paste of 1 MB arrives whole", async () => {
    const t = await open("paste");
    const line = "All work and no play makes a dull paste, whatever the weather.";
    const text = Array.from({ length: Math.ceil(1_000_000 / (line.length + 8)) }, (_, i) => `${i} ${line}\n`).join("");
    t.type("stty -echo; cat > /root/pasted\r");
    await until("cat to run", async () => (await d.exec("lab", "pgrep", "-x", "cat")).code === 0, {
      timeoutMs: 10_000,
    });
    t.type(text);
    t.type("\x04");
    t.type("stty echo\r");
    expect(await t.run("sha256sum < /root/pasted | cut -c 1-64", 60_000)).toContain(sha256(text));
    t.close();
  });

  test("a flood of output is read to its end", async () => {
    const t = await open("flood");
    expect(await t.run("seq 1 300000 | tail -n 100000 | tee /dev/tty | md5sum", 60_000)).toContain("  -");
    t.close();
  });

  test("its end is told with the exit code", async () => {
    const t = await open("end");
    const said: string[] = [];
    t.socket.addEventListener("message", (e) => {
      if (typeof e.data === "string") said.push(e.data);
    });
    const code = new Promise<number>((r) => t.socket.addEventListener("close", (e) => r(e.code)));
    t.type("exit\r");
    expect(await code).toBe(1000);
    expect(said).toEqual(['{"type":"exit","code":0}']);
  });
});

describe("what survives", () => {
  const same = "stat -c %Y /proc/1; tmux -L docklet display -p '#{pid} #{start_time}'";
  test("a reload: the same screen, for every viewer", async () => {
    const first = await open("keep");
    expect(await first.run("marker=kept-$((40 + 2)); echo $marker")).toBe("kept-42");
    first.close();
    const second = await Terminal.open(d, token, "lab/host-0", "keep");
    await second.says("kept-42");
    const third = await Terminal.open(d, token, "lab/host-0", "keep");
    await third.says("kept-42");
    second.type("echo seen-by-$((1 + 1))\r");
    await third.says("seen-by-2");
    expect(await third.run("echo again-$marker")).toBe("again-kept-42");
    second.close();
    third.close();
  });

  for (const [how, end] of [
    ["a restart", () => d.down()],
    ["kill -9", () => d.kill()],
  ] as const) {
    test(`${how} of docklet: the node untouched, the screen as it was`, async () => {
      const session = how.replace(/\W/g, "");
      const before = await open(session);
      before.type("n=0; while sleep 0.1; do n=$((n + 1)); echo tick-$n-; done\r");
      await before.says("tick-3-");
      const boot = await shell(d, "lab", same);
      const lost = new Promise((r) => before.socket.addEventListener("close", r));
      await end();
      await lost;
      await d.up();
      const after = await Terminal.open(d, token, "lab/host-0", session);
      await after.says("tick-3-");
      // It went on counting while docklet was away.
      const last = Number(/tick-(\d+)-\s*$/.exec(after.text)![1]);
      await after.says(`tick-${last + 2}-`);
      expect(await shell(d, "lab", same)).toBe(boot);
      after.type("\x03");
      expect(await after.run("echo $((n > 3))")).toBe("1");
      after.close();
    });
  }
});

describe("docklet exec", () => {
  test("the command's exit code is ours, its streams stay apart", async () => {
    expect(await d.exec("lab", "sh", "-c", "echo out; echo err >&2; exit 37")).toEqual({
      code: 37,
      stdout: "out\n",
      stderr: "err\n",
    });
    expect((await d.exec("lab", "/no/such/command")).code).toBe(127);
    expect((await d.exec("lab", "sh", "-c", "kill -9 $$")).code).toBe(137);
    expect((await d.exec("lab/host-9", "true")).code).not.toBe(0);
  });

  test("arguments arrive as they are, without a shell in between", async () => {
    const odd = ["a b", "$HOME", "'\"", "*", "", "ü\n", "-n"];
    const said = await d.exec("lab", "python3", "-c", "import sys; print(sys.argv[1:])", ...odd);
    expect(said.stdout).toBe(`['a b', '$HOME', '\\'"', '*', '', 'ü\\n', '-n']\n`);
  });

  test("10 MB through stdin and back are the same bytes", async () => {
    const bytes = randomBytes(10_000_000);
    const file = join(d.prefix, "bytes");
    writeFileSync(file, bytes);
    const child = local(["exec", "lab", "--", "cat"], { stdin: Bun.file(file) });
    const back = await new Response(child.stdout).arrayBuffer();
    expect(await child.exited).toBe(0);
    expect(sha256(new Uint8Array(back))).toBe(sha256(bytes));
  });

  test("a signal to it ends the command in the node", async () => {
    const child = local(["exec", "lab", "--", "sleep", "4242"], { stdin: "ignore" });
    const runs = async () => (await d.exec("lab", "pgrep", "-f", "^sleep 4242")).code === 0;
    await until("the command to run", runs, { timeoutMs: 10_000 });
    child.kill("SIGTERM");
    expect(await child.exited).toBe(143);
    await until("the command to end", async () => !(await runs()), { timeoutMs: 10_000 });
  });

  test("with -t the command has a terminal, without one it has none", async () => {
    expect((await d.exec("lab", "tty")).code).toBe(1);
    const said = await d.cli("exec", "-t", "lab", "--", "sh", "-c", "tty && stty size");
    expect(said.stdout.replaceAll("\r", "")).toMatch(/^\/dev\/pts\/\d+\n24 80\n$/);
  });
});

describe("docklet shell on a real terminal", () => {
  test("is a login shell: prompt, window size, ^C, exit code", async () => {
    const said: Buffer[] = [];
    const child = Bun.spawn([...d.command, "shell", "lab"], {
      env: { PATH: process.env.PATH ?? "", HOME: d.prefix, DOCKLET_CONFIG: d.configFile, TERM: "xterm" },
      terminal: { cols: 91, rows: 33, data: (_t, data) => void said.push(Buffer.from(data)) },
    });
    const text = () => Buffer.concat(said).toString().replaceAll("\r", "");
    const says = (what: RegExp) =>
      until(String(what), () => what.test(text()), { timeoutMs: 20_000 }).catch(() => {
        throw new Error(`the shell never said ${what}; it said:\n${text()}`);
      });
    await says(/\[lab\] root@host-0:~# $/);
    child.terminal!.write("stty size; shopt -q login_shell && echo log''in; sleep 99\r");
    await says(/33 91\nlogin\n/);
    child.terminal!.write("\x03");
    await says(/\^C\n.*# $/);
    child.terminal!.resize(77, 22);
    child.terminal!.write("stty size\r");
    await says(/22 77\n/);
    child.terminal!.write("exit 5\r");
    expect(await child.exited).toBe(5);
  });
});

function local(args: string[], { stdin }: { stdin: "ignore" | Bun.BunFile }) {
  return Bun.spawn([...d.command, ...args], {
    stdin,
    stdout: "pipe",
    stderr: "inherit",
    env: { PATH: process.env.PATH ?? "", HOME: d.prefix, DOCKLET_CONFIG: d.configFile },
  });
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
