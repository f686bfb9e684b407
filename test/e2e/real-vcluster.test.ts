import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Operation, Vcluster } from "../../src/contracts/public/index.ts";
import { until } from "../../src/lib/retry.ts";
import type { TestDocklet } from "../kit/docklet.ts";
import { baseDocklet, createVcluster, onHost, shell } from "./base-docklet.ts";

setDefaultTimeout(180_000);
let d: TestDocklet;
let lab: Vcluster;
let keys: string;

beforeAll(async () => {
  d = await baseDocklet();
  keys = mkdtempSync(join(tmpdir(), "docklet-keys-"));
  lab = await createVcluster(d, { name: "lab", nodes: 4, size: { cpu: 1, memory: 512, disk: 1024 } });
}, 600_000);
afterAll(async () => {
  await d?.destroy();
  if (keys) rmSync(keys, { recursive: true, force: true });
}, 120_000);

describe("a node of base", () => {
  test("is a whole system that runs without a fault", async () => {
    for (const node of lab.nodes) {
      // `starting` lasts until the last unit is there; Jupyter answers before that.
      await until(
        `${node.name} to have started`,
        async () => (await d.exec(`lab/${node.name}`, "systemctl", "is-system-running")).stdout !== "starting\n",
        { timeoutMs: 60_000 },
      );
      expect((await d.exec(`lab/${node.name}`, "systemctl", "--failed", "--plain", "--no-legend")).stdout).toBe("");
      expect((await d.exec(`lab/${node.name}`, "systemctl", "is-system-running")).stdout).toBe("running\n");
    }
  });

  test("knows its name, the time, a language and the way to names", async () => {
    expect(await shell(d, "lab/host-2", "hostname; cat /etc/hostname; getent hosts host-3 | tr -s ' '")).toBe(
      `host-2\nhost-2\n${lab.nodes[3]!.address} host-3 host-3.lab`,
    );
    expect(Math.abs(Number(await shell(d, "lab", "date +%s")) - Date.now() / 1000)).toBeLessThan(5);
    expect(await shell(d, "lab", "locale charmap; python3 -c 'print(\"世\")'")).toBe("UTF-8\n世");
    const servers = readFileSync("/etc/resolv.conf", "utf8").match(/^nameserver .*/gm) ?? [];
    const theirs = await shell(d, "lab", "grep ^nameserver /etc/resolv.conf");
    if (!servers.some((s) => / (127\.|::1)/.test(s))) expect(theirs).toBe(servers.join("\n"));
  });

  test("sees its own limits as if they were the machine", async () => {
    expect(await shell(d, "lab", "free -m | awk '/^Mem/ { print $2 }'")).toBe("512");
    const hog = await d.exec("lab", "python3", "-c", "bytearray(900 << 20)");
    expect(hog.code).toBe(137);
    const filler = await d.exec("lab", "sh", "-c", "head -c 2G /dev/zero > /root/filler; rm -f /root/filler");
    expect(filler.stderr).toMatch(/quota|space/i);
    expect(await shell(d, "lab", "echo unharmed")).toBe("unharmed");
  });

  test("installs packages from where its host does", async () => {
    await shell(d, "lab/host-3", "apt-get update -qq && apt-get install -y -qq hello");
    expect(await shell(d, "lab/host-3", "hello")).toBe("Hello, world!");
  });

  test("has the person's folder on every node, and keeps it", async () => {
    await shell(d, "lab/host-1", "echo shared > /root/nfs/note");
    expect(await shell(d, "lab/host-2", "cat ~/nfs/note")).toBe("shared");
  });
});

