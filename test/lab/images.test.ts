import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Host } from "../../src/contracts/public/index.ts";
import { until } from "../../src/lib/retry.ts";
import { LabCluster } from "../kit/lab-cluster.ts";
import type { LabHost } from "../kit/lab-host.ts";
import { layMiniPool } from "../kit/mini-pool.ts";
import { SETUP_MS, SMALL, TEST_MS } from "./stage.ts";

/** docklet on two hosts, of which only the first one has the image `mini`. */
let cloud: LabCluster;
beforeAll(async () => {
  const settings = { CLUSTER_NET: "10.203.0.0/16", CPU_OVERCOMMIT: 20, DISKPOOL_SIZE: 3000 };
  cloud = await LabCluster.up(["one"], settings, layMiniPool);
}, SETUP_MS);
afterAll(() => cloud?.down(), SETUP_MS);

const WAIT = { timeoutMs: 90_000, firstMs: 20, maxMs: 200 };
/** Pools are mounted where only their host sees them. */
const shell = (h: LabHost, line: string) => h.run("sh", "-c", `cd ${h.layout.pool} && ${line}`);
const layers = (h: LabHost) => shell(h, "ls -d layers/mini@*");
const partOf = async (h: LabHost) => {
  const [inode, bytes] = (await shell(h, "stat -c '%i %s' travel/*/*.part")).trim().split(" ").map(Number);
  return { inode: inode!, bytes: bytes! };
};
const TREE =
  "cd layers/mini@*/root && find . | wc -l; find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum";

test(
  "an image comes to a host that joins, from one that has it; a link that breaks costs only what was under way",
  async () => {
    const { first, lab } = cloud;
    const two = await cloud.add("two", async () => {});
    // The image is some 2 MiB.
    await lab.slow(two.host, "1mbit");
    cloud.join(two, await cloud.token());
    const operation = () =>
      first.root
        .operations({ query: { limit: 20 } })
        .then((page) => page.items.find((o) => o.kind === "image.build" && o.object === "mini"));
    const step = async () => (await operation())?.steps[0];
    await until("a part has arrived", async () => ((await step())?.progress ?? 0) > 0.25, WAIT);
    expect((await step())?.message).toMatch(/^\d+\/\d+ MiB from one$/);

    await lab.isolate(two.host);
    const state = async () => (await first.root.hosts()).items.find((h: Host) => h.name === "two")?.state;
    await until("two is unreachable", async () => (await state()) === "unreachable", WAIT);
    expect(await operation()).toMatchObject({ endedAt: null, error: null });
    const part = await partOf(two.host);
    await lab.mend();
    await lab.slow(two.host, "1mbit");
    const grown = async () => {
      const now = await partOf(two.host);
      return now.bytes > part.bytes ? now : null;
    };
    const now = await until("it goes on", grown, WAIT);
    // The same file has grown: it was not begun anew.
    expect(now.inode).toBe(part.inode);
    await lab.mend();
    await until("it is there", async () => (await operation())?.state === "done", WAIT);

    expect(await layers(two.host)).toBe(await layers(first.host));
    expect(await shell(two.host, TREE)).toBe(await shell(first.host, TREE));
    expect((await first.root.host({ params: { name: "two" } })).images).toContain("mini");

    const vc = await cloud.create({
      name: "both",
      image: "mini",
      nodes: 2,
      size: SMALL,
      placement: { nodes: "apart" },
    });
    expect(new Set(vc.nodes.map((n) => n.host))).toEqual(new Set(["one", "two"]));
    for (const n of vc.nodes) expect(await cloud.shell(`both/${n.name}`, "cat /etc/hostname")).toBe(n.name);
    await cloud.done(await first.root.deleteVcluster({ params: { name: "both" } }));
  },
  TEST_MS * 2,
);
