import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { listAssets, readAsset } from "../../os/assets.ts";

const files = listAssets("migrations/master")
  .filter((f) => f.endsWith(".sql"))
  .sort();
const at = files.findIndex((f) => f.startsWith("0005_"));

test("folders that there are already: of those with nodes, where the oldest is; of others, on the master's own host", () => {
  const db = new Database(":memory:");
  for (const f of files.slice(0, at)) db.run(readAsset(`migrations/master/${f}`));
  for (const id of ["old", "two", "none"]) db.run("INSERT INTO owners VALUES (?, ?, 1, '[]')", [id, id]);
  for (const [vc, owner] of [
    ["vca", "old"],
    ["vcb", "old"],
    ["vcc", "two"],
  ] as const)
    db.run(
      `INSERT INTO vclusters (id, owner_id, name, image, desired, generation, subnet_base, subnet_prefix, gateway, peer_private, peer_public, state, created_at, request_id)
       VALUES (?, ?, ?, 'mini', 'running', 1, 1, 26, 1, '', '', 'ready', 1, 'r')`,
      [vc, owner, vc],
    );
  for (const [i, [vc, idx, host]] of (
    [
      ["vcb", 0, "later"],
      ["vca", 1, "second"],
      ["vca", 0, "first"],
      ["vcc", 3, "second"],
    ] as const
  ).entries())
    db.run(
      `INSERT INTO nodes (id, vcluster, idx, host, cpu, memory, disk, address, mac, desired, since, operation, state)
       VALUES (?, ?, ?, ?, 1, 1, 1, ?, ?, 'running', 1, 'o', 'ready')`,
      [`n${i}`, vc, idx, host, i, `m${i}`],
    );
  db.run("INSERT INTO hosts (name, report, seen_at) VALUES ('own', '{}', 1), ('joined', '{}', 2)");
  db.run("INSERT INTO join_tokens VALUES ('t', '', 'worker', 1, '', 1, 2, NULL)");
  db.run("INSERT INTO members VALUES ('m', 'joined', 'worker', 't', '', 1, NULL)");
  db.run(readAsset(`migrations/master/${files[at]}`));
  expect(db.query("SELECT owner, host, moving_to, picture, leaving FROM homes ORDER BY owner").all()).toEqual([
    { owner: "none", host: "own", moving_to: null, picture: null, leaving: 0 },
    { owner: "old", host: "first", moving_to: null, picture: null, leaving: 0 },
    { owner: "two", host: "second", moving_to: null, picture: null, leaving: 0 },
  ]);
});
