import { expect, test } from "bun:test";
import { silentLogger } from "../../lib/log.ts";
import { listAssets, readAsset } from "../../os/assets.ts";
import { loadMigrations } from "../../store/migrate.ts";
import { Store } from "../../store/store.ts";
import { KEPT_MS, Retention } from "./retention.ts";

test("old history and ended operations go; what is young or unfinished stays", () => {
  const migrations = loadMigrations(listAssets("migrations/master"), (f) => readAsset(`migrations/master/${f}`));
  const store = Store.open(":memory:", migrations);
  const now = 1_000 * 86_400_000;
  const event = (object: string, at: number) =>
    store.write((tx) =>
      tx.run(
        "INSERT INTO events (at, actor, action, object, owner, result, message, request_id) VALUES ($at, 'a', 'x', $object, NULL, 'ok', '', NULL)",
        { at, object },
      ),
    );
  const operation = (id: string, endedAt: number | null) =>
    store.write((tx) =>
      tx.run(
        `INSERT INTO operations (id, kind, owner, object, vcluster, state, plan, total, cancellable, steps, actor, request_id, started_at, ended_at)
         VALUES ($id, 'vcluster.stop', 'a', $id, $id, $state, 'stop', 1, 0, '[]', 'a', 'r', 0, $endedAt)`,
        { id, state: endedAt === null ? "running" : "done", endedAt },
      ),
    );
  operation("month", now - KEPT_MS.operations - 1);
  operation("young", now - 1);
  operation("running", null);
  event("old", now - KEPT_MS.events - 1);
  event("month", now - KEPT_MS.operations - 1);
  event("young", now - 1);
  new Retention({ store, clock: { now: () => now, monotonic: () => now }, log: silentLogger }).run();
  const left = store.all<{ object: string }>("SELECT object FROM events ORDER BY seq").map((r) => r.object);
  expect(left).toEqual(["month", "young"]);
  const operations = store.all<{ id: string }>("SELECT id FROM operations ORDER BY seq").map((r) => r.id);
  expect(operations).toEqual(["young", "running"]);
});
