import { useQuery } from "@tanstack/react-query";
import type { Vcluster } from "../../contracts/public/index.ts";
import { operationsQuery } from "../app/queries.ts";
import { CancelOperation, OperationBar } from "../operations/OperationCard.tsx";
import { OperationSteps } from "../operations/OperationSteps.tsx";
import { currentStep, isActive } from "../operations/words.ts";

/** What is being done to a vcluster now, with its steps and the way to cancel. Nothing when it is at rest. */
export function Underway({ vc, steps = false }: { vc: Vcluster; steps?: boolean }) {
  const { data } = useQuery(operationsQuery);
  const op = data?.find((o) => o.id === vc.operation);
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
