import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { CAUSE, Stage, WAIT } from "../../../test/kit/master-stage.ts";
import { until } from "../../lib/retry.ts";

setDefaultTimeout(60_000);
let s: Stage;
afterEach(() => s.down());

const buildsOf = (n: number) => [...s.workers[n]!.builds.values()].map((b) => b.recipe.name);

test("a host without an image builds it by itself", async () => {
  s = await new Stage([{ images: ["mini"] }, { name: "beta", images: [] }]).up();
  await until("build", () => s.workers[1]!.builds.size === 1, WAIT);
  expect([buildsOf(0), buildsOf(1)]).toEqual([[], ["mini"]]);
  s.workers[1]!.finishBuild([...s.workers[1]!.builds.keys()][0]!);
  await until("image", async () => (await s.api.images()).find((i) => i.name === "mini")?.operation === null, WAIT);
  const { items } = await s.api.operations({ owner: null, limit: 10 });
  expect(items.map((o) => [o.kind, o.object, o.owner, o.state])).toEqual([["image.build", "mini", "docklet", "done"]]);
});

test("a build that failed or was cancelled there is not begun again and again", async () => {
  s = await new Stage([{ images: ["mini"] }, { name: "beta", images: [] }]).up();
  await until("build", () => s.workers[1]!.builds.size === 1, WAIT);
  const operation = [...s.workers[1]!.builds.keys()][0]!;
  await s.api.cancel(operation, CAUSE);
  await until("end", async () => (await s.api.operation(operation))!.endedAt !== null, WAIT);
  await Bun.sleep(50);
  const { items } = await s.api.operations({ owner: null, limit: 10 });
  expect(items.map((o) => o.state)).toEqual(["cancelled"]);
});
