import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import type { Operation } from "../../contracts/public/index.ts";
import { api } from "../app/api.ts";
import { StateBadge } from "../components/StateBadge.tsx";
import { TimeAgo } from "../components/TimeAgo.tsx";
import { useAction } from "../components/useAction.ts";
import { formatDuration } from "../format/time.ts";
import { putOperation } from "../live/reducer.ts";
import { OperationSteps } from "./OperationSteps.tsx";
import { isActive, operationProgress, operationTitle } from "./words.ts";

export function OperationCard({ op }: { op: Operation }) {
  const active = isActive(op);
  return (
    <article className="dk-op" data-state={op.state} aria-label={operationTitle(op)}>
      <div className="dk-op-head">
        <strong>{operationTitle(op)}</strong>
        <StateBadge state={op.state} />
      </div>
      {active && <OperationBar op={op} />}
      {(active || op.state === "failed") && op.steps.length > 0 && <OperationSteps steps={op.steps} />}
      {op.error && (
        <div className="dk-op-error">
          <p>{op.error.message}</p>
          {op.error.hint && <p>{op.error.hint}</p>}
        </div>
      )}
      <div className="dk-op-foot">
        <span className="dk-dim">
          <TimeAgo at={op.startedAt} />
          {op.endedAt !== null && `, took ${formatDuration(op.endedAt - op.startedAt)}`}
        </span>
        <CancelOperation op={op} />
      </div>
    </article>
  );
}

export function OperationBar({ op }: { op: Operation }) {
  const percent = Math.round(operationProgress(op) * 100);
  return (
    <div
      className="dk-op-bar"
      role="progressbar"
      aria-label={operationTitle(op)}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <span style={{ width: `${Math.max(4, percent)}%` }} />
    </div>
  );
}

export function CancelOperation({ op }: { op: Operation }) {
  const cache = useQueryClient();
  const cancel = useAction({
    run: () => api.cancelOperation({ params: { id: op.id } }),
    failed: "It could not be cancelled",
    onDone: (now) => putOperation(cache, now),
  });
  if (!op.cancellable || !isActive(op)) return null;
  return (
    <Button
      size="compact-sm"
      variant="default"
      loading={cancel.isPending}
      disabled={op.state === "cancelling"}
      onClick={() => cancel.mutate()}
    >
      {op.state === "cancelling" ? "Cancelling…" : "Cancel"}
    </Button>
  );
}
