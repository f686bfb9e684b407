import { useQuery } from "@tanstack/react-query";
import type { Vcluster } from "../../contracts/public/index.ts";
import { operationQuery, operationsQuery } from "../app/queries.ts";
import { CancelOperation, OperationBar } from "../operations/OperationCard.tsx";
import { OperationSteps } from "../operations/OperationSteps.tsx";
import { currentStep, isActive } from "../operations/words.ts";

/** What is being done to a vcluster now, with its steps and the way to cancel. Nothing when it is at rest. */
export function Underway({ vc, steps = false }: { vc: Vcluster; steps?: boolean }) {
  return <UnderwayOf id={vc.operation} steps={steps} />;
}

/** One operation by its id, while it goes on. */
export function UnderwayOf({ id, steps = false }: { id: string | null; steps?: boolean }) {
  const { data } = useQuery(operationsQuery);
  const listed = data?.find((o) => o.id === id);
  // The list holds one's own and what the stream told since: another person's, begun earlier, is asked for.
  const asked = useQuery({
    ...operationQuery(id ?? ""),
    enabled: id !== null && data !== undefined && listed === undefined,
  });
  const op = listed ?? (asked.data?.id === id ? asked.data : undefined);
  if (!op || !isActive(op)) return null;
  return (
    <div className="dk-underway">
      <OperationBar op={op} />
      {steps && op.steps.length > 0 && <OperationSteps steps={op.steps} />}
      <div className="dk-underway-foot">
        {!steps && <span className="dk-dim">{currentStep(op) ?? "Waiting for its turn"}</span>}
        <CancelOperation op={op} />
      </div>
    </div>
  );
}
