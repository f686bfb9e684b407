import { output } from "../../os/exec.ts";

/** Bytes that a tree takes on disk. */
export async function diskUsage(tree: string, signal: AbortSignal): Promise<number> {
  const text = await output(["nice", "-n", "19", "du", "-sx", "--block-size=1", "--", tree], {
    timeoutMs: 600_000,
    signal,
  });
  return Number.parseInt(text, 10);
}
