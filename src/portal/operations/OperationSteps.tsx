import {
  IconAlertTriangleFilled,
  IconCircle,
  IconCircleCheckFilled,
  IconCircleMinus,
  IconLoader2,
} from "@tabler/icons-react";
import type { Step } from "../../contracts/public/index.ts";
import { formatPercent } from "../format/amounts.ts";

const ICONS: Record<Step["state"], typeof IconCircle> = {
  waiting: IconCircle,
  running: IconLoader2,
  done: IconCircleCheckFilled,
  failed: IconAlertTriangleFilled,
  cancelled: IconCircleMinus,
};

export function OperationSteps({ steps }: { steps: Step[] }) {
  return (
    <ol className="dk-steps">
      {steps.map((s) => {
        const Icon = ICONS[s.state];
        return (
          <li key={s.name} data-state={s.state}>
            <Icon size={16} aria-hidden className={s.state === "running" ? "dk-spin" : undefined} />
            <span className="dk-step-name">
              {s.name}
              <span className="dk-sr">, {s.state}</span>
            </span>
            {s.state === "running" && s.progress !== null && (
              <span className="dk-dim">{formatPercent(s.progress)}</span>
            )}
            {s.message && <span className="dk-step-message">{s.message}</span>}
          </li>
        );
      })}
    </ol>
  );
}
