/**
 * What a bench made in the kernel goes at its end, whatever the end is: done, failed or interrupted.
 * Last made, first gone.
 */
const open = new Set<() => Promise<void> | void>();

/** Registers a removal; the returned function does it now, once. */
export function atEnd(remove: () => Promise<void> | void): () => Promise<void> {
  open.add(remove);
  return async () => {
    if (open.delete(remove)) await remove();
  };
}

/** Does all removals that are left; one that fails is told and does not keep the others from happening. */
export async function endAll(): Promise<void> {
  for (const remove of [...open].reverse()) {
    if (!open.delete(remove)) continue;
    try {
      await remove();
    } catch (e) {
      console.error("could not be removed:", e);
      process.exitCode = 1;
    }
  }
}

/** An interrupted bench cleans up too, and one that failed where nobody waited; a second signal does not wait for that. */
export function endInAnyCase(): void {
  let before = false;
  process.on("unhandledRejection", (e) => {
    console.error(e);
    void endAll().finally(() => process.exit(1));
  });
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    process.on(signal, () => {
      if (before) process.exit(code);
      before = true;
      console.error("\ninterrupted: removing what was made …");
      void endAll().finally(() => process.exit(code));
    });
  }
}
