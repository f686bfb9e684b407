import { expect, test } from "bun:test";
import { atEnd, endAll } from "./ending.ts";

test("everything goes once, last made first, and nobody is told that it is over before it is", async () => {
  const gone: string[] = [];
  const slow = (name: string) => async () => {
    await Bun.sleep(2);
    gone.push(name);
  };
  atEnd(slow("pool"));
  const early = atEnd(slow("early"));
  atEnd(slow("docklet"));
  // Its owner has begun with this one already.
  const begun = early();
  await Promise.all([endAll(), endAll().then(() => expect(gone).toHaveLength(3)), begun]);
  expect(gone.sort()).toEqual(["docklet", "early", "pool"]);
  expect(gone).toHaveLength(3);
});
