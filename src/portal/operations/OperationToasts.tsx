import { useEffect, useRef } from "react";
import { ApiError, type Operation } from "../../contracts/public/index.ts";
import { useMe } from "../app/useMe.ts";
import { toastDone, toastTrouble } from "../components/toasts.tsx";
import { formatDuration } from "../format/time.ts";
import { useLive } from "../live/LiveProvider.tsx";
import { isActive, operationTitle } from "./words.ts";

/** Tells the person how what they started ended, on whatever page they are by then. */
export function OperationToasts() {
  const { listen } = useLive();
  const me = useMe();
  const running = useRef(new Set<string>());
  useEffect(
    () =>
      listen((frame) => {
        if (frame.type !== "operation" || frame.data.owner !== me.user.name) return;
        const op = frame.data;
        if (isActive(op)) running.current.add(op.id);
        // What ended before this page was open is history, not news.
        else if (running.current.delete(op.id)) tell(op);
      }),
    [listen, me.user.name],
  );
  return null;
}

function tell(op: Operation): void {
  const title = operationTitle(op);
  if (op.state === "failed" && op.error) toastTrouble(title, new ApiError(problemOf(op)));
  else toastDone(title, op.state === "done" ? took(op) : "What was half made is undone.");
}

function took(op: Operation): string {
  return `It took ${formatDuration((op.endedAt ?? op.startedAt) - op.startedAt)}.`;
}

function problemOf(op: Operation) {
  const { code, message, hint } = op.error!;
  return { type: "about:blank", title: message, status: 0, code, message, hint, requestId: op.id };
}
