import { expect, test } from "bun:test";
import { watchRoutes } from "./route-watch.ts";

test("a watch that is stopped is not lost", async () => {
  const said: string[] = [];
  const watch = watchRoutes(
    () => said.push("changed"),
    (why) => said.push(why),
  );
  watch.stop();
  await Bun.sleep(50);
  expect(said).toEqual([]);
});
