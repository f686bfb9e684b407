import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { FakeImages, FakeRuntime, openStoreOf, StoppedClock } from "../../../test/kit/worker-parts.ts";
import { silentLogger } from "../../lib/log.ts";
import { sleep, until } from "../../lib/retry.ts";
import type { Store } from "../../store/store.ts";
import { HALF_LIFE_MS } from "./demand.ts";
import { type Instance, Instances } from "./instances.ts";
import { WarmPool } from "./warm-pool.ts";

const SOON = { timeoutMs: 10_000, firstMs: 1, maxMs: 10 };
let store: Store;
let instances: Instances;
let images: FakeImages;
let runtime: FakeRuntime;
let clock: StoppedClock;
let pool: WarmPool;
let spare: number;
let minimum: number;
let changed: number;

const open = () =>
  new WarmPool({
    store,
    instances,
    runtime: runtime.real,
    images,
    clock,
    log: silentLogger,
    spare: () => spare,
    defaults: () => minimum,
    changed: () => changed++,
  });
const filled = (n: number) => until(`${n} warm nodes`, () => pool.have("mini") === n, SOON);
const claimAs = (node: string) => (i: Instance) => instances.claim(i.id, node, "v");
async function warm(n: number): Promise<void> {
  pool.setWant("mini", n);
  await filled(n);
}

beforeEach(() => {
  store = openStoreOf("worker");
  instances = new Instances(store);
  images = new FakeImages();
  runtime = new FakeRuntime(instances);
  clock = new StoppedClock();
  spare = 10_000;
  minimum = 0;
  changed = 0;
  pool = open();
  pool.start(() => [...images.known.keys()]);
});
afterEach(async () => {
  await pool.stop();
  store.close();
});

describe("filling", () => {
  test("one after another up to what is wanted, and down again", async () => {
    await warm(3);
    expect(runtime.since()).toEqual(["boot warm", "boot warm", "boot warm"]);
    expect(instances.all().map((i) => i.stage)).toEqual(["warm", "warm", "warm"]);
    await warm(1);
    expect(instances.all()).toHaveLength(1);
    expect(pool.total()).toBe(1);
  });

  test("what was wanted is remembered over a restart", async () => {
    pool.setWant("mini", 2);
    expect(open().want("mini")).toBe(2);
    expect(open().want("other")).toBe(0);
  });

  test("one that does not come up is removed without a trace, and the pool says so by going on later", async () => {
    runtime.failing.set("boot", new Error("no"));
    pool.setWant("mini", 1);
    await until("the failed one to be gone", () => runtime.calls.includes("destroy warm"), SOON);
    expect(instances.all()).toEqual([]);
    expect(pool.have("mini")).toBe(0);
  });

  test("an image that is built anew or deleted while one fills leaves no old one behind", async () => {
    for (const next of [{ ...images.facts("mini")!, layers: ["/layers/mini@2"] }, null]) {
      const gate = Promise.withResolvers<void>();
      runtime.held.set("boot", gate.promise);
      pool.setWant("mini", 1);
      await until("the filling", () => runtime.calls.includes("boot warm"), SOON);
      if (next) images.known.set("mini", next);
      else images.known.delete("mini");
      await pool.refresh("mini");
      runtime.held.clear();
      gate.resolve();
      await until("the old one to go", () => runtime.calls.includes("destroy warm"), SOON);
      if (next) await filled(1);
      expect(instances.all().every((i) => i.layers[0] === "/layers/mini@2")).toBe(true);
      await warm(0);
      runtime.since();
    }
  });
});

describe("taking", () => {
  test("a warm one becomes the node; nothing warm is null", async () => {
    await warm(1);
    expect(pool.take("mini", claimAs("n1"))).toMatchObject({ node: "n1", stage: "claimed", warm: true });
    pool.setWant("mini", 0);
    expect(pool.take("mini", claimAs("n2"))).toBeNull();
    expect(pool.take("unknown", claimAs("n2"))).toBeNull();
  });

  test("a dead one is passed over and cleared away", async () => {
    await warm(2);
    const [dead, alive] = instances.all();
    runtime.running.delete(dead!.id);
    expect(pool.take("mini", claimAs("n1"))!.id).toBe(alive!.id);
    await until("the dead one to go", () => !instances.get(dead!.id), SOON);
  });

  test("all dead: null, and it is told that there are fewer", async () => {
    await warm(1);
    runtime.running.clear();
    const before = changed;
    expect(pool.take("mini", claimAs("n1"))).toBeNull();
    expect(changed).toBeGreaterThan(before);
    expect(pool.have("mini")).toBe(0);
  });

  test("one that could not be claimed stays warm", async () => {
    await warm(1);
    const full = () => {
      throw new Error("disk full");
    };
    expect(() => pool.take("mini", full)).toThrow("disk full");
    expect(pool.have("mini")).toBe(1);
    expect(pool.take("mini", claimAs("n1"))).not.toBeNull();
  });

  test("while a burst of claims goes on nothing is refilled", async () => {
    await warm(2);
    runtime.since();
    pool.take("mini", claimAs("n1"));
    await sleep(300);
    clock.move(300);
    pool.take("mini", claimAs("n2"));
    // Longer than the pause after the first claim, on the real clock; the pool's own has hardly moved.
    await sleep(250);
    expect(runtime.since()).toEqual([]);
    clock.move(401);
    await filled(2);
  });
});

