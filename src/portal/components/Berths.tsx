import type { Node } from "../../contracts/public/index.ts";
import { plural } from "../format/amounts.ts";
import { toneOf } from "./states.ts";

const SHOWN = 48;

/** The nodes of a vcluster as containers at a quay: one look tells how many there are and how they are. */
export function Berths({ nodes, large = false }: { nodes: Node[]; large?: boolean }) {
  const counts = new Map<string, number>();
  for (const n of nodes) counts.set(n.state, (counts.get(n.state) ?? 0) + 1);
  const summary = [...counts].map(([state, n]) => `${n} ${state}`).join(", ");
  return (
    <div
      className="dk-berths"
      data-large={large || undefined}
      role="img"
      aria-label={`${plural(nodes.length, "node")}: ${summary || "none yet"}`}
    >
      {nodes.slice(0, SHOWN).map((n) => (
        <span key={n.id} className="dk-berth" data-tone={toneOf(n.state)} />
      ))}
      {nodes.length > SHOWN && <span className="dk-berths-more">+{nodes.length - SHOWN}</span>}
    </div>
  );
}
