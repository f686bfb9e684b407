import { Button } from "@mantine/core";
import { IconAlertTriangle, IconPlugConnectedX, IconSquareCheck } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import type { LinkState } from "./TerminalLink.ts";

interface Props {
  state: LinkState;
  onRetry: () => void;
  onClose: () => void;
}

/** Over the terminal: why it does not answer, and what happens next. What it last showed stays readable below. */
export function TerminalNotice({ state, onRetry, onClose }: Props) {
  return (
    <div role="status" aria-live="polite" className="dk-term-status">
      {state.kind === "lost" && (
        <div className="dk-term-notice" data-testid="terminal-lost">
          <IconPlugConnectedX size={18} aria-hidden />
          <span>
            Connection lost. <Countdown until={state.retryAt} /> What runs in it goes on.
          </span>
          <Button size="compact-sm" variant="default" onClick={onRetry}>
            Try now
          </Button>
        </div>
      )}
      {state.kind === "ended" && (
        <div className="dk-term-notice">
          <IconSquareCheck size={18} aria-hidden />
          <span>The session ended{state.code === 0 ? "." : ` with code ${state.code}.`}</span>
          <Button size="compact-sm" variant="default" onClick={onRetry}>
            Start a new one
          </Button>
          <Button size="compact-sm" variant="default" onClick={onClose}>
            Close the tab
          </Button>
        </div>
      )}
      {state.kind === "refused" && (
        <div className="dk-term-notice" data-bad>
          <IconAlertTriangle size={18} aria-hidden />
          <span>
            {state.message} {state.hint}
          </span>
          <Button size="compact-sm" variant="default" onClick={onRetry}>
            Try again
          </Button>
        </div>
      )}
    </div>
  );
}

function Countdown({ until }: { until: number }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  const left = Math.ceil((until - now) / 1000);
  return <span aria-hidden>{left > 0 ? `Reconnecting in ${left} s.` : "Reconnecting…"}</span>;
}
