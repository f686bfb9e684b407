import { describe, expect, test } from "bun:test";
import {
  bootId,
  bootTime,
  commandLine,
  cpuCount,
  cpuTimes,
  diskSpace,
  isAlive,
  kernelVersion,
  linkBytes,
  listeningPorts,
  memory,
} from "./procfs.ts";

describe("listeningPorts", () => {
  test("sees IPv4 and IPv6 listeners while they listen, and nothing else", () => {
    const v4 = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const port = v4.port;
    expect(listeningPorts(process.pid).has(port)).toBe(true);
    v4.stop(true);
    expect(listeningPorts(process.pid).has(port)).toBe(false);
    const v6 = Bun.listen({ hostname: "::1", port: 0, socket: { data() {} } });
    expect(listeningPorts(process.pid).has(v6.port)).toBe(true);
    v6.stop(true);
  });

  test("a process that is gone listens nowhere", () => {
    expect(listeningPorts(2 ** 22 + 1).size).toBe(0);
  });
});

describe("isAlive", () => {
  test("a living process with the mark of its cgroup", async () => {
    const child = Bun.spawn(["sleep", "60"], { stdin: "ignore" });
    const own = await Bun.file(`/proc/${child.pid}/cgroup`).text();
    const mark = own.split("\n")[0]!;
    expect(isAlive(child.pid, mark)).toBe(true);
    expect(isAlive(child.pid, "/docklet-zz/nobody/")).toBe(false);
    child.kill("SIGKILL");
    await child.exited;
    expect(isAlive(child.pid, mark)).toBe(false);
  });

  test("a zombie is not alive", async () => {
    // The shell's child ends while the shell, which became a sleep, never asks for it.
    const parent = Bun.spawn(["sh", "-c", "sh -c 'echo $$; exit 0' & exec sleep 60"], {
      stdout: "pipe",
      stdin: "ignore",
    });
    const { value } = await parent.stdout.getReader().read();
    const pid = Number(new TextDecoder().decode(value));
    while (!/^State:\s+Z/m.test(await Bun.file(`/proc/${pid}/status`).text())) await Bun.sleep(1);
    expect(isAlive(pid, "")).toBe(false);
    parent.kill("SIGKILL");
    await parent.exited;
  });
});

test("figures of this host make sense", () => {
  const { total, available } = memory();
  expect(available).toBeGreaterThan(0);
  expect(total).toBeGreaterThan(available);
  expect(cpuCount()).toBeGreaterThanOrEqual(1);
  const [busy, all] = cpuTimes();
  expect(all).toBeGreaterThan(busy);
  const disk = diskSpace("/");
  expect(disk.total).toBeGreaterThanOrEqual(disk.free);
  expect(kernelVersion()).toMatch(/^\d+\.\d+/);
  expect(bootTime()).toBeLessThan(Date.now());
  expect(bootId()).toMatch(/^[0-9a-f-]{36}$/);
  expect(linkBytes("lo").every((n) => Number.isInteger(n) && n >= 0)).toBe(true);
});

test("command lines: words with blanks between, null for nobody", () => {
  expect(commandLine(process.pid)).toContain("test");
  expect([commandLine(2 ** 22 + 1), commandLine(Number.NaN), commandLine(0)]).toEqual([null, null, null]);
});
