import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Layers, layerId, type Manifest } from "./layers.ts";

let pool: string;
let layers: Layers;
beforeEach(() => {
  pool = mkdtempSync(join(tmpdir(), "pool-"));
  layers = new Layers(pool, async (path) => rmSync(path, { recursive: true, force: true }));
});
afterEach(() => rmSync(pool, { recursive: true }));

function layer(name: string, digest: string, builtAt = 1, parents: string[] = []): Manifest {
  const m: Manifest = { version: 1, name, digest: digest.repeat(16), recipe: null, parents, size: 5, builtAt };
  mkdirSync(layers.tree(layerId(m)), { recursive: true });
  return m;
}

describe("layers on the pool", () => {
  test("a layer counts once its manifest is there", () => {
    const m = layer("base", "a");
    expect(layers.all()).toEqual([]);
    layers.commit(m);
    expect(layers.all()).toEqual([m]);
    expect(new Layers(pool).newest("base")).toEqual(m);
  });

  test("the newest build of a name comes first", () => {
    for (const [digest, at] of [
      ["a", 2],
      ["b", 3],
      ["c", 1],
    ] as const)
      layers.commit(layer("base", digest, at));
    expect(layers.newest("base")!.builtAt).toBe(3);
    expect(layers.newest("other")).toBeUndefined();
  });

  test("sweep deletes the unfinished and keeps the rest", async () => {
    layers.commit(layer("base", "a"));
    layer("half", "b");
    layers.commit(layer("lost", "c"));
    rmSync(layers.path(`lost@${"c".repeat(16)}`), { recursive: true });
    writeFileSync(join(layers.folder, `cut@${"d".repeat(16)}.json`), '{"version":');
    writeFileSync(join(layers.folder, `base@${"a".repeat(16)}.json.tmp17`), "{");
    writeFileSync(join(layers.folder, "a note of the administrator"), "");
    mkdirSync(join(layers.builds, "full"));
    mkdirSync(join(layers.builds, `full.packages.${"e".repeat(16)}`));
    await layers.sweep();
    expect(readdirSync(layers.folder).sort()).toEqual([
      "a note of the administrator",
      `base@${"a".repeat(16)}`,
      `base@${"a".repeat(16)}.json`,
    ]);
    expect(readdirSync(layers.builds)).toEqual([`full.packages.${"e".repeat(16)}`]);
  });

  test("leftovers are those of one name only", async () => {
    for (const entry of [`a.run.${"1".repeat(16)}`, "a.archives", `a-b.run.${"1".repeat(16)}`])
      mkdirSync(join(layers.builds, entry));
    writeFileSync(join(layers.builds, "a.log"), "");
    await layers.deleteLeftovers("a", (entry) => entry === "a.archives");
    expect(readdirSync(layers.builds).sort()).toEqual([`a-b.run.${"1".repeat(16)}`, "a.archives"]);
  });

  test("delete takes the manifest and the layer", async () => {
    const m = layer("base", "a");
    layers.commit(m);
    await layers.delete(layerId(m));
    expect(existsSync(layers.path(layerId(m)))).toBe(false);
    expect(readdirSync(layers.folder)).toEqual([]);
  });
});