describe("OpenSSH", () => {
  const ssh = (key: string, address: string, ...command: string[]) =>
    onHost(
      "ssh",
      ...["-F", "none", "-i", join(keys, key), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"],
      ...["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"],
      ...["-o", "ConnectTimeout=10", `root@${address}`, ...command],
    );

  test("lets the person's key in within a second of its being added, and out as fast", async () => {
    const made = await onHost(
      "ssh-keygen",
      "-q",
      "-t",
      "ed25519",
      "-N",
      "",
      "-C",
      "me@laptop",
      "-f",
      join(keys, "mine"),
    );
    expect(made.code).toBe(0);
    const address = lab.nodes[1]!.address!;
    expect((await ssh("mine", address, "true")).code).toBe(255);
    const key = readFileSync(join(keys, "mine.pub"), "utf8");
    const { id } = await d.root.addKey({ body: { key } });
    const listed = async () => (await authorized("lab/host-1")).includes(key.split(" ")[1]!);
    await within(1000, listed);
    expect(await ssh("mine", address, "hostname; echo $((6 * 7))")).toEqual({
      code: 0,
      stdout: "host-1\n42\n",
      stderr: "",
    });
    await d.root.removeKey({ params: { id } });
    await within(1000, async () => !(await listed()));
    const refused = await ssh("mine", address, "true");
    expect([refused.code, refused.stderr]).toEqual([255, expect.stringContaining("Permission denied")]);
  });

  test("goes from node to node without a password, by name", async () => {
    for (const [from, to] of [
      ["host-0", "host-3"],
      ["host-3", "host-1"],
    ]) {
      expect(await d.exec(`lab/${from}`, "ssh", "-o", "BatchMode=yes", to!, "hostname")).toEqual({
        code: 0,
        stdout: `${to}\n`,
        stderr: "",
      });
    }
  });

  test("copies files with scp and rsync", async () => {
    await shell(d, "lab", "head -c 3000000 /dev/urandom > /root/data && scp -q /root/data host-1:/root/one");
    await shell(d, "lab", "rsync -a /root/data host-2:/root/two");
    const sums = ["lab/host-0 /root/data", "lab/host-1 /root/one", "lab/host-2 /root/two"].map((where) => {
      const [node, file] = where.split(" ");
      return shell(d, node!, `sha256sum < ${file}`);
    });
    expect(new Set(await Promise.all(sums)).size).toBe(1);
  });

  const authorized = async (node: string) => (await d.exec(node, "cat", "/run/docklet/authorized_keys")).stdout;
});

describe("MPI over the nodes", () => {
  const hosts = (n: number) => Array.from({ length: n }, (_, i) => `host-${i}`).join(",");
  const run = (n: number, program: string) =>
    shell(d, "lab", `mpirun -launcher ssh -hosts ${hosts(n)} -n ${n} ${program}`);
  const program = readFileSync(join(import.meta.dir, "ring.c"), "utf8");

  const install = async (...nodes: string[]) => {
    for (const n of nodes) await shell(d, "lab", `scp -q /root/ring ${n}:/root/ring`);
  };

  test("over all four by name", async () => {
    await shell(d, "lab", `cat >/root/ring.c <<'END'\n${program}\nEND\nmpicc -O1 -o /root/ring /root/ring.c`);
    await install("host-1", "host-2", "host-3");
    expect(await run(4, "/root/ring 10")).toBe("4 nodes: host-0 host-1 host-2 host-3; sum 6; rounds 10");
  });

  test("scaled to 6 and back to 3 while a program runs over the first three", async () => {
    // It ends by itself once it finds the file: so it has run through all of this.
    const long = run(3, "/root/ring 0 /root/enough");
    await until("the program to run", async () => (await d.exec("lab/host-2", "pgrep", "-x", "ring")).code === 0, {
      timeoutMs: 20_000,
    });
    const boots = await bootTimes();

    const grown = await scale(6);
    expect(grown.nodes.map((n) => [n.name, n.state])).toEqual([0, 1, 2, 3, 4, 5].map((i) => [`host-${i}`, "ready"]));
    await within(1000, async () => (await shell(d, "lab/host-1", "cat /etc/hosts")).includes(" host-5 "));
    await install("host-4", "host-5");
    expect(await run(6, "/root/ring 10")).toStartWith("6 nodes: host-0 host-1 host-2 host-3 host-4 host-5; sum 15;");

    const shrunk = await scale(3);
    expect(shrunk.nodes.map((n) => n.name)).toEqual(["host-0", "host-1", "host-2"]);
    await within(1000, async () => !/host-[345]/.test(await shell(d, "lab/host-1", "cat /etc/hosts")));
    expect(await bootTimes()).toEqual(boots);

    await shell(d, "lab", "touch /root/enough");
    const [nodes, , rounds] = (await long).split("; ");
    expect(nodes).toBe("3 nodes: host-0 host-1 host-2");
    expect(Number(rounds!.split(" ")[1])).toBeGreaterThan(10);
    expect(await run(3, "/root/ring 10")).toBe("3 nodes: host-0 host-1 host-2; sum 3; rounds 10");
  });

  const bootTimes = () => Promise.all([0, 1, 2].map((i) => shell(d, `lab/host-${i}`, "stat -c %Y /proc/1; hostname")));

  async function scale(nodes: number): Promise<Vcluster> {
    done(await d.finish(await d.root.scaleVcluster({ params: { name: "lab" }, body: { nodes } }), 120_000));
    return d.root.vcluster({ params: { name: "lab" } });
  }
});

function done(op: Operation): void {
  if (op.state !== "done") throw new Error(`${op.kind}: ${JSON.stringify(op.error)}`);
}

/** The promise is "within a second"; what is asked takes time of its own on a busy machine, so the bound is doubled. */
async function within(ms: number, probe: () => Promise<boolean>): Promise<void> {
  await until(`it to be so within ${ms} ms`, probe, { timeoutMs: 2 * ms, firstMs: 20, maxMs: 50 });
}
