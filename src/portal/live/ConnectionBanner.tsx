import { Button } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useLive } from "./LiveProvider.tsx";

/** Short gaps are nobody's business. */
const SHOW_AFTER_MS = 1500;

/** Says so when what is on screen may be out of date. The live region is always there, so that it is read out. */
export function ConnectionBanner() {
  const { connection, retryNow } = useLive();
  const [shown, setShown] = useState(false);
  const lost = connection === "lost";
  useEffect(() => {
    if (!lost) return setShown(false);
    const timer = setTimeout(() => setShown(true), SHOW_AFTER_MS);
    return () => clearTimeout(timer);
  }, [lost]);
  return (
    <div role="status" aria-live="polite">
      {shown && (
        <div className="dk-banner" data-testid="connection-banner">
          <IconPlugConnectedX size={18} aria-hidden />
          <span>Connection lost. Reconnecting; what you see may be out of date.</span>
          <Button size="compact-sm" variant="default" onClick={retryNow}>
            Try now
          </Button>
        </div>
      )}
    </div>
  );
}
