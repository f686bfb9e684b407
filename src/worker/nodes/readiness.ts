import { until } from "../../lib/retry.ts";
import { listeningPorts } from "../../os/procfs.ts";
import type { Instance } from "./instances.ts";

export type ReadyWhen = "init" | "ssh" | "jupyter";
const PORT = { ssh: 22, jupyter: 8888 } as const;

/** Seconds that a node may take to come up before it counts as failed. */
export const BOOT_TIMEOUT_MS = 180_000;

/** Does the service listen? Seen from the host in the node's own socket table: works without any network. */
export function listens(pid: number, when: ReadyWhen): boolean {
  return when === "init" || listeningPorts(pid).has(PORT[when]);
}

/** Waits until what the person clicked for listens; `pidOf` answers null once the node has died. */
export async function waitListening(
  i: Instance,
  when: ReadyWhen,
  pidOf: () => number | null | Promise<number | null>,
  signal: AbortSignal,
): Promise<void> {
  await until(
    `${when} of node ${i.node ?? i.id}`,
    async () => {
      const pid = await pidOf();
      if (pid === null) throw new Error("the node ended while it was booting");
      return listens(pid, when);
    },
    { timeoutMs: BOOT_TIMEOUT_MS, firstMs: 4, maxMs: 60, signal },
  );
}

/** Waits until Jupyter gives a correct answer over the vcluster's network, token and base URL included. */
export async function waitAnswering(i: Instance, address: string, signal: AbortSignal): Promise<void> {
  await until(
    `Jupyter of node ${i.node ?? i.id} to answer`,
    async () => {
      try {
        const r = await fetch(`http://${address}:${PORT.jupyter}/${i.slug}/api/status`, {
          headers: { authorization: `token ${i.jupyterToken}`, connection: "close" },
          signal: AbortSignal.any([signal, AbortSignal.timeout(3_000)]),
          redirect: "manual",
          proxy: "",
        } as RequestInit);
        await r.body?.cancel();
        return r.status === 200;
      } catch {
        return false;
      }
    },
    { timeoutMs: 60_000, firstMs: 3, maxMs: 50, signal },
  );
}
