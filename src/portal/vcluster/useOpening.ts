import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError, type OpenAnswer, type State } from "../../contracts/public/index.ts";
import { api } from "../app/api.ts";
import { hasCode } from "../app/problem.ts";
import { type OpenTarget, webUrl } from "./openTarget.ts";

const LONGEST_PAUSE_MS = 5000;

/**
 * Asks for a ticket as soon as the node may answer, and goes there. "Not ready yet" is not an error: it is asked
 * again when the stream reports a change, and now and then besides, in case the change was missed.
 */
export function useOpening(target: OpenTarget | null, state: State | "unknown" | "loading") {
  const [error, setError] = useState<unknown>(null);
  const [attempt, setAttempt] = useState(0);
  const asking = useRef(false);
  const wish = target === null ? null : JSON.stringify(target);

  useEffect(() => {
    if (wish === null || asking.current || (state !== "ready" && state !== "unknown")) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let left = false;
    asking.current = true;
    ticketFor(JSON.parse(wish) as OpenTarget)
      .then((answer) => {
        const url = webUrl(answer.url, location.href);
        if (url === null) throw new Error("the server answered with an address that is not a web page");
        if (!left) location.replace(url);
      })
      .catch((e: unknown) => {
        if (left) return;
        if (!hasCode(e, "unavailable")) return setError(e);
        timer = setTimeout(() => setAttempt((n) => n + 1), Math.min(500 * 1.5 ** attempt, LONGEST_PAUSE_MS));
      })
      .finally(() => {
        asking.current = false;
      });
    return () => {
      left = true;
      asking.current = false;
      clearTimeout(timer);
    };
  }, [wish, state, attempt]);

  const again = useCallback(() => {
    setError(null);
    setAttempt((n) => n + 1);
  }, []);
  return { error: error instanceof ApiError || error instanceof Error ? error : null, again };
}

function ticketFor(target: OpenTarget): Promise<OpenAnswer> {
  if (target.kind === "slug") return api.openSlug({ body: target.body });
  return api.openVcluster({ params: { name: target.name }, query: { owner: target.owner }, body: target.body });
}
