import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../src/lib/retry.ts";
import { host, type Node, SETUP_MS, Stage, TEST_MS } from "./stage.ts";
import { syscallProgram } from "./syscall-program.ts";

/** What a node's root can get hold of on its host: no device, no switch of the kernel, no process, no file. */
const RANGE = 65_536;
const FIRST_UID = 1_000_000;
const EACCES = 13;

let stage: Stage;
let red: Node;
let peer: Node;
let blue: Node;

beforeAll(async () => {
  stage = await Stage.set();
  red = await stage.node(stage.alice, "red");
  peer = await stage.node(stage.alice, "red", "host-1");
  blue = await stage.node(stage.bob, "blue");
}, SETUP_MS);
afterAll(() => stage?.strike(), SETUP_MS);

/** Runs scripts that must all fail. */
async function allFail(scripts: Record<string, string>): Promise<void> {
  const r = await stage.tries(red, scripts);
  expect(Object.entries(r).filter(([, x]) => x.code === 0)).toEqual([]);
}

const wholeDisk = () => {
  const [name, numbers] = readdirSync("/sys/block")
    .map((n) => [n, readFileSync(`/sys/block/${n}/dev`, "utf8").trim()] as const)
    .find(([n]) => !/^(ram|zram|sr|fd)/.test(n))!;
  return { name, major: numbers.split(":")[0]!, minor: numbers.split(":")[1]! };
};

test(
  "no device of the host can be made, opened or mounted",
  async () => {
    const disk = wholeDisk();
    const knod = (type: string, major: number | string, minor: number | string, where = "/tmp") =>
      `mknod ${where}/n$$ ${type} ${major} ${minor} && head -c 1 ${where}/n$$`;
    await allFail({
      disk: knod("b", disk.major, disk.minor),
      diskShm: knod("b", disk.major, disk.minor, "/dev/shm"),
      diskDev: knod("b", disk.major, disk.minor, "/dev"),
      diskHome: knod("b", disk.major, disk.minor, "/root/nfs"),
      mem: knod("c", 1, 1),
      kmsg: knod("c", 1, 11),
      loopControl: knod("c", 10, 237),
      tun: knod("c", 10, 200, "/dev"),
      kvm: knod("c", 10, 232),
      zero: knod("c", 1, 5, "/root/nfs"),
      userns: `unshare -U -r -m sh -c '${knod("b", disk.major, disk.minor)}'`,
      listed: `ls /dev/${disk.name} /dev/kmsg /dev/mem /dev/loop-control /dev/net/tun`,
      ext4: `truncate -s 8M /tmp/e && mke2fs /tmp/e >/dev/null && mount -t ext4 /tmp/e /mnt`,
      ext4Loop: "mount -o loop /tmp/e /mnt",
      btrfs: "mount -t btrfs none /mnt",
      bySource: `mount /dev/${disk.name} /mnt`,
      swap: "truncate -s 8M /tmp/s && mkswap /tmp/s >/dev/null && swapon /tmp/s",
    });
  },
  TEST_MS,
);

