import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStoreOf } from "../../../test/kit/worker-parts.ts";
import type { Store } from "../../store/store.ts";
import { Instances, type NewInstance } from "./instances.ts";

let dir: string;
let store: Store;
let instances: Instances;
const reopen = () => {
  store?.close();
  store = openStoreOf("worker", join(dir, "worker.db"));
  instances = new Instances(store);
};
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "docklet-instances-"));
  reopen();
});
afterEach(() => {
  store.close();
  rmSync(dir, { recursive: true });
});

const fresh = (id: string, more: Partial<NewInstance> = {}): NewInstance => ({
  id,
  node: null,
  vcluster: null,
  image: "mini",
  layers: ["/l/mini@1"],
  slug: `slug-${id}`,
  jupyterToken: "t",
  hostKey: "k",
  hostKeyPub: "p",
  stage: "filling",
  ...more,
});

test("the lowest range that nobody has; one that is given back is used again", () => {
  const ranges = () => instances.all().map((i) => i.range);
  for (const id of ["a", "b", "c", "d"]) instances.add(fresh(id), 1);
  expect(ranges()).toEqual([0, 1, 2, 3]);
  instances.remove("b");
  instances.remove("a");
  expect(instances.add(fresh("e"), 1).range).toBe(0);
  expect(instances.add(fresh("f"), 1).range).toBe(1);
  expect(instances.add(fresh("g"), 1).range).toBe(4);
});

test("when all ranges are taken that is an error, and nothing is written", () => {
  store.write((tx) =>
    tx.run(
      "WITH RECURSIVE n(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM n WHERE x < 999) INSERT INTO instances (id, image, layers, id_range, slug, jupyter_token, host_key, host_key_pub, stage, created_at) SELECT 'i' || x, 'mini', '[]', x, 's' || x, '', '', '', 'warm', 1 FROM n",
    ),
  );
  expect(() => instances.add(fresh("x"), 1)).toThrow("all id ranges");
  expect(instances.get("x")).toBeUndefined();
});

test("no two with one id, one slug or one node", () => {
  instances.add(fresh("a", { node: "n1" }), 1);
  for (const twin of [fresh("a"), fresh("b", { slug: "slug-a" }), fresh("b", { node: "n1" })])
    expect(() => instances.add(twin, 1)).toThrow("UNIQUE");
  expect(instances.all()).toHaveLength(1);
});

test("a warm one is claimed, found by its node, and all of it is there after a restart", () => {
  instances.add(fresh("a"), 1);
  instances.setStage("a", "warm");
  instances.setBooted("a", 77);
  const claimed = instances.claim("a", "n1", "v1");
  expect(claimed).toMatchObject({ node: "n1", vcluster: "v1", stage: "claimed", warm: true, bootedAt: 77 });
  for (const look of [() => {}, reopen]) {
    look();
    expect(instances.ofNode("n1")).toEqual(claimed);
    expect(instances.inVcluster("v1")).toEqual([claimed]);
    expect(instances.get("a")).toEqual(claimed);
  }
  instances.remove("a");
  expect([instances.ofNode("n1"), instances.get("a"), instances.inVcluster("v1").length]).toEqual([
    undefined,
    undefined,
    0,
  ]);
});

test("a node cannot be claimed twice; the second instance stays warm", () => {
  instances.add(fresh("a", { stage: "warm" }), 1);
  instances.add(fresh("b", { stage: "warm" }), 1);
  instances.claim("a", "n1", "v1");
  expect(() => instances.claim("b", "n1", "v1")).toThrow("UNIQUE");
  expect(instances.get("b")).toMatchObject({ node: null, stage: "warm" });
  expect(instances.ofNode("n1")!.id).toBe("a");
});

test("layers are in use as long as something stands on them, docklet's own below all", () => {
  expect(instances.usesLayer("/l/docklet@1")).toBe(false);
  instances.add(fresh("a", { layers: ["/l/top@1", "/l/mini@1"] }), 1);
  expect(["/l/top@1", "/l/mini@1", "/l/mini@2", "/l/docklet@1"].map((l) => instances.usesLayer(l))).toEqual([
    true,
    true,
    false,
    true,
  ]);
  instances.remove("a");
  expect(instances.usesLayer("/l/mini@1")).toBe(false);
});
