import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { Vcluster } from "../../src/contracts/public/index.ts";
import { settled } from "../kit/audit.ts";
import { type Node, SETUP_MS, Stage, TEST_MS } from "./stage.ts";

/**
 * A node whose root lays traps in the places that docklet and LXC touch from outside. Stop, start, exec, terminal and
 * delete then work or fail with a word, and nothing on the host changes.
 */
let stage: Stage;
/** A folder of the host that everybody may write to, as /tmp is: where a link out of a node would lead. */
let bait: string;

beforeAll(async () => {
  stage = await Stage.set();
  bait = mkdtempSync("/var/tmp/docklet-bait-");
  mkdirSync(join(bait, "open"), { mode: 0o777 });
  Bun.spawnSync(["chmod", "1777", bait, join(bait, "open")]);
}, SETUP_MS);
afterAll(async () => {
  rmSync(bait, { recursive: true, force: true });
  await stage?.strike();
}, SETUP_MS);

afterEach(() => {
  expect(readdirSync(bait)).toEqual(["open"]);
  expect(readdirSync(join(bait, "open"))).toEqual([]);
});

const show = (): Promise<Vcluster> => stage.alice.api.vcluster({ params: { name: "trap" }, query: {} });

/** A new node with a trap in it, through its whole life. Returns what the second start came to, in words. */
async function live(
  trap: string,
  between: (n: Node) => Promise<void> = async () => {},
  stopped: (n: Node) => void = () => {},
): Promise<string> {
  await stage.create(stage.alice, "trap", 1);
  const node = await stage.node(stage.alice, "trap");
  await stage.sh(node, trap);
  await between(node);
  const params = { name: "trap" };
  const stop = await stage.docklet.finish(await stage.alice.api.stopVcluster({ params, query: {} }));
  expect([stop.state, stop.error?.message]).toEqual(["done", undefined]);
  stopped(node);
  const start = await stage.docklet.finish(await stage.alice.api.startVcluster({ params, query: {} }));
  const outcome = start.state === "done" ? "runs" : (start.error?.message ?? start.state);
  const v = await show();
  expect(v.state).toBe(start.state === "done" ? "ready" : "failed");
  if (v.state === "failed") expect(v.nodes[0]!.reason).toBeTruthy();
  // Whatever it is now, it can be stopped again and deleted.
  const end = await stage.docklet.finish(
    await stage.alice.api.deleteVcluster({ params, query: {}, body: { confirm: "trap" } } as never),
  );
  expect([end.state, end.error?.message]).toEqual(["done", undefined]);
  await settled(stage.docklet);
  await stage.portalAnswers();
  return outcome;
}

test(
  "root's folder is a link to the host: the start fails with a word and makes nothing out there",
  async () => {
    const free = "umount -l /root/nfs; umount -l /root/nfs; mv /root /old";
    expect(await live(`${free}; ln -s ${bait}/open /root`)).toContain("/root of this node was replaced");
  },
  TEST_MS,
);

test(
  "the same, then a reboot from inside, where docklet has no say",
  async () => {
    await stage.create(stage.alice, "trap", 1);
    const node = await stage.node(stage.alice, "trap");
    await stage.sh(
      node,
      `umount -l /root/nfs; umount -l /root/nfs; mv /root /old; ln -s ${bait}/open /root; reboot -f`,
    );
    await settledState();
    expect((await show()).nodes[0]!.state).not.toBe("ready");
    const end = await stage.docklet.finish(
      await stage.alice.api.deleteVcluster({ params: { name: "trap" }, query: {}, body: { confirm: "trap" } } as never),
    );
    expect(end.state).toBe("done");
    await settled(stage.docklet);
  },
  TEST_MS,
);

test(
  "~/nfs gone: it is made again; a file or a link in its place: a word",
  async () => {
    const free = "umount -l /root/nfs; umount -l /root/nfs; rmdir /root/nfs";
    expect(await live(`${free}; touch /root/other`)).toBe("runs");
    expect(await live(`${free}; ln -s ${bait}/open /root/nfs`)).toContain("/root/nfs of this node was replaced");
    expect(await live(`${free}; mkfifo /root/nfs`)).toContain("/root/nfs of this node was replaced");
  },
  TEST_MS,
);

