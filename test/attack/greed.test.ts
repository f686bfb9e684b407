import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../src/lib/retry.ts";
import { usage } from "../../src/os/btrfs.ts";
import { detectCgroups } from "../../src/os/cgroup/detect.ts";
import { type Node, SETUP_MS, Stage, TEST_MS } from "./stage.ts";

/** A node that takes all it can: it gets its share, everybody else keeps theirs, and the portal answers meanwhile. */
const MIB = 1_048_576;
const DISK = 256;
const MEMORY = 128;
const HOME = 64;
const SOON = { timeoutMs: 90_000 };

let stage: Stage;
let red: Node;
let blue: Node;
const cgroups = detectCgroups();
const use = (n: Node) => cgroups.use(n.layout.cgroup(n.id));

beforeAll(async () => {
  stage = await Stage.set();
  await stage.docklet.root.createGroup({ body: { name: "small", quota: { home: HOME } } });
  await stage.docklet.root.patchUser({ params: { name: "alice" }, body: { group: "small" } });
  red = await stage.node(stage.alice, "red");
  blue = await stage.node(stage.bob, "blue");
}, SETUP_MS);
afterAll(() => stage?.strike(), SETUP_MS);

/** Each test finds the node as new, whatever the one before has done to it. */
beforeEach(async () => {
  const params = { name: "red" };
  for (const act of [stage.alice.api.stopVcluster, stage.alice.api.startVcluster]) {
    const op = await stage.docklet.finish(await act({ params, query: {} }));
    expect([op.kind, op.state, op.error]).toEqual([op.kind, "done", null]);
    if (act === stage.alice.api.stopVcluster) expect(cgroups.processes(red.layout.cgroup(red.id))).toEqual([]);
  }
  red = await stage.node(stage.alice, "red");
}, TEST_MS);

/** The neighbour works and so does everything that leads to it. */
async function othersAreWell(): Promise<void> {
  await stage.portalAnswers();
  const r = await stage.sh(
    blue,
    "echo $((6*7)) > /srv/x && cat /srv/x && echo y > /root/nfs/y && cat /root/nfs/y; true | true && echo forks",
  );
  expect(r.out).toBe("42\ny\nforks\n");
}

/** Starts something in the node that goes on by itself. */
const launch = (script: string) => stage.sh(red, `(${script}) >/dev/null 2>&1 </dev/null & true`);

test(
  "a fork bomb stops at the node's number of processes or its memory",
  async () => {
    const max = Number(readFileSync(pidsFile(red), "utf8"));
    expect(max).toBeGreaterThan(0);
    await launch("bomb() { bomb | bomb & }; bomb; sleep 1; bomb");
    await until("the bomb to go off", () => use(red).pids > 50, SOON);
    for (let i = 0; i < 5; i++) {
      await othersAreWell();
      expect(use(red).pids).toBeLessThanOrEqual(max);
    }
    // That it can be stopped in the middle of this, the next test begins with.
  },
  TEST_MS,
);

test(
  "as many sleeping processes as the kernel gives: no more than the limit, and the host still forks",
  async () => {
    const max = Number(readFileSync(pidsFile(red), "utf8"));
    // A group of its own with a lower limit would be obeyed too; without one the node's counts.
    await launch(`i=0; while [ $i -lt ${max + 500} ]; do sleep 600 & i=$((i+1)); done`);
    await until(
      "many processes, or the end of the memory for them",
      () => use(red).pids > 200 || use(red).memory > 0.8 * MEMORY * MIB,
      SOON,
    );
    await othersAreWell();
    expect(use(red).pids).toBeLessThanOrEqual(max);
  },
  TEST_MS,
);

test(
  "a memory hog dies inside; init, the neighbour and the host's memory stay",
  async () => {
    const r = await stage.sh(red, "tail -c 900m /dev/zero | tail -c 800m | wc -c; echo survived");
    expect(r.out).toContain("survived");
    expect(r.out).not.toContain("838860800");
    await othersAreWell();
    // Files in memory count as well: they fill the node's share and no more.
    const shm = await stage.sh(red, "dd if=/dev/zero of=/dev/shm/hog bs=1M count=400; ls -l /dev/shm/hog | wc -l");
    expect(shm.code === 0 && /400\+0 records out/.test(shm.out)).toBe(false);
    expect(use(red).memory).toBeLessThanOrEqual(MEMORY * MIB);
    await othersAreWell();
    await until(
      "the node to be itself again",
      async () => (await stage.sh(red, "rm -f /dev/shm/hog; echo here")).out.includes("here"),
      SOON,
    );
  },
  TEST_MS,
);

