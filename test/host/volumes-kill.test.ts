import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { createWriteStream, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Picture } from "../../src/contracts/worker.ts";
import { run } from "../../src/os/exec.ts";
import { PoolSite, treeText } from "../kit/pool-site.ts";
import type { Task } from "../kit/pool-site-main.ts";
import { openStoreOf } from "../kit/worker-parts.ts";

/**
 * A worker is killed, by the kernel and without a word, after every kind of thing that it does while the disk of a node
 * comes to it. The next start goes on; there is one disk, whole, under its node, and nothing else.
 */
setDefaultTimeout(240_000);
const NODE = "nodeaa";
const picture: Picture = { volume: { kind: "disk", id: NODE }, name: "p1" };
const MAIN = join(import.meta.dir, "../kit/pool-site-main.ts");
let a: PoolSite;
let b: PoolSite;
beforeEach(async () => {
  a = await PoolSite.up("za");
  b = await PoolSite.up("zb");
});
afterEach(async () => {
  await a.down();
  await b.down();
});

async function receive(task: Task, crash: string | null): Promise<"killed" | "done"> {
  const file = join(a.folder, "crash");
  if (crash !== null) writeFileSync(file, crash);
  const child = Bun.spawn([process.execPath, MAIN, JSON.stringify(task)], {
    stdout: "inherit",
    stderr: "inherit",
    env: { ...process.env, DOCKLET_CRASH_FILE: file },
  });
  const code = await child.exited;
  if (crash !== "trace") rmSync(file, { force: true });
  if (code === 0) return "done";
  expect(child.signalCode).toBe("SIGKILL");
  return "killed";
}

test("killed at every step, the next start goes on, and the disk is there once", async () => {
  await a.node(NODE, "instaa", [], async (upper) => {
    await run(["dd", "if=/dev/urandom", `of=${join(upper, "big")}`, "bs=1M", "count=8", "status=none"]);
    writeFileSync(join(upper, "file"), "content");
  });
  await a.volumes.take({ picture, parent: null });
  const source = await a.volumes.send({ picture, parent: null, offset: 0 });
  const file = join(a.folder, "stream");
  const out = createWriteStream(file);
  for await (const chunk of source) await new Promise((done) => out.write(chunk.slice(), done));
  await new Promise((done) => out.end(done));
  const task: Task = {
    folder: b.folder,
    tag: "zb",
    picture,
    file,
    end: await source.finished,
    vcluster: "vclusa",
  };
  const upper = await treeText(join(a.layout.disk("instaa"), "upper"));

  const check = async () => {
    const store = openStoreOf("worker", join(b.folder, "worker.db"));
    const rows = store.all<{ id: string; node: string; slug: string; stage: string }>("SELECT * FROM instances");
    expect(rows).toMatchObject([{ node: NODE, slug: a.instances.ofNode(NODE)!.slug, stage: "claimed" }]);
    expect(readdirSync(join(b.layout.pool, "nodes"))).toEqual([rows[0]!.id]);
    expect(await treeText(join(b.layout.disk(rows[0]!.id), "upper"))).toBe(upper);
    expect(existsSync(b.volumes.shelf.of(picture.volume))).toBe(false);
    store.write((tx) => tx.run("DELETE FROM instances"));
    store.close();
    await run(["btrfs", "subvolume", "delete", b.layout.disk(rows[0]!.id)]);
  };

  expect(await receive(task, "trace")).toBe("done");
  await check();
  const trace = readFileSync(join(a.folder, "crash.trace"), "utf8").trim().split("\n");
  rmSync(join(a.folder, "crash"), { force: true });
  expect(trace).toContain("btrfs receive");
  expect(trace).toContain("move subvolume");
  for (let step = 1; step <= trace.length; step++) {
    expect(await receive(task, String(step))).toBe("killed");
    // And once more in the middle of making it good.
    await receive(task, String((step % 3) + 1));
    expect([step, trace[step - 1], await receive(task, null)]).toEqual([step, trace[step - 1], "done"]);
    await check();
  }
});