test(
  "the kernel's switches are out of reach: modules, sysrq, log, memory, clock, settings, debugging",
  async () => {
    const before = readFileSync("/proc/sys/kernel/core_pattern", "utf8");
    await allFail({
      module: "insmod /tmp/x.ko || modprobe dummy",
      sysrq: "echo h > /proc/sysrq-trigger",
      dmesg: "dmesg",
      kmsg: "head -c 1 /proc/kmsg",
      kcore: "head -c 1 /proc/kcore | grep -q .",
      core: "echo '|/tmp/x' > /proc/sys/kernel/core_pattern",
      modprobe: "echo /tmp/x > /proc/sys/kernel/modprobe",
      hotplug: "echo /tmp/x > /sys/kernel/uevent_helper",
      panic: "echo 1 > /proc/sys/kernel/panic_on_oops",
      dropCaches: "echo 3 > /proc/sys/vm/drop_caches",
      newProc:
        "mkdir -p /tmp/p && mount -t proc proc /tmp/p && { echo h > /tmp/p/sysrq-trigger || echo x > /tmp/p/sys/kernel/core_pattern || head -c 1 /tmp/p/kcore | grep -q .; }",
      newSys: "mkdir -p /tmp/y && mount -t sysfs sys /tmp/y && echo /tmp/x > /tmp/y/kernel/uevent_helper",
      remountProc: "mount -o remount,rw /proc/sys && echo x > /proc/sys/kernel/core_pattern",
      remountSys: "mount -o remount,rw /sys && echo /tmp/x > /sys/kernel/uevent_helper",
      power: "echo mem > /sys/power/state",
      debugfs: "mount -t debugfs d /mnt",
      tracefs: "mount -t tracefs t /mnt",
      securityfs: "mount -t securityfs s /mnt",
      efivars: "mount -t efivarfs e /mnt",
      configfs: "mount -t configfs c /mnt",
      bpffs: "mount -t bpf b /mnt && ls /mnt/progs.debug",
      binfmt:
        "mount -t binfmt_misc m /mnt && echo ':a:M::aa::/tmp/x:' > /mnt/register && ls /tmp/only-the-host-has-this",
      clock: "date -s 2001-01-01; test $(date +%Y) = 2001",
      hwclock: "hwclock -w",
      schedDebug: "head -c 1 /proc/sched_debug",
      timers: "head -c 1 /proc/timer_list",
      slab: "head -c 1 /proc/slabinfo",
      iomem: "grep -v '^ *00000000-00000000' /proc/iomem",
      symbols: "grep -v '^0000000000000000 ' /proc/kallsyms",
      hostTraces: "ls /sys/kernel/debug/* /sys/kernel/tracing/*",
      oom: "echo -1000 > /proc/self/oom_score_adj",
      nice: "nice -n -20 sh -c 'test $(nice) -lt 0'",
      realtime: "chrt -f 50 true",
    });
    expect(readFileSync("/proc/sys/kernel/core_pattern", "utf8")).toBe(before);
  },
  TEST_MS,
);

test("uid maps of all nodes are disjoint, and every process of theirs has a high uid on the host", () => {
  const bases: number[] = [];
  for (const n of [red, peer, blue]) {
    const ranges = new Set<number>();
    for (const map of ["uid_map", "gid_map"]) {
      const [inside, outside, size] = readFileSync(`/proc/${n.pid}/${map}`, "utf8").trim().split(/\s+/).map(Number);
      expect([inside, size]).toEqual([0, RANGE]);
      expect(outside).toBeGreaterThanOrEqual(FIRST_UID);
      ranges.add(outside!);
    }
    expect(ranges.size).toBe(1);
    bases.push(...ranges);
    for (const pid of processesOf(n)) {
      const ids = /^Uid:\s+(.*)\nGid:\s+(.*)$/m
        .exec(readFileSync(`/proc/${pid}/status`, "utf8"))!
        .slice(1)
        .join("\t");
      for (const id of ids.split("\t").map(Number)) {
        expect(id).toBeGreaterThanOrEqual([...ranges][0]!);
        expect(id).toBeLessThan([...ranges][0]! + RANGE);
      }
    }
  }
  bases.sort((a, b) => a - b);
  for (let i = 1; i < bases.length; i++) expect(bases[i]! - bases[i - 1]!).toBeGreaterThanOrEqual(RANGE);
});

test(
  "a file of a node's root belongs to a high uid on the host, and on the disk to nobody's range",
  async () => {
    await stage.sh(red, "touch /srv/mine; chmod 4755 /srv/mine");
    const base = Number(readFileSync(`/proc/${red.pid}/uid_map`, "utf8").trim().split(/\s+/)[1]);
    expect(host("stat", "-c", "%u", join(red.layout.merged(red.id), "srv/mine")).trim()).toBe(String(base));
    expect(host("stat", "-c", "%u", join(red.layout.disk(red.id), "upper/srv/mine")).trim()).toBe("0");
  },
  TEST_MS,
);

test(
  "no process of the host, of the neighbour or of the person's other nodes is seen, signalled or traced",
  async () => {
    await stage.sh(blue, "sleep 4321 >/dev/null 2>&1 & true");
    await stage.sh(peer, "sleep 4322 >/dev/null 2>&1 & true");
    const list = (await stage.sh(red, "ps -o pid,args")).out;
    expect(list).toContain("/sbin/init");
    expect(list).not.toMatch(/432[12]|docklet serve|lxc-start|bun/);
    expect(list.trim().split("\n").length).toBeLessThan(12);
    await allFail({
      kill: `kill -0 ${blue.pid}`,
      killHost: `kill -0 ${stage.docklet.pid}`,
      environ: `cat /proc/${stage.docklet.pid}/environ`,
      enter: `nsenter -t ${blue.pid} -m true`,
      hostPidFs: `ls /proc/${process.pid}`,
      otherRoot: `ls /proc/1/root/../../../../proc/${stage.docklet.pid}`,
    });
    const own = host("readlink", "/proc/self/ns/pid").trim();
    for (const kind of ["pid", "net", "mnt", "uts", "ipc", "user", "cgroup"]) {
      const theirs = (await stage.sh(red, `readlink /proc/1/ns/${kind}`)).out.trim();
      expect(theirs).not.toBe(readlinkSync(`/proc/self/ns/${kind}`));
      expect(theirs).not.toBe(readlinkSync(`/proc/${blue.pid}/ns/${kind}`));
    }
    expect(own).not.toBe("");
  },
  TEST_MS,
);

