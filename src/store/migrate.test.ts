import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadMigrations, type Migration } from "./migrate.ts";
import { Store } from "./store.ts";

const one: Migration = {
  version: 1,
  name: "init",
  sql: "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1);",
};
const two: Migration = {
  version: 2,
  name: "more",
  sql: "CREATE TABLE b (y INTEGER) STRICT; INSERT INTO b SELECT x FROM a;",
};
const three: Migration = { version: 3, name: "last", sql: "ALTER TABLE b ADD COLUMN z TEXT;" };

let dir: string;
const path = () => join(dir, "x.db");
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "docklet-migrate-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** Opens, asks, closes. */
function at<T>(migrations: Migration[], ask: (s: Store) => T): T {
  const store = Store.open(path(), migrations);
  try {
    return ask(store);
  } finally {
    store.close();
  }
}
const tables = (file: string) => {
  const db = new Database(file, { readonly: true });
  const found = db.query("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all() as {
    name: string;
  }[];
  db.close();
  return found.map((t) => t.name).filter((n) => n !== "schema_migrations");
};

test("files are read in the order of their numbers; strange names are refused", () => {
  const loaded = loadMigrations(["0002_more.sql", "README", "0001_init.sql"], (f) => `-- ${f}`);
  expect(loaded).toEqual([
    { version: 1, name: "init", sql: "-- 0001_init.sql" },
    { version: 2, name: "more", sql: "-- 0002_more.sql" },
  ]);
  for (const name of ["1_x.sql", "0001-x.sql", "0001_X.sql"])
    expect(() => loadMigrations([name], () => "")).toThrow(name);
});

test("each is applied once, in order, and the version is known", () => {
  expect(at([one], (s) => s.schemaVersion)).toBe(1);
  expect(at([one, two, three], (s) => [s.schemaVersion, s.all("SELECT * FROM b")])).toEqual([3, [{ y: 1, z: null }]]);
  expect(at([one, two, three], (s) => s.schemaVersion)).toBe(3);
});

test("a copy is made before, readable by root alone; a fresh database needs none", () => {
  at([one], () => {});
  expect(readdirSync(dir).filter((f) => !/-(wal|shm)$/.test(f))).toEqual(["x.db"]);
  at([one, two], () => {});
  expect(tables(`${path()}.before-2`)).toEqual(["a"]);
  expect(statSync(`${path()}.before-2`).mode & 0o777).toBe(0o600);
  expect(
    readdirSync(dir)
      .filter((f) => !/-(wal|shm)$/.test(f))
      .sort(),
  ).toEqual(["x.db", "x.db.before-2"]);
});

test("a copy that a crash or an earlier upgrade left is replaced by a good one", () => {
  at([one], (s) => s.write((tx) => tx.run("INSERT INTO a VALUES (2)")));
  writeFileSync(`${path()}.before-2`, "half a file");
  at([one, two], () => {});
  const db = new Database(`${path()}.before-2`, { readonly: true });
  expect(db.query("SELECT count(*) AS n FROM a").get()).toEqual({ n: 2 });
  db.close();
});

test("one that fails half-way leaves the schema before it, and the next try works", () => {
  at([one], () => {});
  const broken = { ...two, sql: "CREATE TABLE b (y INTEGER) STRICT; INSERT INTO nowhere VALUES (1);" };
  expect(() => at([one, broken, three], () => {})).toThrow("nowhere");
  expect(tables(path())).toEqual(["a"]);
  expect(at([one], (s) => s.schemaVersion)).toBe(1);
  expect(at([one, two, three], (s) => s.schemaVersion)).toBe(3);
});

test("a process that dies between two migrations goes on at the second", async () => {
  at([one], () => {});
  const script = `
    import { Store } from ${JSON.stringify(join(import.meta.dir, "store.ts"))};
    const [one, two] = ${JSON.stringify([one, two])};
    Store.open(${JSON.stringify(path())}, [one, two, { version: 3, name: "last", get sql() {
      process.kill(process.pid, "SIGKILL");
      return "";
    } }]);`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdin: "ignore", stdout: "ignore", stderr: "inherit" });
  await child.exited;
  expect(child.signalCode).toBe("SIGKILL");
  expect(tables(path())).toEqual(["a", "b"]);
  expect(at([one, two, three], (s) => s.schemaVersion)).toBe(3);
});

test("a database of a newer docklet is refused and not touched", () => {
  at([one, two], () => {});
  const before = Bun.hash(readFileSync(path()));
  expect(() => at([one], () => {})).toThrow(
    expect.objectContaining({ code: "unsupported", hint: expect.stringContaining("before-2") }),
  );
  expect(Bun.hash(readFileSync(path()))).toBe(before);
});

test("a migration that was edited or taken away is refused", () => {
  at([one, two], () => {});
  for (const ours of [[{ ...one, sql: `${one.sql} ` }, two], [two]])
    expect(() => at(ours, () => {})).toThrow(expect.objectContaining({ code: "unsupported" }));
});
