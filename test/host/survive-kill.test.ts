import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { ApiError, type Operation } from "../../src/contracts/public/index.ts";
import { settled } from "../kit/audit.ts";
import { TestDocklet } from "../kit/docklet.ts";
import { Counter, create, seen, sh, TINY } from "../kit/nodes.ts";

/**
 * docklet is killed, by the kernel and without a word, after every kind of thing that it does to the host while
 * vclusters are made, stopped, started, scaled and deleted. Whatever was under way must come to its end after the
 * next start, nothing may be left over, and nodes that have no part in it must not notice.
 */
const MINUTES = 60_000;
/** Kills that one operation may take before it must have got through. */
const MOST = 40;
let d: TestDocklet;
let bystander: Counter;
let kills = 0;

beforeAll(async () => {
  d = await TestDocklet.start({ images: ["mini"] });
  await create(d, "bystander");
  bystander = await Counter.start(d, "bystander");
}, MINUTES);
afterAll(() => d.destroy(), MINUTES);

const at = { params: { name: "a" } };
const nodes = async () => (await d.root.vclusters({ query: {} })).items.find((v) => v.name === "a")?.nodes ?? [];
/** What stays the same over a stop, a start and any number of kills. */
const lasting = async () =>
  (await nodes()).map(({ id, name, address, slug, state }) => ({ id, name, address, slug, state }));

interface Deed {
  name: string;
  act: () => Promise<Operation>;
  /** Is what was asked for so now? */
  achieved: () => Promise<boolean>;
}

const all = async (n: number, state: string) => {
  const now = await nodes();
  return now.length === n && now.every((x) => x.state === state);
};
const DEEDS: Deed[] = [
  {
    name: "create",
    act: async () =>
      (await d.root.createVcluster({ body: { name: "a", image: "mini", nodes: 2, size: TINY } })).operation,
    achieved: () => all(2, "ready"),
  },
  { name: "stop", act: () => d.root.stopVcluster(at), achieved: () => all(2, "stopped") },
  { name: "start", act: () => d.root.startVcluster(at), achieved: () => all(2, "ready") },
  {
    name: "scale out",
    act: () => d.root.scaleVcluster({ ...at, body: { nodes: 3 } }),
    achieved: () => all(3, "ready"),
  },
  { name: "scale in", act: () => d.root.scaleVcluster({ ...at, body: { nodes: 2 } }), achieved: () => all(2, "ready") },
  { name: "delete", act: () => d.root.deleteVcluster(at), achieved: async () => (await nodes()).length === 0 },
];

/** The places that a deed passes: of each kind the first and the last. */
async function places(deed: Deed): Promise<string[]> {
  writeFileSync(d.crashFile, "trace");
  await through(deed);
  rmSync(d.crashFile);
  const count = new Map<string, number>();
  for (const name of readFileSync(`${d.crashFile}.trace`, "utf8").trim().split("\n"))
    count.set(name, (count.get(name) ?? 0) + 1);
  rmSync(`${d.crashFile}.trace`);
  return [...count].flatMap(([name, n]) => (n > 1 ? [`${name} 1`, `${name} ${n}`] : [`${name} 1`]));
}

/** Does it, with docklet alive all the way. */
async function through(deed: Deed): Promise<void> {
  const op = await d.finish(await deed.act());
  if (op.state !== "done") throw new Error(`${deed.name}: ${JSON.stringify(op.error)}`);
  await settled(d);
  expect(await deed.achieved()).toBe(true);
}

/** Does it while docklet is killed at `place`, starts docklet again, and sees it through. */
async function killed(deed: Deed, place: string): Promise<void> {
  writeFileSync(d.crashFile, place);
  const death = d.ended().then(() => "dead" as const);
  const done = deed
    .act()
    .then((op) => d.finish(op))
    .then((op) => op.state)
    // Its answer is lost with it.
    .catch((e: unknown) => (e instanceof ApiError ? Promise.reject(e) : death));
  const first = await Promise.race([death, done]);
  if (first !== "dead") {
    // Writes that come together are one commit, so the last of a kind may not come this time.
    writeFileSync(d.crashFile, "off");
    await settled(d);
    if (d.alive) return;
  }
  kills++;
  await done.catch(() => {});
  await d.up();
  await settled(d);
  if (!(await deed.achieved())) await through(deed);
}

