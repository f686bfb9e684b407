import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import type { Node, Vcluster } from "../../contracts/public/index.ts";
import { vclusterQuery, vclustersQuery } from "../app/queries.ts";
import { useMe } from "../app/useMe.ts";
import { Berths } from "../components/Berths.tsx";
import { useTitle } from "../components/PageHeader.tsx";
import { TroubleAlert } from "../components/TroubleAlert.tsx";
import { targetOf } from "../vcluster/openTarget.ts";
import { Underway } from "../vcluster/Underway.tsx";
import { useOpening } from "../vcluster/useOpening.ts";
import { useVclusterActions } from "../vcluster/useVclusterActions.ts";

/** The way into a workspace: asks for a ticket, waits while it is still coming up, and then becomes the workspace. */
export function OpenPage() {
  const search = useSearch({ from: "/inside/open" });
  const me = useMe();
  const target = targetOf(search);
  const owner = search.owner ?? me.user.name;
  const mine = useQuery(vclustersQuery("mine"));
  const other = useQuery({
    ...vclusterQuery(owner, search.vcluster ?? "", search.owner),
    enabled: search.owner !== undefined && search.vcluster !== undefined,
  });
  const vc =
    other.data ?? mine.data?.find((v) => v.name === search.vcluster || v.nodes.some((n) => n.slug === search.slug));
  const node = vc?.nodes.find((n) => (search.slug ? n.slug === search.slug : n.name === (search.node ?? "host-0")));
  const name = vc?.name ?? search.vcluster ?? "your workspace";
  useTitle(`Opening ${name}`);
  const { error, again } = useOpening(target, mine.isPending ? "loading" : (node?.state ?? "unknown"));

  return (
    <section className="dk-opening" aria-labelledby="opening-title">
      <h1 id="opening-title">{error || isOff(node) ? name : `Opening ${name}`}</h1>
      {vc && <Berths nodes={vc.nodes} large />}
      {target === null ? (
        <p>This link does not say what to open.</p>
      ) : error ? (
        <TroubleAlert title="It could not be opened" error={error} retry={again} />
      ) : vc && isOff(node) ? (
        <Off vc={vc} reason={node?.reason ?? vc.reason} />
      ) : (
        <p role="status" className="dk-opening-status">
          {node && node.state !== "ready"
            ? `${node.name} is ${node.state}${node.reason ? `: ${node.reason}` : "…"}`
            : "One moment…"}
        </p>
      )}
      {vc && <Underway vc={vc} steps />}
      <Button variant="subtle" renderRoot={(props) => <Link to="/" {...props} />}>
        Back to my clusters
      </Button>
    </section>
  );
}

function isOff(node: Node | undefined): boolean {
  return node?.state === "stopped" || node?.state === "failed";
}

function Off({ vc, reason }: { vc: Vcluster; reason: string | null }) {
  const { start } = useVclusterActions(vc);
  return (
    <>
      <p>
        {vc.name} is {vc.state}. {reason}
      </p>
      <Button size="md" loading={start.isPending} onClick={() => start.mutate()}>
        Start it and open
      </Button>
    </>
  );
}
