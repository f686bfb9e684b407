import {
  IconAlertTriangleFilled,
  IconCircleCheckFilled,
  IconLoader2,
  IconPlayerPauseFilled,
} from "@tabler/icons-react";
import { type Tone, toneOf } from "./states.ts";

const ICONS: Record<Tone, typeof IconLoader2> = {
  good: IconCircleCheckFilled,
  busy: IconLoader2,
  rest: IconPlayerPauseFilled,
  bad: IconAlertTriangleFilled,
};

export function StateBadge({ state, label }: { state: Parameters<typeof toneOf>[0]; label?: string }) {
  const tone = toneOf(state);
  const Icon = ICONS[tone];
  return (
    <span className="dk-state" data-tone={tone} data-state={state}>
      <Icon size={14} aria-hidden className={tone === "busy" ? "dk-spin" : undefined} />
      {label ?? state}
    </span>
  );
}
