import type { ReactNode } from "react";
import type { Host } from "../../../../contracts/public/index.ts";
import { formatMiB, plural } from "../../../format/amounts.ts";

/** What the machine is and what it holds. */
export function HostFacts({ host }: { host: Host }) {
  const facts: [string, ReactNode][] = [
    ["Nodes", plural(host.nodes, "node")],
    ["Warm pool", plural(host.warm, "warm node")],
    ["docklet", host.version || "unknown"],
    ["Kernel", host.kernel || "unknown"],
    ["LXC", host.lxc || "unknown"],
    ["Images held", host.images.length > 0 ? host.images.join(", ") : "none yet"],
    ["GPUs", gpuText(host.gpus)],
    ["Data folders", host.homes === "shared" ? "in the shared file system" : "on this host's own disk"],
  ];
  return (
    <section className="dk-panel" aria-labelledby="facts-title">
      <h2 id="facts-title">Machine</h2>
      <dl className="dk-facts">
        {facts.map(([term, value]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** "2 × NVIDIA A100, 40 GiB each" */
function gpuText(gpus: Host["gpus"]): string {
  if (gpus.length === 0) return "none";
  const counts = new Map<string, number>();
  for (const { name, memory } of gpus) {
    const text = memory === null ? name : `${name}, ${formatMiB(memory)}`;
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...counts].map(([text, n]) => (n > 1 ? `${n} × ${text} each` : text)).join("; ");
}
