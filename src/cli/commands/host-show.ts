import type { Host, HostNode } from "../../contracts/public/index.ts";
import { formatMiB } from "../../lib/units.ts";
import { command } from "../command.ts";
import { formatLabels } from "../labels.ts";
import type { Output } from "../output.ts";
import { formatFields, stateColour } from "../table.ts";
import { duration } from "../text.ts";
import { describeSize } from "../vcluster-view.ts";

export const hostShow = command({
  name: "host show",
  summary: "One host: its state and why, what it has, what is used, and what runs there",
  details: "With --json: the host, and its nodes in `placed`. Administrators see everybody's nodes, others their own.",
  args: [{ name: "NAME", doc: "the host" }],
  run: async (ctx) => {
    const params = { name: ctx.args.NAME! };
    const { api } = ctx.connect();
    const [host, { items: placed }] = await Promise.all([api.host({ params }), api.hostNodes({ params })]);
    ctx.out.data({ ...host, placed }, () => show(ctx.out, host, placed, Date.now()));
    return 0;
  },
});

function show(out: Output, host: Host, placed: HostNode[], now: number): void {
  const { capacity: has, reserved: promised, used } = host;
  const round = (n: number) => Math.round(n * 10) / 10;
  const three = (u: string | number, p: string | number, h: string | number) => `${u} used, ${p} promised, has ${h}`;
  const gpus = host.gpus.map((g) => (g.memory === null ? g.name : `${g.name} (${formatMiB(g.memory)})`));
  out.stdout.write(
    formatFields([
      ["name", host.name],
      ["state", host.reason === null ? host.state : `${host.state}: ${host.reason}`],
      ...(host.operation === null ? [] : [["operation", host.operation] as const]),
      ["address", host.address],
      ["labels", formatLabels(host.labels) || null],
      ["nodes", `${host.nodes}, and ${host.warm} warm`],
      ["cpu", three(round(used.cpu), round(promised.cpu), has.cpu)],
      ["memory", three(formatMiB(used.memory), formatMiB(promised.memory), formatMiB(has.memory))],
      ["disk", three(formatMiB(used.disk), formatMiB(promised.disk), formatMiB(has.disk))],
      ["gpus", gpus.join(", ") || "none"],
      ["images", host.images.join(", ") || "none"],
      ["data folders", host.homes === "local" ? "on this host" : "in the shared file system"],
      ["docklet", host.version],
      ["kernel", host.kernel],
      ["lxc", host.lxc],
      ["up", host.bootedAt === 0 ? "unknown" : duration(now - host.bootedAt)],
    ]),
  );
  if (placed.length === 0) return;
  out.stdout.write("\n");
  out.table(
    placed,
    [
      { title: "OWNER", cell: (n) => n.owner },
      { title: "VCLUSTER", cell: (n) => n.vcluster },
      { title: "NODE", cell: (n) => n.node },
      { title: "STATE", cell: (n) => n.state, colour: (n) => stateColour(n.state) },
      { title: "SIZE", cell: (n) => describeSize(n.size) },
      { title: "WHY HERE", cell: (n) => n.why ?? "" },
    ],
    "",
  );
}
