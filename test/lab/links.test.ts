import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { Lab, WORLD } from "../kit/lab.ts";
import type { LabHost } from "../kit/lab-host.ts";
import { run, SETUP_MS, TEST_MS } from "./stage.ts";

const TRANSFER = join(import.meta.dir, "transfer.py");

/** The lab itself: what other tests do to its links really happens, and in the direction that was asked for. */
let lab: Lab;
let [one, two, three]: LabHost[] = [];

beforeAll(async () => {
  lab = await Lab.open(["one", "two", "three"]);
  [one, two, three] = lab.hosts;
}, SETUP_MS);
afterAll(() => lab?.close(), SETUP_MS);

/** Packets out of `n` that got an answer. */
async function pings(from: LabHost, to: LabHost, n = 1): Promise<number> {
  const r = await run(from.enter("ping", "-c", String(n), "-i", "0.002", "-W", "1", to.address));
  return Number(/, (\d+) received/.exec(r.out)?.[1] ?? 0);
}

/** Does a packet get there? One way only: nobody answers. */
async function arrives(from: LabHost, to: LabHost): Promise<boolean> {
  const program =
    "import socket\ns = socket.socket(2, 2)\ns.bind(('', 7000))\ns.settimeout(1)\nprint('up', flush=True)\nprint(s.recv(9))";
  const taker = Bun.spawn(to.enter("/usr/bin/python3", "-c", program), { stdout: "pipe", stderr: "ignore" });
  for (let open = ""; !open.includes(":7000 "); ) open = await to.run("ss", "-Hlun");
  const send = `import socket; socket.socket(2, 2).sendto(b'x', ('${to.address}', 7000))`;
  await from.run("/usr/bin/python3", "-c", send);
  return (await taker.exited) === 0;
}

test("hosts see each other and the world, each with its own links, name and cgroups", async () => {
  expect(await pings(one!, two!)).toBe(1);
  expect(await one!.run("wget", "-q", "-O", "-", `http://${WORLD}/`)).toBe(one!.address);
  expect(await two!.run("hostname")).toBe("two\n");
  expect((await two!.run("ls", "/sys/class/net")).trim().split("\n")).toEqual(["eth0", "lo"]);
  expect(await two!.run("ls", "/sys/fs/cgroup")).toBe(await run(["ls", "/sys/fs/cgroup"]).then((r) => r.out));
});

test(
  "a link that is cut in one direction carries the other, and those to others",
  async () => {
    expect(await arrives(one!, two!)).toBe(true);
    await lab.cut(one!, two!, "one");
    expect(await arrives(one!, two!)).toBe(false);
    expect(await arrives(two!, one!)).toBe(true);
    expect(await pings(one!, three!)).toBe(1);
    await lab.mend();
    await lab.cut(one!, two!);
    expect([await arrives(one!, two!), await arrives(two!, one!)]).toEqual([false, false]);
    await lab.mend();
    await lab.isolate(three!);
    expect([await pings(one!, three!), await pings(one!, two!)]).toEqual([0, 1]);
    await lab.mend();
    expect([await pings(one!, three!), await pings(one!, two!)]).toEqual([1, 1]);
  },
  TEST_MS,
);

test(
  "a lossy link loses about as much as it was told, a slow one is slow",
  async () => {
    await lab.trouble({ from: one!, to: two!, loss: 50 });
    const came = await pings(one!, two!, 200);
    expect(came).toBeGreaterThan(50);
    expect(came).toBeLessThan(150);
    await lab.mend();
    expect(await pings(one!, two!, 100)).toBe(100);
    await lab.slow(two!, "4mbit");
    expect(await two!.run("tc", "qdisc", "show", "dev", "eth0")).toContain("rate 4Mbit");
    const began = performance.now();
    const taken = run(two!.enter("timeout", "60", "/usr/bin/python3", TRANSFER, "take", "7001"));
    for (let open = ""; !open.includes(":7001 "); ) open = await two!.run("ss", "-Hltn");
    const given = await one!.run("/usr/bin/python3", TRANSFER, "give", two!.address, "7001", "1");
    expect((await taken).out).toBe(given);
    // 8.4 Mbit, of which a burst of half a megabit goes at once.
    expect(performance.now() - began).toBeGreaterThan(1500);
    await lab.mend();
    expect(await two!.run("tc", "qdisc", "show", "dev", "eth0")).not.toContain("tbf");
  },
  TEST_MS,
);

test(
  "a host that loses its power takes its processes with it, and its disk is there when it comes back",
  async () => {
    await two!.run("sh", "-c", 'echo kept > "$1"/file; setsid sleep 1000 >/dev/null 2>&1 &', "sh", two!.prefix);
    expect(two!.processes()).toHaveLength(1);
    await two!.powerOff();
    expect(await pings(one!, two!)).toBe(1);
    await two!.boot();
    expect(two!.processes()).toEqual([]);
    expect(await two!.run("cat", `${two!.prefix}/file`)).toBe("kept\n");
  },
  TEST_MS,
);

test("the machine itself can be let in, for a browser", async () => {
  const from = await lab.letIn();
  expect((await run(["ping", "-c", "1", "-W", "2", one!.address])).code).toBe(0);
  expect((await run(one!.enter("ping", "-c", "1", "-W", "2", from))).code).toBe(0);
});