test(
  "the folders that LXC mounts on are links to the host",
  async () => {
    for (const dir of ["proc", "sys", "dev", "run"]) {
      // Mounts cover these folders while a node runs; an image that somebody else has made can bring them like this.
      const outcome = await live("true", undefined, (node) => {
        const path = join(node.layout.disk(node.id), "upper", dir);
        rmSync(path, { recursive: true, force: true });
        symlinkSync(join(bait, "open"), path);
      });
      expect([dir, outcome]).toEqual([dir, expect.stringMatching(/lxc-start exited/)]);
    }
  },
  2 * TEST_MS,
);

test(
  "/etc, /bin and /usr lead elsewhere, /proc is mounted over, the identity is hidden",
  async () => {
    const outcome = await live(
      `mv /etc /e; ln -s ${bait}/open /etc; ln -s ${bait}/open /srv/out; mount -t tmpfs t /proc; mount -t tmpfs t /run/docklet; mount -t tmpfs t /root/nfs`,
      async (node) => {
        // A command still runs, though nothing in there is what it was.
        expect((await stage.sh(node, "echo alive")).out).toBe("alive\n");
      },
    );
    expect(outcome).toBe("runs");
  },
  TEST_MS,
);

test(
  "init is another program: one that ends at once, one that ignores every signal, a link to the host, none",
  async () => {
    expect(await live("printf '#!/bin/sh\\nexit 0\\n' > /sbin/init")).toMatch(/ended|exited|runs/);
    expect(
      await live("printf '#!/bin/sh\\ntrap \"\" 1 2 3 10 12 15\\nwhile :; do sleep 1; done\\n' > /sbin/init"),
    ).toBe("runs");
    expect(await live("rm /sbin/init; ln -s /bin/../../../../../bin/true /sbin/init")).toMatch(/ended|exited|runs/);
    expect(await live("rm /sbin/init")).toMatch(/ended|exited/);
  },
  2 * TEST_MS,
);

test(
  "a shell that is a trap: exec and terminal run it inside, nowhere else",
  async () => {
    await stage.create(stage.alice, "trap", 1);
    const node = await stage.node(stage.alice, "trap");
    await stage.sh(
      node,
      `rm /bin/sh; printf '#!/bin/busybox ash\\necho trapped $(id -u) $(hostname); touch ${bait}/open/x; readlink /proc/self/exe\\n' > /bin/sh; chmod +x /bin/sh`,
    );
    const r = await stage.sh(node, "true");
    expect(r.out).toContain("trapped 0 host-0");
    expect(existsSync(join(bait, "open/x"))).toBe(false);
    const end = await stage.docklet.finish(
      await stage.alice.api.deleteVcluster({ params: { name: "trap" }, query: {}, body: { confirm: "trap" } } as never),
    );
    expect(end.state).toBe("done");
  },
  TEST_MS,
);

test(
  "a tree too deep for any path, odd names, sockets and fifos all over: stop, start and delete don't mind",
  async () => {
    const name = "n".repeat(200);
    const outcome = await live(`
for d in /srv /root/nfs /tmp; do
  cd $d; i=0; while [ $i -lt 60 ]; do mkdir ${name}; cd ./${name} || break; i=$((i+1)); done
done
cd /srv; mkfifo pipe; ln -s pipe loop; ln -s loop2 loop2; touch "$(printf 'new\\nline')" -- '-rf' '..;$(x)' "$(printf '\\377\\376')"
cd /root/nfs; mkfifo pipe; ln -s ${bait}/open out; touch -- '-rf'`);
    expect(outcome).toBe("runs");
  },
  TEST_MS,
);

test(
  "cgroups frozen from inside, a thousand of them, nested deeper than a path: it can still be stopped",
  async () => {
    const name = "n".repeat(200);
    const outcome = await live(`
mkdir -p /tmp/g; mount -t cgroup -o freezer cgroup /tmp/g 2>/dev/null || mount -t cgroup2 cgroup /tmp/g; cd /tmp/g
i=0; while [ $i -lt 1000 ]; do mkdir w$i; i=$((i+1)); done 2>/dev/null
i=0; while [ $i -lt 40 ]; do mkdir ${name} && cd ./${name} || break; i=$((i+1)); done
sleep 1000 >/dev/null 2>&1 & echo $! > cgroup.procs
echo FROZEN > freezer.state 2>/dev/null || echo 1 > cgroup.freeze`);
    expect(outcome).toBe("runs");
  },
  TEST_MS,
);

/** The reboot has come to whatever end it comes to. */
async function settledState(): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    const state = (await show()).nodes[0]!.state;
    if (state === "stopped" || state === "failed") return;
    await Bun.sleep(100);
  }
  throw new Error("the node neither came back nor ended");
}
