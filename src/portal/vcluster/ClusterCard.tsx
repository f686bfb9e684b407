import { Button } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { Vcluster } from "../../contracts/public/index.ts";
import { Berths } from "../components/Berths.tsx";
import { StateBadge } from "../components/StateBadge.tsx";
import { JupyterButton, TerminalButton } from "./links.tsx";
import { summaryOf } from "./summary.ts";
import { Underway } from "./Underway.tsx";
import { useAsOwner, useVclusterActions } from "./useVclusterActions.ts";

export function ClusterCard({ vc }: { vc: Vcluster }) {
  const owner = useAsOwner(vc.owner);
  return (
    <article className="dk-card" data-state={vc.state} aria-labelledby={`vc-${vc.id}`}>
      <div className="dk-card-head">
        <h2 id={`vc-${vc.id}`}>
          <Link to="/vclusters/$name" params={{ name: vc.name }} search={{ owner, tab: undefined }}>
            {vc.name}
          </Link>
        </h2>
        <StateBadge state={vc.state} />
      </div>
      <Berths nodes={vc.nodes} />
      <p className="dk-card-sum">
        {owner !== undefined && <strong>{vc.owner} · </strong>}
        {summaryOf(vc)} · image {vc.image}
      </p>
      {vc.reason && <p className="dk-reason">{vc.reason}</p>}
      <Underway vc={vc} />
      <CardActions vc={vc} />
    </article>
  );
}

function CardActions({ vc }: { vc: Vcluster }) {
  const { start } = useVclusterActions(vc);
  const rests = vc.state === "stopped" || vc.state === "failed";
  if (vc.state === "deleting" || vc.state === "stopping") return null;
  if (rests) {
    return (
      <div className="dk-card-actions">
        <Button
          variant="default"
          size="md"
          leftSection={<IconPlayerPlay size={18} aria-hidden />}
          loading={start.isPending}
          onClick={() => start.mutate()}
        >
          {vc.state === "failed" ? "Try again" : "Start"}
        </Button>
      </div>
    );
  }
  return (
    <div className="dk-card-actions">
      <JupyterButton vc={vc} size="md" />
      <TerminalButton vc={vc} size="md" />
    </div>
  );
}
