import { type QueryKey, useMutation, useQueryClient } from "@tanstack/react-query";
import { toastDone, toastTrouble } from "./toasts.tsx";

interface Options<I, O> {
  run: (input: I) => Promise<O>;
  /** Title of the message when it fails, for example "The key was not added". */
  failed: string;
  /** Said when it worked; left out where the page shows it anyway. */
  done?: string;
  /** What is asked again afterwards. */
  refresh?: QueryKey[];
  onDone?: (output: O, input: I) => void;
  /** The page shows errors itself, beside the field. */
  quiet?: boolean;
}

/** A write: runs once at a time, tells what went wrong, and brings the lists that it changed up to date. */
export function useAction<I = void, O = unknown>({
  run,
  failed,
  done,
  refresh = [],
  onDone,
  quiet = false,
}: Options<I, O>) {
  const cache = useQueryClient();
  return useMutation<O, unknown, I>({
    mutationFn: run,
    onSuccess: (output, input) => {
      for (const queryKey of refresh) void cache.invalidateQueries({ queryKey });
      if (done) toastDone(done);
      onDone?.(output, input);
    },
    onError: (error) => {
      if (!quiet) toastTrouble(failed, error);
    },
  });
}
