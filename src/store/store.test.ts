import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isUniqueViolation, Store } from "./store.ts";

const MIGRATIONS = [
  {
    version: 1,
    name: "init",
    sql: "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL) STRICT; CREATE TABLE child (t INTEGER NOT NULL REFERENCES t (id)) STRICT;",
  },
];

let dir: string;
let store: Store;
const path = () => join(dir, "folder", "test.db");
const names = () => store.all<{ name: string }>("SELECT name FROM t ORDER BY id").map((r) => r.name);
const insert = "INSERT INTO t (name) VALUES ($name)";

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "docklet-store-"));
  store = Store.open(path(), MIGRATIONS);
});
afterEach(() => {
  store.close();
  rmSync(dir, { recursive: true });
});

describe("opening", () => {
  test("every file is 0600 and the folder 0700, whatever the umask", () => {
    store.write((tx) => tx.run(insert, { name: "a" }));
    const modes = readdirSync(join(dir, "folder")).map((f) => [f, statSync(join(dir, "folder", f)).mode & 0o777]);
    expect(modes.sort()).toEqual([
      ["test.db", 0o600],
      ["test.db-shm", 0o600],
      ["test.db-wal", 0o600],
    ]);
    expect(statSync(join(dir, "folder")).mode & 0o777).toBe(0o700);
    store.backup(join(dir, "copy.db"));
    expect(statSync(join(dir, "copy.db")).mode & 0o777).toBe(0o600);
  });

  test("the safe pragmas are really set", () => {
    const pragma = (name: string) => Object.values(store.get(`PRAGMA ${name}`)!)[0];
    expect(["journal_mode", "synchronous", "foreign_keys", "busy_timeout"].map(pragma)).toEqual(["wal", 2, 1, 2000]);
    expect(() => store.write((tx) => tx.run("INSERT INTO child VALUES (7)"))).toThrow("FOREIGN KEY");
  });

  test("a file that is no database is an error, and stays as it is", () => {
    writeFileSync(join(dir, "text"), "not a database at all, but long enough to have a header");
    expect(() => Store.open(join(dir, "text"), MIGRATIONS)).toThrow();
    expect(statSync(join(dir, "text")).size).toBe(55);
  });
});

describe("write", () => {
  test("all or nothing", () => {
    store.write((tx) => tx.run(insert, { name: "kept" }));
    expect(() =>
      store.write((tx) => {
        tx.run(insert, { name: "lost" });
        expect(tx.all("SELECT * FROM t")).toHaveLength(2);
        throw new Error("half-way");
      }),
    ).toThrow("half-way");
    expect(names()).toEqual(["kept"]);
    store.write((tx) => tx.run(insert, { name: "next" }));
    expect(names()).toEqual(["kept", "next"]);
  });

  test("a write inside a write is refused, and takes the outer one back", () => {
    expect(() =>
      store.write((tx) => {
        tx.run(insert, { name: "outer" });
        store.write((inner) => inner.run(insert, { name: "inner" }));
      }),
    ).toThrow("a write inside a write");
    expect(names()).toEqual([]);
  });

  test("an async body is refused and rolled back, and nothing of it is written later", async () => {
    const after = Promise.withResolvers<unknown>();
    expect(() =>
      store.write(async (tx) => {
        tx.run(insert, { name: "first" });
        await Promise.resolve();
        try {
          tx.run(insert, { name: "second" });
          after.resolve(null);
        } catch (e) {
          after.resolve(e);
        }
      }),
    ).toThrow("must be synchronous");
    expect(String(await after.promise)).toContain("over");
    expect(names()).toEqual([]);
  });

  test("afterCommit comes after the commit, in order; never after a rollback", () => {
    const seen: string[] = [];
    store.write((tx) => {
      tx.run(insert, { name: "a" });
      tx.afterCommit(() => seen.push(`1 ${names()}`));
      tx.afterCommit(() => void store.write((t) => t.run(insert, { name: "b" })));
      tx.afterCommit(() => seen.push(`2 ${names()}`));
      seen.push("body");
    });
    expect(seen).toEqual(["body", "1 a", "2 a,b"]);
    expect(() =>
      store.write((tx) => {
        tx.afterCommit(() => seen.push("never"));
        tx.run(insert, { name: "a" });
      }),
    ).toThrow("UNIQUE");
    expect(seen).toHaveLength(3);
  });

  test("a listener that fails after the commit neither undoes it nor keeps the others from hearing", async () => {
    const script = `
      import { Store } from ${JSON.stringify(join(import.meta.dir, "store.ts"))};
      process.on("unhandledRejection", (e) => console.log("logged", e.message));
      const store = Store.open(":memory:", ${JSON.stringify(MIGRATIONS)});
      const n = store.write((tx) => {
        tx.afterCommit(() => { throw new Error("deaf"); });
        tx.afterCommit(() => console.log("heard"));
        return tx.run("INSERT INTO t (name) VALUES ('a')");
      });
      console.log("wrote", n);`;
    const child = Bun.spawn([process.execPath, "-e", script], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
    expect(await new Response(child.stdout).text()).toBe("heard\nwrote 1\nlogged deaf\n");
  });

  test("named and positional parameters; a missing one is an error; text is never SQL", () => {
    const evil = "x'); DROP TABLE t; --";
    expect(store.write((tx) => tx.run(insert, { name: evil }))).toBe(1);
    expect(store.get<{ id: number }>("SELECT id FROM t WHERE name = ?", [evil])).toEqual({ id: 1 });
    expect(store.get("SELECT id FROM t WHERE name = ?", ["no"])).toBeNull();
    expect(() => store.write((tx) => tx.run(insert, {}))).toThrow();
    expect(names()).toEqual([evil]);
  });

  test("a full disk says so, and reading goes on", () => {
    const pages = store.get<{ page_count: number }>("PRAGMA page_count")!.page_count;
    store.get(`PRAGMA max_page_count = ${pages}`);
    const fill = () => store.write((tx) => tx.run(insert, { name: "x".repeat(100_000) }));
    expect(fill).toThrow(expect.objectContaining({ code: "disk_full" }));
    expect(names()).toEqual([]);
    store.get(`PRAGMA max_page_count = ${pages + 1000}`);
    expect(fill()).toBe(1);
  });

  test("isUniqueViolation tells a taken name from other trouble", () => {
    const failed = (body: () => void) => {
      try {
        body();
      } catch (e) {
        return e;
      }
    };
    store.write((tx) => tx.run(insert, { name: "a" }));
    expect(isUniqueViolation(failed(() => store.write((tx) => tx.run(insert, { name: "a" }))))).toBe(true);
    expect(isUniqueViolation(failed(() => store.write((tx) => tx.run("INSERT INTO t VALUES (1, 'b')"))))).toBe(true);
    expect(isUniqueViolation(failed(() => store.write((tx) => tx.run("INSERT INTO child VALUES (9)"))))).toBe(false);
    expect(isUniqueViolation(null)).toBe(false);
  });
});

test("what was written is on disk for whoever opens the file next", () => {
  store.write((tx) => tx.run(insert, { name: "a" }));
  const other = new Database(path(), { readonly: true });
  expect(other.query("SELECT name FROM t").all()).toEqual([{ name: "a" }]);
  other.close();
  store.close();
  store = Store.open(path(), MIGRATIONS);
  expect(names()).toEqual(["a"]);
  expect(store.schemaVersion).toBe(1);
});
