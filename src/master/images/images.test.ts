import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { recipe } from "../../../test/kit/fake-reports.ts";
import { CAUSE, Stage, WAIT } from "../../../test/kit/master-stage.ts";
import type { Operation } from "../../contracts/public/index.ts";
import { until } from "../../lib/retry.ts";

// Conditions are waited for; on a busy machine that may take a while.
setDefaultTimeout(60_000);

let s: Stage;
beforeEach(async () => {
  s = await new Stage().up();
});
afterEach(async () => {
  await s.down();
});

const building = (op: Operation) => until("build", () => s.worker.builds.get(op.id), WAIT);
const image = async (name: string) => (await s.api.images()).find((i) => i.name === name);

describe("building", () => {
  test("an operation with the worker's own steps; asking again answers the same", async () => {
    const mine = { ...recipe("mine"), parent: "mini" };
    const op = await s.api.buildImage({ ...CAUSE, name: "mine", recipe: mine });
    expect(op).toMatchObject({ kind: "image.build", object: "mine", cancellable: true });
    expect((await s.api.buildImage({ ...CAUSE, name: "mine", recipe: mine })).id).toBe(op.id);
    await building(op);
    await until("steps", async () => (await s.api.operation(op.id))!.steps[0]!.name === "packages", WAIT);
    expect(await image("mine")).toMatchObject({ state: "building", operation: op.id, builtin: false });
    s.worker.finishBuild(op.id);
    await s.ended(op, "done");
    expect(await image("mine")).toMatchObject({ state: "ready", operation: null, parent: "mini" });
    expect((await s.made({ image: "mine" })).state).toBe("ready");
    // Its recipe is remembered.
    const again = await s.api.buildImage({ ...CAUSE, name: "mine" });
    await building(again);
    s.worker.finishBuild(again.id, { code: "host_command", message: "apt failed", hint: "" });
    expect((await s.ended(again, "failed")).error?.message).toBe("apt failed");
  });

  test("cancelled, also right after a restart", async () => {
    const op = await s.api.buildImage({ ...CAUSE, name: "mine", recipe: recipe("mine") });
    await building(op);
    expect((await s.api.cancel(op.id, CAUSE)).state).toBe("cancelling");
    await s.ended(op, "cancelled");
    const second = await s.api.buildImage({ ...CAUSE, name: "mine" });
    await building(second);
    s.worker.cancelBuild = async () => {
      throw new Error("gone away");
    };
    await s.api.cancel(second.id, CAUSE);
    Reflect.deleteProperty(s.worker, "cancelBuild");
    await s.restart();
    await s.ended(second, "cancelled");
  });

  test("goes on after a restart", async () => {
    const op = await s.api.buildImage({ ...CAUSE, name: "base" });
    await building(op);
    s.worker.builds.clear();
    await s.restart();
    await building(op);
    s.worker.finishBuild(op.id);
    await s.ended(op, "done");
  });

  test("refusals", async () => {
    const ask = (name: string, r?: ReturnType<typeof recipe>) => s.api.buildImage({ ...CAUSE, name, recipe: r });
    await expect(ask("nope")).rejects.toMatchObject({ code: "not_found" });
    await expect(ask("base", recipe("base"))).rejects.toMatchObject({ code: "conflict" });
    await expect(ask("mine", recipe("other"))).rejects.toMatchObject({ code: "invalid" });
    await expect(ask("mine", { ...recipe("mine"), parent: "nope" })).rejects.toMatchObject({ code: "conflict" });
    s.master.detachWorker("alpha");
    await expect(ask("base")).rejects.toMatchObject({ code: "unavailable" });
  });
});

test("warm pools are remembered for hosts that come later", async () => {
  expect((await s.api.patchImage({ ...CAUSE, name: "base", warm: 3 })).warm.want).toBe(3);
  s.worker.images.set("base", { ...s.worker.images.get("base")!, warm: { want: 0, have: 0 } });
  await s.restart();
  await until("warm", () => s.worker.images.get("base")!.warm.want === 3, WAIT);
  await expect(s.api.patchImage({ ...CAUSE, name: "base", warm: -1 })).rejects.toMatchObject({ code: "invalid" });
  await expect(s.api.patchImage({ ...CAUSE, name: "nope", warm: 1 })).rejects.toMatchObject({ code: "not_found" });
});

test("an image that something stands on can't be removed", async () => {
  const vc = await s.made({ image: "mini" });
  s.worker.setImage({ ...s.worker.images.get("base")!, recipe: { ...recipe("base"), parent: "mini" } });
  await until("parent", async () => (await image("base"))?.parent === "mini", WAIT);
  await expect(s.api.deleteImage({ ...CAUSE, name: "mini" })).rejects.toMatchObject({
    code: "conflict",
    message: "mini is used by ann/web, image base.",
  });
  await s.ended(await s.api.remove({ ...CAUSE, id: vc.id }), "done");
  await s.api.deleteImage({ ...CAUSE, name: "base" });
  await until("absent", async () => (await image("base"))?.state === "absent", WAIT);
  await s.api.deleteImage({ ...CAUSE, name: "mini" });
  await expect(s.api.create(s.request({ image: "mini" }))).rejects.toMatchObject({ code: "conflict" });
});