describe("memory", () => {
  test("none to spare: nothing is filled", async () => {
    spare = 10;
    pool.setWant("mini", 2);
    await sleep(20);
    expect(runtime.calls).toEqual([]);
    spare = 1000;
    pool.poke();
    await filled(2);
  });

  test("pressure: one after another is given back until it is over", async () => {
    await warm(3);
    spare = -1;
    const destroy = runtime.destroy.bind(runtime);
    runtime.destroy = async (i) => {
      await destroy(i);
      if (instances.all().length === 1) spare = 0;
    };
    pool.poke();
    await filled(1);
    await sleep(10);
    expect(pool.have("mini")).toBe(1);
  });
});

describe("over a restart", () => {
  test("adopts what runs and is current; half-made, dead and outdated ones go", async () => {
    await warm(3);
    await pool.stop();
    const [current, dead, outdated] = instances.all();
    runtime.running.delete(dead!.id);
    store.write((tx) => tx.run("UPDATE instances SET layers = '[\"/old\"]' WHERE id = ?", [outdated!.id]));
    instances = new Instances(store);
    instances.add({ ...current!, id: "halfmd", slug: "s", stage: "filling" }, 1);
    instances.add({ ...current!, id: "anodes", slug: "t", node: "n1", vcluster: "v", stage: "claimed" }, 1);
    runtime.since();
    const again = open();
    await again.adopt();
    expect(again.have("mini")).toBe(1);
    expect(again.take("mini", claimAs("n2"))!.id).toBe(current!.id);
    expect(runtime.since()).toEqual(["destroy warm", "destroy warm", "destroy warm"]);
    expect(instances.get("anodes")!.stage).toBe("claimed");
  });
});

test("one that ended by itself is replaced; a node's end is not the pool's business", async () => {
  await warm(1);
  const [first] = instances.all();
  pool.lost("nobody");
  expect(pool.have("mini")).toBe(1);
  runtime.running.delete(first!.id);
  pool.lost(first!.id);
  await until("another", () => pool.have("mini") === 1 && !instances.get(first!.id), SOON);
});

describe("deleting the image", () => {
  test("waits until no warm node is left, the one that just boots included; forgets what was wanted", async () => {
    await warm(1);
    const gate = Promise.withResolvers<void>();
    runtime.held.set("boot", gate.promise);
    pool.setWant("mini", 2);
    await until("the second", () => instances.all().length === 2, SOON);
    let left: number | null = null;
    const leaving = pool.leave("mini", async () => {
      left = instances.all().length;
      images.known.delete("mini");
    });
    await until("the first to go", () => instances.all().length === 1, SOON);
    expect([left, pool.want("mini")]).toEqual([null, 0]);
    runtime.held.clear();
    gate.resolve();
    await leaving;
    expect(left as number | null).toBe(0);
    expect(open().want("mini")).toBe(0);
    expect(store.all("SELECT * FROM warm_wanted")).toEqual([]);
  });

  test("that is refused leaves all as it was", async () => {
    await warm(1);
    const refused = pool.leave("mini", () => Promise.reject(new Error("in use")));
    expect(await refused.catch((e) => e.message)).toBe("in use");
    await filled(1);
    expect(open().want("mini")).toBe(1);
  });
});

describe("demand", () => {
  test("the pool grows with what is claimed, as far as memory goes, and shrinks when it is quiet again", async () => {
    minimum = 2;
    pool.poke();
    await filled(2);
    for (let n = 0; n < 8; n++) pool.take("mini", claimAs(`n${n}`));
    expect(pool.want("mini")).toBe(6);
    clock.move(1_000);
    pool.poke();
    await filled(6);
    clock.move(3 * HALF_LIFE_MS);
    pool.poke();
    await filled(2);
    for (let n = 0; n < 8; n++) pool.take("mini", claimAs(`m${n}`));
    spare = 0;
    clock.move(1_000);
    pool.poke();
    expect(pool.have("mini")).toBe(0);
  });

  test("a number that people set stays", async () => {
    minimum = 2;
    await warm(1);
    for (let n = 0; n < 8; n++) pool.take("mini", claimAs(`n${n}`));
    expect(pool.want("mini")).toBe(1);
  });
});
