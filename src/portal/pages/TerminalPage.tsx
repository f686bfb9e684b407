import { useQuery } from "@tanstack/react-query";
import { useParams, useSearch } from "@tanstack/react-router";
import type { Vcluster } from "../../contracts/public/index.ts";
import { vclusterQuery } from "../app/queries.ts";
import { useMe } from "../app/useMe.ts";
import { useTitle } from "../components/PageHeader.tsx";
import { QueryGate } from "../components/QueryGate.tsx";
import { TerminalDesk } from "../terminal/TerminalDesk.tsx";

export function TerminalPage() {
  const { name } = useParams({ from: "/inside/vclusters/$name/terminal" });
  const { owner, node } = useSearch({ from: "/inside/vclusters/$name/terminal" });
  const me = useMe();
  useTitle(`Terminal ${name}`);
  const query = useQuery(vclusterQuery(owner ?? me.user.name, name, owner));
  return (
    <QueryGate query={query}>
      {(vc: Vcluster) => <TerminalDesk key={vc.id} vc={vc} owner={owner} node={known(vc, node)} />}
    </QueryGate>
  );
}

function known(vc: Vcluster, node: string | undefined): string {
  return vc.nodes.find((n) => n.name === node)?.name ?? vc.nodes[0]?.name ?? "host-0";
}
