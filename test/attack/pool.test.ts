import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Node, SETUP_MS, Stage, TEST_MS } from "./stage.ts";

/** Another user of the host, who has a shell on it: what lies in the pool and beside it is not for them. */
const NOBODY = 65_534;

let stage: Stage;
let red: Node;

beforeAll(async () => {
  stage = await Stage.set();
  red = await stage.node(stage.alice, "red");
  await stage.sh(
    red,
    "cp /bin/busybox /srv/suid; chmod 4755 /srv/suid; chmod 777 / /srv /root /root/nfs; echo secret > /srv/secret; echo secret > /root/nfs/secret",
  );
}, SETUP_MS);
afterAll(() => stage?.strike(), SETUP_MS);

/** A shell script as somebody else. */
function as(uid: number, script: string, gid = uid): { code: number; out: string } {
  const r = Bun.spawnSync(
    ["setpriv", "--reuid", String(uid), "--regid", String(gid), "--clear-groups", "--", "/bin/sh", "-c", script],
    { stdin: "ignore", stdout: "pipe", stderr: "pipe", env: { PATH: "/usr/bin:/bin" } },
  );
  return { code: r.exitCode, out: `${r.stdout}${r.stderr}` };
}

test("the pool is behind a wall that only root passes, and no suid bit or device in it means anything", () => {
  const { pool, local } = red.layout;
  expect(statSync(pool).mode & 0o777).toBe(0o700);
  expect(statSync(local).mode & 0o006).toBe(0);
  const line = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .find((l) => l.includes(` ${pool} `))!;
  const options = line.split(" ")[5]!.split(",");
  expect(options).toContain("nosuid");
  expect(options).toContain("nodev");
});

test("another user can't list, read, write, enter or run anything of a node, from any side", () => {
  const { layout, id, pid } = red;
  const disk = layout.disk(id);
  const attempts: Record<string, string> = {
    pool: `ls ${layout.pool}`,
    disk: `ls ${disk}/upper`,
    file: `cat ${disk}/upper/srv/secret`,
    suid: `${disk}/upper/srv/suid id`,
    home: `ls ${join(layout.pool, "homes")}`,
    poolFile: `head -c 1 ${layout.poolFile}`,
    merged: `ls ${layout.merged(id)}`,
    mergedFile: `cat ${layout.merged(id)}/srv/secret`,
    mergedSuid: `${layout.merged(id)}/srv/suid id`,
    mergedWrite: `touch ${layout.merged(id)}/srv/x`,
    identity: `cat ${layout.identity(id)}/jupyter.json`,
    identitySource: `cat ${layout.identitySource(id)}/ssh_host_ed25519_key`,
    homeSlot: `cat ${layout.homeSlot(id)}/secret`,
    config: `cat ${layout.run(id)}/lxc.conf`,
    log: `cat ${layout.run(id)}/lxc.log`,
    hook: `cat ${layout.hook}`,
    hookWrite: `echo x >> ${layout.hook}`,
    events: `touch ${layout.events}/x`,
    live: `ls ${layout.live}`,
    lxc: `touch ${layout.lxcPath}/x`,
    liveNew: `mkdir ${layout.live}/x`,
    databases: `head -c 1 ${layout.local}/worker.db || head -c 1 ${layout.local}/supermaster.db || head -c 1 ${layout.local}/master.db`,
    password: `cat ${layout.local}/generated_password.txt`,
    logs: `ls ${layout.local}/log`,
    socket: `ls ${stage.docklet.socket}`,
    list: `ls ${layout.local} || ls ${stage.docklet.prefix}`,
    procRoot: `ls /proc/${pid}/root/`,
    procFd: `ls /proc/${pid}/fd`,
    environ: `cat /proc/${stage.docklet.pid}/environ`,
    cgroup: `echo 1 > /sys/fs/cgroup/memory/${layout.cgroup(id)}/memory.limit_in_bytes || echo 1 > /sys/fs/cgroup/${layout.cgroup(id)}/memory.max`,
    enter: `nsenter -t ${pid} -m -p true || nsenter -t ${pid} -U true`,
  };
  for (const uid of [NOBODY, 12_345]) {
    const through = Object.entries(attempts).filter(([, script]) => as(uid, script).code === 0);
    expect(through.map(([name]) => name)).toEqual([]);
  }
});

test("a program with the uid of another node's root gets no further", () => {
  const base = (pid: number) => Number(readFileSync(`/proc/${pid}/uid_map`, "utf8").trim().split(/\s+/)[1]);
  const stranger = base(red.pid) + 65_536 * 7;
  const { layout, id } = red;
  for (const script of [
    `ls ${layout.merged(id)}`,
    `cat ${layout.identity(id)}/jupyter.json`,
    `ls ${layout.pool}`,
    `ls ${layout.live}`,
  ])
    expect(as(stranger, script).code).not.toBe(0);
});

test("every folder on the way belongs to root, and nobody else may write into any", () => {
  const { layout } = red;
  const walls = [stage.docklet.prefix, layout.local, layout.live, layout.lxcPath, layout.events, layout.pool];
  for (const path of [...walls, ...readdirSync(layout.pool).map((f) => join(layout.pool, f))]) {
    const s = statSync(path);
    expect([path, s.uid, s.mode & 0o022]).toEqual([path, 0, 0]);
  }
});

test(
  "the secrets of an installation are root's alone, also what it writes while it runs",
  async () => {
    const { layout } = red;
    const files = [
      ...readdirSync(layout.local).map((f) => join(layout.local, f)),
      ...readdirSync(join(layout.local, "log")).map((f) => join(layout.local, "log", f)),
    ];
    for (const path of files) {
      const s = statSync(path);
      if (s.isFile()) expect([path, s.mode & 0o077]).toEqual([path, 0]);
    }
    expect(statSync(stage.docklet.socket).mode & 0o077).toBe(0);
  },
  TEST_MS,
);
