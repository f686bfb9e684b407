import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createLogger } from "../../src/lib/log.ts";
import { listAssets, readAsset } from "../../src/os/assets.ts";
import { detectCgroups } from "../../src/os/cgroup/detect.ts";
import { systemClock } from "../../src/os/clock.ts";
import { loadMigrations } from "../../src/store/migrate.ts";
import { Store } from "../../src/store/store.ts";
import { Layout } from "../../src/worker/layout.ts";
import { removeLeftovers } from "../../src/worker/leftovers.ts";
import { Worker } from "../../src/worker/worker.ts";
import type { LabWorkerFacts } from "./lab-worker.ts";

/**
 * A worker and nothing else, in a process of its own: what is asked of it comes as lines of JSON on stdin, what it reports
 * and answers goes out the same way. For tests of what a worker does to its host, without joining and trust.
 */
const facts = JSON.parse(process.argv[2]!) as LabWorkerFacts;
const layout = new Layout(facts.prefix, facts.tag);
if (facts.cleanup) {
  await removeLeftovers(layout);
  process.exit(0);
}

for (const dir of ["run", "log"]) mkdirSync(join(layout.local, dir), { recursive: true, mode: 0o700 });
const store = (wing: string) =>
  Store.open(
    join(layout.local, `${wing}.db`),
    loadMigrations(listAssets(`migrations/${wing}`), (f) => readAsset(`migrations/${wing}/${f}`)),
  );
const worker = new Worker({
  layout,
  cgroups: detectCgroups(),
  store: store("worker"),
  metricsStore: store("metrics"),
  clock: systemClock,
  log: createLogger("debug", { write: (line) => void process.stderr.write(line) }),
  hostName: facts.name,
  version: "0.0.0",
  pool: { storage: "file", disk: null, sizeMiB: facts.poolMiB },
  network: { device: facts.device, clusterNet: facts.clusterNet, deny: ["auto"], dns: [] },
  memoryReserve: 0,
  warmDefaults: { mini: 0, base: 0 },
  sharedFiles: "auto",
});

const say = (message: unknown) => process.stdout.write(`${JSON.stringify(message)}\n`);
await worker.start();
worker.subscribe((report) => say({ report }));
say({ ready: true });

type Call = { id: number; method: keyof Worker; args: unknown[] };

async function answer({ id, method, args }: Call): Promise<void> {
  try {
    say({ id, result: await (worker[method] as (...a: unknown[]) => unknown).apply(worker, args) });
  } catch (e) {
    const { code, message, hint } = e as { code?: string; message: string; hint?: string };
    say({ id, error: { code: code ?? "internal", message, hint: hint ?? "" } });
  }
}

for await (const line of console) if (line) void answer(JSON.parse(line) as Call);
await worker.stop();
process.exit(0);
