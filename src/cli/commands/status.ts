import type { Me } from "../../contracts/public/accounts.ts";
import { formatMiB } from "../../lib/units.ts";
import { command } from "../command.ts";
import { formatFields } from "../table.ts";
import { showWorker } from "../worker-view.ts";

export const status = command({
  name: "status",
  summary: "Who I am, what is used and left, and how the system is",
  details: "On a host without the portal, for its root: how its worker and the connection to the master are.",
  run: async (ctx) => {
    const worker = await ctx.worker();
    if (worker) return showWorker(ctx, worker);
    const connection = ctx.connect();
    const [me, list, version, operations] = await Promise.all([
      connection.api.me(),
      connection.api.vclusters(),
      connection.api.version(),
      connection.api.operations({ query: { active: true } }),
    ]);
    const hosts = me.user.role === "admin" ? (await connection.api.hosts()).items : null;
    const data = {
      portal: connection.target.address,
      version,
      me,
      vclusters: list.items,
      operations: operations.items,
      hosts,
    };
    ctx.out.data(data, () => {
      const states = new Map<string, number>();
      for (const v of list.items) states.set(v.state, (states.get(v.state) ?? 0) + 1);
      const count = [...states].map(([state, n]) => `${n} ${state}`).join(", ");
      const fields: [string, string][] = [
        ["portal", `${connection.target.address} (docklet ${version.version})`],
        ["user", `${me.user.name} (${me.user.role}, group ${me.user.group})`],
        ["vclusters", `${list.items.length}${count && ` (${count})`}`],
        ...quotaFields(me),
        ["operations", operations.items.map((o) => `${o.kind} ${o.object}`).join(", ") || "none running"],
      ];
      if (hosts) fields.push(["hosts", hosts.map((h) => `${h.name} ${h.state}`).join(", ") || "none"]);
      ctx.out.stdout.write(formatFields(fields));
    });
    return 0;
  },
});

function quotaFields({ used, quota }: Me): [string, string][] {
  const of = (u: string | number, q: string | number) => `${u} of ${q} used`;
  return [
    ["nodes", of(used.nodes, quota.nodes)],
    ["cpu", of(used.cpu, `${quota.cpu} cores`)],
    ["memory", of(formatMiB(used.memory), formatMiB(quota.memory))],
    ["disk", of(formatMiB(used.disk), formatMiB(quota.disk))],
  ];
}
