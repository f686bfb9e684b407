import { messageOf } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";

/**
 * A part of a role. A role is an ordered list of these: started first to last, stopped last to first.
 * `start` may take long (mounting a pool); `ready` says by name what is not well yet.
 */
export interface Component {
  readonly name: string;
  start(): Promise<void>;
  /** Leaves within `graceMs`; whatever must outlive docklet (nodes) is left alone. */
  stop(graceMs: number): Promise<void>;
  /** null: well. Otherwise what is wrong, in words. */
  ready?(): string | null | Promise<string | null>;
}

/** Starts all in order. When one fails, those already started are stopped again, and the failure is thrown. */
export async function startAll(components: Component[], log: Logger): Promise<void> {
  for (const [i, c] of components.entries()) {
    const began = performance.now();
    try {
      await c.start();
    } catch (e) {
      log.error({ err: e, component: c.name }, `${c.name} did not start: ${messageOf(e)}`);
      await stopAll(components.slice(0, i), 2_000, log);
      throw e;
    }
    log.debug({ component: c.name, ms: Math.round(performance.now() - began) }, "started");
  }
}

/** Stops all in reverse. One that fails or hangs does not keep the others from stopping. */
export async function stopAll(components: Component[], graceMs: number, log: Logger): Promise<void> {
  for (const c of [...components].reverse()) {
    const late = new Promise<"late">((r) => setTimeout(r, graceMs + 2_000, "late").unref?.());
    try {
      if ((await Promise.race([c.stop(graceMs), late])) === "late")
        log.warn({ component: c.name }, "did not stop in time");
    } catch (e) {
      log.error({ err: e, component: c.name }, "failed while stopping");
    }
  }
}
