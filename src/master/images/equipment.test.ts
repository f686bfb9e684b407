import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { fakeLayer } from "../../../test/kit/fake-volumes.ts";
import type { FakeWorker } from "../../../test/kit/fake-worker.ts";
import { CAUSE, Stage, WAIT } from "../../../test/kit/master-stage.ts";
import { DockletError } from "../../lib/errors.ts";
import { until } from "../../lib/retry.ts";

setDefaultTimeout(60_000);
let s: Stage;
afterEach(() => s.down());

const ALPHA = { images: ["mini"] };
const BETA = { name: "beta", images: [] };
const buildsOf = (w: FakeWorker) => [...w.builds.values()].map((b) => b.recipe.name);
const has = (w: FakeWorker, layer: string) =>
  until(`${w.name} has ${layer}`, () => w.images.get(layer.split("@")[0]!)?.layers[0] === layer, WAIT);
const operations = async () => (await s.api.operations({ owner: null, limit: 20 })).items;
const ended = () => until("no operation is open", async () => (await operations()).every((o) => o.endedAt), WAIT);
/** A stage where what `alpha` sends waits until it is let go. */
const held = async () => {
  s = new Stage([ALPHA, BETA]);
  const gate = Promise.withResolvers<void>();
  s.worker.volumes.misbehave.sending = () => gate.promise;
  await s.up();
  const op = await until("operation", async () => (await operations())[0], WAIT);
  return { op, letGo: gate.resolve, beta: s.workers[1]! };
};

test("a host without an image gets it from one that has it, as an operation with its bytes", async () => {
  s = await new Stage([ALPHA, BETA]).up();
  const [alpha, beta] = s.workers as [FakeWorker, FakeWorker];
  await has(beta, fakeLayer("mini"));
  await ended();
  expect([buildsOf(alpha), buildsOf(beta)]).toEqual([[], []]);
  expect(beta.volumes.layers.get(fakeLayer("mini"))).toBe(alpha.volumes.layers.get(fakeLayer("mini"))!);
  const [op] = await operations();
  expect(op).toMatchObject({ kind: "image.build", object: "mini", owner: "docklet", state: "done" });
  expect(op!.steps).toEqual([{ name: "mini", state: "done", progress: 1, message: "1/1 MiB from alpha" }]);
  const vc = await s.made({ nodes: 1, image: "mini" });
  expect(vc.state).toBe("ready");
});

test("all hosts come to the newest build", async () => {
  s = await new Stage([ALPHA, { name: "beta", images: ["mini"] }]).up();
  const build = await s.api.buildImage({ ...CAUSE, name: "mini" });
  const [alpha, beta] = s.workers as [FakeWorker, FakeWorker];
  await until("build", () => alpha.builds.has(build.id), WAIT);
  alpha.finishBuild(build.id);
  await has(beta, fakeLayer("mini", 2));
  await ended();
  expect(buildsOf(beta)).toEqual([]);
  expect(await operations()).toHaveLength(2);
});

test("an image on others comes with those below it, lowest first", async () => {
  s = new Stage([{ images: ["mini", "base"] }, BETA]);
  const [alpha, beta] = s.workers as [FakeWorker, FakeWorker];
  const layers = [fakeLayer("base"), fakeLayer("mini")];
  alpha.setImage({ ...alpha.images.get("base")!, layers });
  const came: string[] = [];
  beta.volumes.misbehave.adopting = (p) => void came.push(p.volume.id);
  await s.up();
  await has(beta, fakeLayer("base"));
  await ended();
  expect(came.indexOf(fakeLayer("mini"))).toBeLessThan(came.indexOf(fakeLayer("base")));
  expect(beta.images.get("base")!.layers).toEqual(layers);
});

test("only where nobody who has it is connected, it is built", async () => {
  s = await new Stage([ALPHA]).up();
  s.master.detachWorker("alpha");
  const beta = s.join(BETA);
  await until("build", () => beta.builds.size === 1, WAIT);
  const [operation] = [...beta.builds.keys()];
  await s.api.cancel(operation!, CAUSE);
  await ended();
  await Bun.sleep(50);
  expect((await operations()).map((o) => o.state)).toEqual(["cancelled"]);
});

test("cancelled, nothing of it is left, and it is not begun again until the host comes back", async () => {
  const { op, letGo, beta } = await held();
  await s.api.cancel(op.id, CAUSE);
  await s.ended(op, "cancelled");
  letGo();
  await until("nothing is left", () => beta.volumes.pictures.size + beta.volumes.parts.size === 0, WAIT);
  await Bun.sleep(50);
  expect(await operations()).toHaveLength(1);
  s.master.detachWorker("beta");
  s.master.attachWorker("beta", beta);
  await has(beta, fakeLayer("mini"));
  await ended();
});

test("a master that ends in the middle goes on with the same operation", async () => {
  const { op, letGo, beta } = await held();
  letGo();
  await s.restart();
  await s.ended(op, "done");
  await has(beta, fakeLayer("mini"));
  expect(await operations()).toHaveLength(1);
});

test("deleted while it is on its way, it is nowhere", async () => {
  const { op, letGo, beta } = await held();
  await s.api.deleteImage({ ...CAUSE, name: "mini" });
  letGo();
  expect((await s.ended(op)).state).toBe("cancelled");
  await Bun.sleep(50);
  expect(beta.volumes.layers.size).toBe(0);
  expect((await s.api.images()).find((i) => i.name === "mini")?.state).toBe("absent");
});

test("a host that has no room for it says so", async () => {
  s = new Stage([ALPHA, BETA]);
  s.workers[1]!.volumes.misbehave.adopting = () => {
    throw new DockletError("disk_full", "The storage pool is full.", "Free some space.");
  };
  await s.up();
  const op = await until("operation", async () => (await operations())[0], WAIT);
  expect((await s.ended(op, "failed")).error).toMatchObject({ code: "disk_full" });
});

test("the host that sends it goes away for good: another one that has it takes over", async () => {
  s = new Stage([ALPHA, { name: "gamma", images: ["mini"] }, BETA]);
  const [alpha, gamma, beta] = s.workers as [FakeWorker, FakeWorker, FakeWorker];
  const never = new Promise<void>(() => {});
  for (const w of [alpha, gamma]) w.volumes.misbehave.sending = () => never;
  await s.up();
  const op = await until("operation", async () => (await operations())[0], WAIT);
  const from = await until(
    "it is being sent",
    async () => / from (alpha|gamma)/.exec((await s.api.operation(op.id))?.steps[0]?.message ?? "")?.[1],
    WAIT,
  );
  for (const w of [alpha, gamma]) w.volumes.misbehave.sending = () => {};
  s.master.detachWorker(from);
  await s.ended(op, "done");
  expect((await s.api.operation(op.id))?.steps[0]?.message).toContain(from === "alpha" ? "from gamma" : "from alpha");
  expect(beta.images.get("mini")?.state).toBe("ready");
});
