import { constants, Database, type SQLQueryBindings, type Statement } from "bun:sqlite";
import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { asDocklet } from "../lib/errors.ts";
import { copyDatabase } from "./copy.ts";
import { type Migration, migrate } from "./migrate.ts";

export type Row = Record<string, string | number | null | Uint8Array>;
export type Params = Record<string, SQLQueryBindings> | SQLQueryBindings[];

/** Reads; also what the body of a write gets. Statements are compiled once per text. */
export interface Reader {
  all<T = Row>(sql: string, params?: Params): T[];
  get<T = Row>(sql: string, params?: Params): T | null;
}

export interface Tx extends Reader {
  /** Returns the number of rows changed. */
  run(sql: string, params?: Params): number;
  /** Called after the write is durable; never when it was rolled back. */
  afterCommit(fn: () => void): void;
}

/**
 * One SQLite file, one writer: this object. `write` is the only way in. Its body is synchronous and takes
 * times and ids from outside, so that the same body gives the same rows wherever it is replayed.
 */
export class Store implements Reader {
  readonly #db: Database;
  readonly #statements = new Map<string, Statement>();
  #inWrite = false;

  private constructor(
    db: Database,
    private readonly committed: () => void,
  ) {
    this.#db = db;
  }

  /**
   * Opens or makes `path` (mode 0600, folder 0700) and brings its schema up to date. ":memory:" for tests.
   * `committed` is called after every write that is on disk.
   */
  static open(path: string, migrations: Migration[], committed: () => void = () => {}): Store {
    if (path !== ":memory:") makePrivate(path);
    const db = new Database(path, { create: true, strict: true });
    // Every one of these is off or unsafe unless said. busy_timeout comes first: the next ones may need it.
    db.run("PRAGMA busy_timeout = 2000");
    db.run("PRAGMA journal_mode = WAL");
    db.run("PRAGMA synchronous = FULL");
    db.run("PRAGMA foreign_keys = ON");
    // The log keeps its disk space over a restart: on a full disk it would not get it back.
    db.fileControl(constants.SQLITE_FCNTL_PERSIST_WAL, 1);
    migrate(db, path, migrations);
    return new Store(db, committed);
  }

  all<T = Row>(sql: string, params: Params = []): T[] {
    const s = this.#statement(sql);
    return (Array.isArray(params) ? s.all(...params) : s.all(params)) as T[];
  }

  get<T = Row>(sql: string, params: Params = []): T | null {
    const s = this.#statement(sql);
    return ((Array.isArray(params) ? s.get(...params) : s.get(params)) as T | undefined) ?? null;
  }

  /**
   * Runs `body` in one transaction and returns after it is on disk. Throws what the body throws, with
   * nothing changed. A full disk throws `disk_full`.
   */
  write<T>(body: (tx: Tx) => T): T {
    if (this.#inWrite) throw new Error("a write inside a write");
    const after: (() => void)[] = [];
    let over = false;
    const tx: Tx = {
      all: (sql, params) => this.all(sql, params),
      get: (sql, params) => this.get(sql, params),
      run: (sql, params = []) => {
        // What a refused async body does after its first await would otherwise be written by itself.
        if (over) throw new Error("this write is over");
        const s = this.#statement(sql);
        return (Array.isArray(params) ? s.run(...params) : s.run(params)).changes;
      },
      afterCommit: (fn) => after.push(fn),
    };
    this.#inWrite = true;
    let result: T;
    try {
      this.#db.run("BEGIN IMMEDIATE");
      try {
        result = body(tx);
        // An async body would commit at its first await and could not be rolled back: refuse it.
        if (result instanceof Promise) throw new Error("the body of a write must be synchronous");
        this.#db.run("COMMIT");
        this.committed();
      } catch (e) {
        if (this.#db.inTransaction) this.#db.run("ROLLBACK");
        throw e;
      }
    } catch (e) {
      const code = (e as { code?: string }).code;
      throw code === "SQLITE_FULL" || code === "SQLITE_IOERR_WRITE" ? asDocklet({ code: "SQLITE_FULL" }) : e;
    } finally {
      over = true;
      this.#inWrite = false;
    }
    for (const fn of after) {
      try {
        fn();
      } catch (e) {
        // The write is done, so its caller must not hear that it failed, nor the others go without: the process logs it.
        void Promise.reject(e);
      }
    }
    return result;
  }

  /** A consistent copy of the whole database, while it is in use. */
  backup(path: string): void {
    copyDatabase(this.#db, path);
  }

  get schemaVersion(): number {
    return this.get<{ v: number }>("SELECT coalesce(max(version), 0) AS v FROM schema_migrations")!.v;
  }

  close(): void {
    for (const s of this.#statements.values()) s.finalize();
    this.#statements.clear();
    this.#db.close();
  }

  #statement(sql: string): Statement {
    let s = this.#statements.get(sql);
    if (!s) {
      s = this.#db.prepare(sql);
      this.#statements.set(sql, s);
    }
    return s;
  }
}

/** SQLite gives its side files the mode of the database, so that is right before the first of them is made. */
function makePrivate(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, "a", 0o600));
  for (const file of [path, `${path}-wal`, `${path}-shm`]) if (existsSync(file)) chmodSync(file, 0o600);
}

/** Is this the error of a UNIQUE or PRIMARY KEY constraint? */
export function isUniqueViolation(e: unknown): boolean {
  const code = (e as { code?: string } | null)?.code;
  return code === "SQLITE_CONSTRAINT_UNIQUE" || code === "SQLITE_CONSTRAINT_PRIMARYKEY";
}