test(
  "killed anywhere in a vcluster's life",
  async () => {
    const plan = new Map<string, string[]>();
    for (const deed of DEEDS) plan.set(deed.name, await places(deed));
    const rounds = Math.max(...[...plan.values()].map((p) => p.length));
    for (let round = 0; round < rounds; round++) {
      let before: Awaited<ReturnType<typeof lasting>> = [];
      for (const deed of DEEDS) {
        const place = plan.get(deed.name)![round];
        try {
          if (place === undefined) await through(deed);
          else await killed(deed, place);
          if (deed.name === "create") {
            before = await lasting();
            sh(await seen(d, "a"), `echo ${round} > /root/kept`);
          }
          if (deed.name === "start" || deed.name === "scale in") {
            expect(await lasting()).toEqual(before);
            expect(sh(await seen(d, "a"), "cat /root/kept")).toBe(String(round));
            expect(sh(await seen(d, "a", "host-1"), "ping -c 1 -W 2 host-0 >/dev/null && echo ok")).toBe("ok");
          }
          await bystander.goesOn();
        } catch (e) {
          throw new Error(`${deed.name}, killed at ${place ?? "nowhere"}: ${e instanceof Error ? e.message : e}`);
        }
      }
    }
    expect(kills).toBeGreaterThan(60);
  },
  5 * MINUTES,
);

test(
  "killed while it starts",
  async () => {
    writeFileSync(d.crashFile, "trace");
    await d.kill();
    await d.up();
    await settled(d);
    rmSync(d.crashFile);
    const names = new Set(readFileSync(`${d.crashFile}.trace`, "utf8").trim().split("\n"));
    rmSync(`${d.crashFile}.trace`);
    for (const name of names) {
      await d.kill();
      writeFileSync(d.crashFile, `${name} 1`);
      await d.up().catch(() => {});
      await upAgain();
      await settled(d);
      await bystander.goesOn();
    }
  },
  2 * MINUTES,
);

/** Starts it, however often it is killed meanwhile. */
async function upAgain(): Promise<void> {
  for (let i = 0; i < MOST; i++) {
    if (d.alive) return;
    await d.ended();
    await d.up().catch((e: unknown) => {
      if (d.alive || i === MOST - 1) throw e;
    });
  }
}

test(
  "killed again and again while an image is built",
  async () => {
    for (const place of ["btrfs subvolume snapshot 1", "file 2", "btrfs subvolume delete 1"]) {
      const before = (await d.root.images()).items.find((i) => i.name === "mini")!;
      writeFileSync(d.crashFile, place);
      let op = await d.root.buildImage({ params: { name: "mini" }, body: {} });
      for (let i = 0; ; i++) {
        expect(i).toBeLessThan(MOST);
        const ended = await Promise.race([d.ended().then(() => null), d.finish(op).catch(() => null)]);
        if (ended) op = ended;
        if (ended && d.alive) break;
        // Once more at the same place, in what is left to do; not without end, for what is built anew has it too.
        if (i < 8) writeFileSync(d.crashFile, place);
        await upAgain();
      }
      expect(op.state).toBe("done");
      writeFileSync(d.crashFile, "off");
      await settled(d);
      const after = (await d.root.images()).items.find((i) => i.name === "mini")!;
      expect(after.state).toBe("ready");
      expect(after.builtAt!).toBeGreaterThan(before.builtAt!);
      await bystander.goesOn();
    }
    if (existsSync(d.crashFile)) rmSync(d.crashFile);
    await create(d, "fresh");
  },
  3 * MINUTES,
);