test(
  "no file descriptor and no environment of the host comes in, by init or by a command of the front door",
  async () => {
    const hostFds = (pid: number) =>
      readdirSync(`/proc/${pid}/fd`)
        .map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
        .filter((to) => !/^(\/dev\/null|\/sbin\/init)$/.test(to));
    for (const n of [red, peer, blue]) expect(hostFds(n.pid)).toEqual([]);
    const r = await stage.tries(red, {
      init: "ls -l /proc/1/fd",
      environ: "tr '\\0' '\\n' < /proc/1/environ",
      cwd: "readlink /proc/1/cwd; readlink /proc/1/root",
      monitor: "cat /proc/1/status | grep PPid",
    });
    expect(r.init.out).not.toContain(stage.docklet.prefix);
    expect(r.init.out).not.toMatch(/socket:|pipe:|anon_inode|lxc/);
    expect(r.environ.out).not.toMatch(/DOCKLET|HOME=\/tmp|LC_ALL|SSH|TOKEN/);
    expect(r.cwd.out).toBe("/\n/");
    expect(r.monitor.out).toContain("0");
    const exec = await stage.sh(red, "ls /proc/self/fd; echo; env; readlink /proc/self/cwd");
    // Its own three and the folder that ls has open; what they lead to is the other end of docklet's streams.
    expect(exec.out.split("\n\n")[0]).toBe("0\n1\n2\n3");
    expect(exec.out).not.toMatch(/DOCKLET|SSH|LC_ALL/);
    expect(exec.out).not.toContain(stage.docklet.prefix);
  },
  TEST_MS,
);

test(
  "through the cgroup file systems a node sees itself alone, and can raise nothing",
  async () => {
    const script = `
mkdir -p /tmp/g; cd /tmp/g
for c in memory pids cpu cpuset devices freezer blkio; do mkdir -p $c; mount -t cgroup -o $c cgroup $c 2>/dev/null; done
mkdir -p unified; mount -t cgroup2 cgroup unified 2>/dev/null
for set in memory/memory.limit_in_bytes=999999999999 pids/pids.max=99999 cpu/cpu.cfs_quota_us=-1 cpu/cpu.shares=9999 \\
  devices/devices.allow=a unified/memory.max=max unified/pids.max=max unified/cpu.max=max unified/cgroup.subtree_control=+memory; do
  f=\${set%%=*}; [ -e $f ] || continue
  { echo \${set#*=} > $f; } 2>/dev/null && echo "raised $f"
done
for d in */; do
  [ -e $d/release_agent ] && echo "release agent $d"
  ls $d | grep -q docklet && echo "others in $d"
done
mkdir memory/sub 2>/dev/null && { echo 1 > memory/sub/cgroup.procs; } 2>/dev/null
for f in memory/../../docklet* unified/..; do ls $f 2>/dev/null | grep docklet; done
cat /proc/self/cgroup | grep -v ':/$' | grep -v ':/.lxc$'
mkdir -p new && mount -t cgroup -o none,name=mine cgroup new 2>/dev/null && echo "new hierarchy"
echo done`;
    const { memory, pids } = limitsOf(red);
    expect((await stage.sh(red, script)).out).toBe("done\n");
    expect(limitsOf(red)).toEqual({ memory, pids });
    expect(memory).toBe(128 * 1_048_576);
    // Whatever it made for itself below, every process is still under the group that holds the limits.
    for (const pid of processesOf(red)) {
      const groups = readFileSync(`/proc/${pid}/cgroup`, "utf8")
        .split("\n")
        .filter((l) => /:(memory|pids|cpu|):/.test(l));
      for (const g of groups) expect(g).toContain(`/${red.layout.cgroup(red.id)}/`);
    }
  },
  TEST_MS,
);

