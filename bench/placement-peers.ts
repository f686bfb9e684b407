import { Database } from "bun:sqlite";
import type { NodeSize } from "../src/contracts/public/index.ts";
import { fits, minus } from "../src/master/placement/amount.ts";
import type { Candidate } from "../src/master/placement/candidate.ts";

/** What placement is measured with, and what it is measured against. */
export const HOSTS = 100;
export const PER_VCLUSTER = 8;
export const SIZE: NodeSize = { cpu: 0.5, memory: 512, disk: 4096 };
export const LIMIT: NodeSize = { cpu: 512, memory: 524_288, disk: 16_000_000 };
export const hostName = (i: number) => `h${String(i).padStart(3, "0")}`;

/** A hundred hosts, no two alike. */
export function hosts(): Candidate[] {
  return Array.from({ length: HOSTS }, (_, i) => ({
    name: hostName(i),
    limit: LIMIT,
    reserved: { cpu: i % 7, memory: (i % 11) * 512, disk: (i % 13) * 1024 },
    unfit: i % 20 === 19 ? "is cordoned" : null,
    warm: i % 5 === 0 ? 1 : 0,
    image: i % 10 !== 3,
    mine: 0,
    home: false,
    labels: i % 2 === 0 ? { disk: "fast" } : { disk: "slow" },
    strained: null,
  }));
}

/** Gives what was chosen to the hosts, and begins anew when they are half full. */
export function taking(choose: (all: Candidate[]) => readonly string[]): () => void {
  let all = hosts();
  let left = 0;
  let byName = new Map<string, Candidate>();
  return () => {
    if (left-- <= 0) {
      all = hosts();
      byName = new Map(all.map((c) => [c.name, c]));
      left = (HOSTS * LIMIT.cpu) / SIZE.cpu / 2 / PER_VCLUSTER;
    }
    for (const h of choose(all)) {
      const c = byName.get(h)!;
      c.reserved.cpu += SIZE.cpu;
      c.reserved.memory += SIZE.memory;
      c.reserved.disk += SIZE.disk;
    }
  };
}

export function firstFit(): () => void {
  return taking((all) => {
    const c = all.find((h) => h.unfit === null && fits(minus(h.limit, h.reserved), SIZE) > 0);
    if (!c) throw new Error("no room");
    return [c.name];
  });
}

export function ordered(): () => void {
  const db = new Database(":memory:", { strict: true });
  db.run(
    "CREATE TABLE hosts (name TEXT PRIMARY KEY, fit INTEGER, warm INTEGER, image INTEGER, cpu REAL, memory REAL, disk REAL, lcpu REAL, lmemory REAL, ldisk REAL) WITHOUT ROWID",
  );
  const fill = db.prepare("INSERT OR REPLACE INTO hosts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  const refill = db.transaction(() => {
    for (const c of hosts()) {
      const { cpu, memory, disk } = c.reserved;
      fill.run(
        c.name,
        c.unfit === null ? 1 : 0,
        c.warm,
        c.image ? 1 : 0,
        cpu,
        memory,
        disk,
        LIMIT.cpu,
        LIMIT.memory,
        LIMIT.disk,
      );
    }
  });
  const choose = db.prepare<{ name: string }, [number, number, number]>(
    `SELECT name FROM hosts WHERE fit = 1 AND cpu + ? <= lcpu AND memory + ? <= lmemory AND disk + ? <= ldisk
     ORDER BY image DESC, warm > 0 DESC, max(cpu / lcpu, memory / lmemory, disk / ldisk), name LIMIT 1`,
  );
  const take = db.prepare("UPDATE hosts SET cpu = cpu + ?, memory = memory + ?, disk = disk + ? WHERE name = ?");
  let left = 0;
  return () => {
    if (left-- <= 0) {
      refill();
      left = (HOSTS * LIMIT.cpu) / SIZE.cpu / 2;
    }
    const got = choose.get(SIZE.cpu, SIZE.memory, SIZE.disk);
    take.run(SIZE.cpu, SIZE.memory, SIZE.disk, got!.name);
  };
}

export function floorOf(path: string) {
  const db = new Database(path, { create: true, strict: true });
  db.run("PRAGMA journal_mode = WAL");
  db.run("PRAGMA synchronous = FULL");
  db.run("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT NOT NULL) STRICT");
  const insert = db.prepare("INSERT INTO t (v) VALUES (?)");
  return {
    write: () =>
      void insert.run("a row of about the size of an event, a hundred bytes or a few more than that, to be fair"),
    close: () => {
      insert.finalize();
      db.close();
    },
  };
}