test(
  "a disk filler stops at the quota of the node's disk, and of ~/nfs",
  async () => {
    await until("the quota of ~/nfs", async () => (await stage.alice.api.me()).quota.home === HOME, SOON);
    const fill = (path: string) =>
      `dd if=/dev/zero of=${path} bs=1M count=${4 * DISK} conv=fsync 2>&1 | tail -n 1; ls -l ${path} | awk '{print $5}'; sync`;
    const disk = await stage.sh(red, fill("/srv/filler"));
    const home = await stage.sh(red, fill("/root/nfs/filler"));
    const written = (out: string) => Number(out.trim().split("\n").at(-1));
    expect(written(disk.out)).toBeLessThanOrEqual(DISK * MIB);
    expect(written(home.out)).toBeLessThanOrEqual(HOME * MIB);
    await othersAreWell();
    const sizes = await usage(red.layout.pool);
    expect(sizes.get(`nodes/${red.id}`)).toBeLessThanOrEqual((DISK + 1) * MIB);
    for (const [path, bytes] of sizes)
      if (path.startsWith("homes/")) expect(bytes).toBeLessThanOrEqual((HOME + 1) * MIB);
    // A full disk can be emptied by its owner.
    await until(
      "room again",
      async () =>
        (
          await stage.sh(red, "rm -f /srv/filler /root/nfs/filler; sync; echo ok > /srv/again && cat /srv/again")
        ).out.includes("ok"),
      SOON,
    );
  },
  TEST_MS,
);

test(
  "names use up the quota too: an inode filler comes to an end in ~/nfs",
  async () => {
    const name = "x".repeat(200);
    await launch(
      `mkdir /root/nfs/d; cd /root/nfs/d; i=0; while seq $i $((i+999)) | sed "s/^/${name}/" | xargs touch; do i=$((i+1000)); done; touch /run/inodes-over`,
    );
    await until(
      "the filler to end, while others are well",
      async () => {
        await othersAreWell();
        return (await stage.sh(red, "test -e /run/inodes-over && echo over")).out.includes("over");
      },
      { ...SOON, maxMs: 1000 },
    );
    const sizes = await usage(red.layout.pool);
    for (const [path, bytes] of sizes)
      if (path.startsWith("homes/")) expect(bytes).toBeLessThanOrEqual((HOME + 1) * MIB);
  },
  TEST_MS,
);

test(
  "what init writes goes nowhere: no file of the host grows by it",
  async () => {
    const free = () =>
      Number(Bun.spawnSync(["df", "--output=avail", "-B1", red.layout.live]).stdout.toString().split("\n")[1]);
    const before = free();
    await stage.sh(red, "for fd in 0 1 2; do dd if=/dev/zero of=/proc/1/fd/$fd bs=1M count=40; done 2>/dev/null; true");
    await stage.sh(
      red,
      "dd if=/dev/zero of=/run/x bs=1M count=400; dd if=/dev/zero of=/dev/x bs=1M count=400; rm -f /run/x /dev/x",
    );
    expect(before - free()).toBeLessThan(5 * MIB);
  },
  TEST_MS,
);

test(
  "a node that reboots for ever harms nobody and can be stopped",
  async () => {
    await stage.sh(red, "printf '#!/bin/sh\\nexec reboot -f\\n' > /sbin/init; reboot -f");
    for (let i = 0; i < 5; i++) {
      await othersAreWell();
      await Bun.sleep(200);
    }
    const stop = await stage.docklet.finish(await stage.alice.api.stopVcluster({ params: { name: "red" }, query: {} }));
    expect(stop.state).toBe("done");
    expect(cgroups.processes(red.layout.cgroup(red.id))).toEqual([]);
    expect(cgroups.processes(`${red.layout.monitorRoot}/${red.id}`)).toEqual([]);
  },
  TEST_MS,
);

const pidsFile = (n: Node) =>
  join("/sys/fs/cgroup", cgroups.version === 1 ? "pids" : "", n.layout.cgroup(n.id), "pids.max");