test(
  "in ~/nfs neither suid nor a device means anything, and the identity files stay as docklet wrote them",
  async () => {
    const identity = readdirSync(red.layout.identitySource(red.id)).length;
    // Reads what only root may: as nobody it can do so only by the suid bit.
    const reader = syscallProgram([{ nr: 2, args: ["data"] }], "/run/docklet/jupyter.json");
    const asNobody = (dir: string) =>
      `echo ${reader} | base64 -d > ${dir}/r; chmod 4755 ${dir}/r; su -s /bin/sh nobody -c ${dir}/r`;
    await stage.sh(red, "chmod 711 /root; chmod 755 /root/nfs");
    const r = await stage.tries(red, {
      suid: asNobody("/root/nfs"),
      control: asNobody("/srv"),
      flags: "grep ' /root/nfs ' /proc/mounts | tail -n 1",
    });
    expect(r.flags.out).toMatch(/nosuid/);
    expect(r.flags.out).toMatch(/nodev/);
    expect(r.suid.code).toBe(EACCES);
    expect(r.control.code).toBe(0);
    await allFail({
      remountSuid:
        "mount -o remount,bind,suid,dev /root/nfs && grep ' /root/nfs ' /proc/mounts | tail -n 1 | grep -v nosuid",
      identity: "mount -o remount,rw,bind /run/docklet; echo x > /run/docklet/hosts",
      identityMade: "touch /run/docklet/new",
      identityBind:
        "mkdir -p /tmp/b && mount --bind /run/docklet /tmp/b && mount -o remount,rw,bind /tmp/b && touch /tmp/b/new",
      slotBelow: "umount /root/nfs && touch /root/nfs/x",
    });
    expect(readdirSync(red.layout.identitySource(red.id)).length).toBe(identity);
    expect(existsSync(join(red.layout.identitySource(red.id), "new"))).toBe(false);
  },
  TEST_MS,
);

test(
  "a reboot from inside keeps limits, uid map, network rules and the ban on foreign addresses",
  async () => {
    const before = { limits: limitsOf(peer), map: readFileSync(`/proc/${peer.pid}/uid_map`, "utf8") };
    await stage.sh(peer, "ip route add 1.2.3.4 dev eth0; reboot -f");
    let again = peer;
    await until(
      "the node to come back",
      async () => {
        again = await stage.node(stage.alice, "red", "host-1").catch(() => peer);
        return again.pid !== peer.pid && (await stage.sh(again, `ping -c 1 -W 1 ${peer.gateway}`)).code === 0;
      },
      { timeoutMs: 60_000 },
    );
    expect(limitsOf(again)).toEqual(before.limits);
    expect(readFileSync(`/proc/${again.pid}/uid_map`, "utf8")).toBe(before.map);
    for (const pid of processesOf(again))
      expect(readFileSync(`/proc/${pid}/cgroup`, "utf8")).toContain(`/${again.layout.cgroup(again.id)}/`);
    const r = await stage.tries(again, {
      blue: `ping -c 1 -W 1 ${blue.address}`,
      host: `nc -w 2 ${blue.gateway} ${stage.docklet.settings.NGINX_PORT} </dev/null`,
      spoof: `ip addr add ${again.address.replace(/\d+$/, "50")}/26 dev eth0; ping -c 1 -W 1 -I ${again.address.replace(/\d+$/, "50")} ${again.gateway}`,
    });
    expect(Object.entries(r).filter(([, x]) => x.code === 0)).toEqual([]);
    expect(
      (await stage.sh(again, "cat /proc/1/status | grep Seccomp: | tr -d '\\t'; cat /run/docklet/hostname")).out,
    ).toBe("Seccomp:2\nhost-1\n");
  },
  TEST_MS,
);

function processesOf(n: Node): number[] {
  const ns = readlinkSync(`/proc/${n.pid}/ns/pid`);
  return readdirSync("/proc").flatMap((p) => {
    try {
      return /^\d+$/.test(p) && readlinkSync(`/proc/${p}/ns/pid`) === ns ? [Number(p)] : [];
    } catch {
      return [];
    }
  });
}

/** As the kernel has them now, in the group that only the host can write. */
function limitsOf(n: Node): { memory: number; pids: number } {
  const v2 = existsSync("/sys/fs/cgroup/cgroup.controllers");
  const read = (controller: string, file: string) =>
    Number(readFileSync(join("/sys/fs/cgroup", v2 ? "" : controller, n.layout.cgroup(n.id), file), "utf8"));
  return { memory: read("memory", v2 ? "memory.max" : "memory.limit_in_bytes"), pids: read("pids", "pids.max") };
}
