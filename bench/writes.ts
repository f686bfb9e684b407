import { Database } from "bun:sqlite";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../src/os/clock.ts";
import { supermasterStage } from "../test/kit/supermaster-stage.ts";
import { smoke } from "./counts.ts";
import { type Summary, summarise } from "./stats.ts";
import { atLeast, type Table } from "./table.ts";

/**
 * What a write costs: authenticate, validate, commit with synchronous=FULL, answer. Beside it the floor: the
 * same disk and the same bun:sqlite, one row per FULL commit, with nothing around it.
 */
const RUN_MS = smoke ? 100 : 2000;

interface Figure {
  name: string;
  perSecond: number;
  times: Summary;
}

export async function* bench(): AsyncGenerator<Table> {
  const folder = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), "docklet-bench-"));
  try {
    const floored = await floor(join(folder, "floor.db"));
    const figures = await api(join(folder, "supermaster.db"));
    const lines = [floored, ...figures].map((f) => ({
      what: f.name,
      cells: [f.perSecond, f.times.p50, f.times.p99],
      ...(f.name.startsWith("PATCH") && { budget: atLeast(f.perSecond, 2000, "/s") }),
    }));
    yield {
      title: "API writes: authenticate, validate, commit with synchronous=FULL, answer",
      columns: ["per second", "p50 ms", "p99 ms"],
      lines,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function floor(path: string): Promise<Figure> {
  const db = new Database(path, { create: true, strict: true });
  db.run("PRAGMA journal_mode = WAL");
  db.run("PRAGMA synchronous = FULL");
  db.run("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT NOT NULL) STRICT");
  const insert = db.prepare("INSERT INTO t (v) VALUES (?)");
  const figure = await measure("floor: bun:sqlite, one row per FULL commit", () => {
    insert.run("a row of about the size of an event, a hundred bytes or a few more than that, to be fair");
  });
  insert.finalize();
  db.close();
  return figure;
}

async function api(path: string): Promise<Figure[]> {
  const stage = await supermasterStage({ clock: systemClock }, path);
  stage.clock.at = Date.now();
  stage.person("alice");
  const session = stage.session("root");
  const token = stage.token("root", ["admin"]);
  let n = 0;
  const patch = (as: typeof session) => async () => {
    const r = await stage.call("PATCH", "/users/alice", { as, body: { fullName: `Alice ${n++}` } });
    if (r.status !== 200) throw new Error(await r.text());
    await r.text();
  };
  const rows = [
    await measure("PATCH /users/:name, session + CSRF, in-process", patch(session)),
    await measure("PATCH /users/:name, API token, in-process", patch(token)),
  ];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    fetch: (r, s) => stage.wing.fetch(r, s),
    websocket: stage.wing.websocket,
  });
  const url = `http://127.0.0.1:${server.port}/api/v1/users/alice`;
  const http = async () => {
    const body = JSON.stringify({ fullName: `Alice ${n++}` });
    const r = await fetch(url, {
      method: "PATCH",
      body,
      headers: { ...token.headers, "content-type": "application/json" },
    });
    if (r.status !== 200) throw new Error(await r.text());
    await r.text();
  };
  rows.push(await measure("the same over HTTP on loopback, 16 clients in the same process", http, 16));
  const read = async () => {
    await (await stage.call("GET", "/me", { as: token })).text();
  };
  rows.push(await measure("GET /me, API token, in-process (no commit)", read));
  await server.stop(true);
  await stage.stop();
  return rows;
}

async function measure(name: string, body: () => void | Promise<void>, atOnce = 1): Promise<Figure> {
  for (let i = 0; i < 200; i++) await body();
  const times: number[] = [];
  const began = performance.now();
  const worker = async () => {
    while (performance.now() - began < RUN_MS) {
      const at = performance.now();
      await body();
      times.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  const seconds = (performance.now() - began) / 1000;
  return { name, perSecond: times.length / seconds, times: summarise(times) };
}
