import { existsSync } from "node:fs";
import type { Loaded } from "../config/load.ts";
import { DockletError } from "../lib/errors.ts";
import { until } from "../lib/retry.ts";
import { Layout } from "../worker/layout.ts";
import { findLeftovers, type Leftover, removeLeftovers } from "../worker/leftovers.ts";
import { Installation } from "./installation.ts";

/** What is still there after this long is really left. */
const SETTLE_MS = 5_000;

export interface CleanupOptions {
  dryRun: boolean;
  /** Nodes that still run are ended too. */
  all: boolean;
  json: boolean;
  out: { json(value: unknown): void; line(text: string): void; note(text: string): void };
}

/** `docklet cleanup`: what this installation has in the kernel is listed, and removed unless it is a dry run. */
export async function cleanup(loaded: Loaded, options: CleanupOptions): Promise<number> {
  const home = new Installation(loaded.config.FS_PREFIX);
  const found: Leftover[] = existsSync(home.local) ? await findLeftovers(new Layout(home.prefix, home.tag())) : [];
  if (options.dryRun || found.length === 0) {
    report(
      options,
      found,
      found.length === 0
        ? "Nothing of docklet is left on this host."
        : `${found.length} things of docklet are on this host.`,
    );
    return 0;
  }
  const pid = home.runningPid();
  if (pid !== null)
    throw new DockletError(
      "conflict",
      `docklet is running (pid ${pid}); it looks after its own things.`,
      "Stop it first. `docklet cleanup --dry-run` only lists.",
    );
  if (!options.all && found.some((l) => l.kind === "process")) {
    throw new DockletError(
      "conflict",
      "Nodes are still running.",
      "Start docklet again to keep them, or end them with `docklet cleanup --all`: their disks are kept.",
    );
  }
  const layout = new Layout(home.prefix, home.tag());
  await removeLeftovers(layout);
  // The kernel takes some of it away later: a loop device goes with the last who looked at it.
  let rest: Leftover[] = [];
  const gone = async () => {
    rest = await findLeftovers(layout);
    return rest.length === 0;
  };
  await until("all to be gone", gone, { timeoutMs: SETTLE_MS, firstMs: 20 }).catch((e) => {
    if (rest.length === 0) throw e;
  });
  report(
    options,
    rest.length > 0 ? rest : found,
    rest.length > 0 ? `${rest.length} things could not be removed.` : `${found.length} things removed.`,
  );
  return rest.length > 0 ? 1 : 0;
}

function report(options: CleanupOptions, items: Leftover[], text: string): void {
  if (options.json) options.out.json({ items });
  else {
    for (const l of items) options.out.line(`${l.kind.padEnd(8)} ${l.name}`);
    options.out.note(text);
  }
}
