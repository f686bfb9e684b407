import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Operation, Vcluster } from "../../src/contracts/public/index.ts";
import { until } from "../../src/lib/retry.ts";
import { Lab } from "../kit/lab.ts";
import { LabDocklet } from "../kit/lab-docklet.ts";
import { layMiniPool } from "../kit/mini-pool.ts";
import { SETUP_MS, SMALL, TEST_MS } from "./stage.ts";

/** Two hosts that share no file system: a data folder lies on one of them, and follows its person. */
let lab: Lab;
let docklets: LabDocklet[] = [];
const first = () => docklets[0]!;
const WAIT = { timeoutMs: 60_000, firstMs: 20 };

beforeAll(async () => {
  lab = await Lab.open(["one", "two"]);
  docklets = lab.hosts.map((h) => new LabDocklet(h, { CLUSTER_NET: "10.203.0.0/16", CPU_OVERCOMMIT: 20 }));
  await Promise.all(lab.hosts.map((h) => layMiniPool(h.prefix)));
  const second = docklets[1]!;
  first().serve();
  await first().ready();
  const made = await first().cli("join-token", "create", "--json");
  const file = join(second.host.prefix, "join-token");
  writeFileSync(file, (JSON.parse(made.stdout) as { text: string }).text, { mode: 0o600 });
  second.serve("--role=worker", "--master-ip", first().host.address, "--join-file", file);
  await first().sees("two");
}, SETUP_MS);

afterAll(async () => {
  for (const d of docklets.toReversed()) await d.rest();
  await lab?.close();
}, SETUP_MS);

async function done(operation: Operation): Promise<void> {
  const look = async () => {
    const now = await first().root.operation({ params: { id: operation.id } });
    return now.endedAt === null ? null : now;
  };
  const op = await until(`operation ${operation.kind}`, look, WAIT);
  if (op.state !== "done") throw new Error(JSON.stringify(op));
}

/** A vcluster with one node, on this host. */
async function createOn(host: string, name: string): Promise<Vcluster> {
  const cordon = (cordoned: boolean) =>
    Promise.all(
      lab.hosts
        .filter((h) => h.name !== host)
        .map((h) => first().root.patchHost({ params: { name: h.name }, body: { cordoned } })),
    );
  await cordon(true);
  const { operation } = await first().root.createVcluster({ body: { name, image: "mini", nodes: 1, size: SMALL } });
  await done(operation);
  await cordon(false);
  const vc = await first().root.vcluster({ params: { name }, query: {} });
  expect(vc.nodes.map((n) => n.host)).toEqual([host]);
  return vc;
}

const sh = (vcluster: string, script: string) => first().cli("exec", `${vcluster}/host-0`, "--", "sh", "-c", script);

test(
  "a node elsewhere says where the folder is; when it has followed, the running node has it",
  async () => {
    await createOn("one", "near");
    expect(
      (await sh("near", "echo precious > ~/nfs/file && ln -s file ~/nfs/link && chown 33:33 ~/nfs/file")).code,
    ).toBe(0);
    await createOn("two", "far");
    const page = await sh("far", "cat ~/nfs/README.txt");
    expect(page.stdout).toContain("Your files are safe");
    expect(page.stdout).toContain("lies on the host one");
    const lost = await sh("far", "echo lost > ~/nfs/lost");
    expect([lost.code === 0, lost.stderr]).toEqual([false, expect.stringContaining("Read-only file system")]);
    expect((await sh("far", "ls ~/nfs")).stdout).toBe("README.txt\n");

    await done(await first().root.deleteVcluster({ params: { name: "near" } }));
    const arrived = async () => (await sh("far", "cat ~/nfs/link")).stdout === "precious\n";
    await until("the folder to be in the running node", arrived, WAIT);
    expect(
      (await sh("far", "stat -c '%u %g' ~/nfs/file; ls ~/nfs; echo more > ~/nfs/new && cat ~/nfs/new")).stdout,
    ).toBe("33 33\nfile\nlink\nmore\n");
    // Nothing is left where it was.
    const left = async () =>
      (await lab.host("one").run("ls", join(lab.host("one").layout.pool, "homes"))).trim() === "";
    await until("the copy on one to go", left, WAIT);

    // A node that comes to the old place now is the one that has it not.
    await createOn("one", "back");
    expect((await sh("back", "cat ~/nfs/README.txt")).stdout).toContain("lies on the host two");
    await done(await first().root.deleteVcluster({ params: { name: "far" } }));
    const returned = async () => (await sh("back", "cat ~/nfs/new")).stdout === "more\n";
    await until("it to be back", returned, WAIT);
    await done(await first().root.deleteVcluster({ params: { name: "back" } }));
    expect((await lab.host("one").run("ls", join(lab.host("one").layout.pool, "homes"))).trim()).not.toBe("");
  },
  TEST_MS,
);
