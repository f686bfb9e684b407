import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { listAssets, readAsset } from "../../os/assets.ts";
import { loadMigrations, migrate } from "../../store/migrate.ts";

test("a table that is made anew keeps its rows, its indexes, and never gives a number twice", () => {
  const all = loadMigrations(listAssets("migrations/master"), (f) => readAsset(`migrations/master/${f}`));
  const db = new Database(":memory:");
  db.run("PRAGMA foreign_keys = ON");
  const insert = (id: string, plan: string, ended: number | null) =>
    db.run(
      `INSERT INTO operations (id, kind, owner, object, vcluster, host, state, plan, total, cancellable, steps, actor, request_id, started_at, ended_at)
       VALUES (?, 'vcluster.stop', 'ann', 'web', ?, 'alpha', 'running', ?, 1, 0, '[]', 'ann', 'r', 0, ?)`,
      [id, plan === "drain" ? null : `v-${id}`, plan, ended],
    );
  migrate(db, ":memory:", all.slice(0, 3));
  const indexes = () =>
    (
      db.query("SELECT name FROM sqlite_master WHERE tbl_name = 'operations' AND sql LIKE 'CREATE%INDEX%'").all() as {
        name: string;
      }[]
    ).map((r) => r.name);
  const before = indexes();
  for (const id of ["a", "b", "c"]) insert(id, "stop", 1);
  db.run("DELETE FROM operations WHERE id = 'c'");
  const rows = db.query("SELECT * FROM operations ORDER BY seq").all();
  migrate(db, ":memory:", all);
  expect(db.query("SELECT * FROM operations ORDER BY seq").all()).toEqual(rows);
  expect(indexes()).toEqual(expect.arrayContaining(before));
  insert("d", "drain", null);
  expect(db.query("SELECT seq FROM operations WHERE id = 'd'").get()).toEqual({ seq: 4 });
  // One drain of a host at a time, and a plan that nobody knows is refused.
  expect(() => insert("e", "drain", null)).toThrow("UNIQUE");
  expect(() => insert("f", "dance", null)).toThrow("CHECK");
});
