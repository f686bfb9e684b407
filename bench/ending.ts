/**
 * What a bench made in the kernel goes at its end, whatever the end is: done, failed or interrupted.
 * Last made, first gone.
 */
const open = new Set<() => Promise<void>>();

/** Registers a removal; the returned function does it now, once. */
export function atEnd(remove: () => Promise<void> | void): () => Promise<void> {
  let gone: Promise<void> | null = null;
  const once = () => {
    gone ??= (async () => remove())().finally(() => open.delete(once));
    return gone;
  };
  open.add(once);
  return once;
}

let ending: Promise<void> | null = null;

/** Does all removals that are left, once, whoever asks. One that fails is told and does not keep the others from happening. */
export function endAll(): Promise<void> {
  ending ??= (async () => {
    for (let last = [...open].at(-1); last; last = [...open].at(-1)) {
      try {
        await last();
      } catch (e) {
        console.error("could not be removed:", e);
        process.exitCode = 1;
      }
    }
  })();
  return ending;
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
