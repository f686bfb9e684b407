import { DockletError } from "../../lib/errors.ts";
import { formatMiB } from "../../lib/units.ts";
import { command } from "../command.ts";
import { formatFields } from "../table.ts";
import { duration } from "../text.ts";

export const hostShow = command({
  name: "host show",
  summary: "One host: its state and why, what it has and what is used",
  args: [{ name: "NAME", doc: "the host" }],
  run: async (ctx) => {
    const { items } = await ctx.connect().api.hosts();
    const host = items.find((h) => h.name === ctx.args.NAME);
    if (!host)
      throw new DockletError("not_found", `There is no host named ${ctx.args.NAME}.`, "`docklet host ls` lists them.");
    const { capacity: has, reserved: promised, used } = host;
    const round = (n: number) => Math.round(n * 10) / 10;
    const three = (u: string | number, p: string | number, h: string | number) => `${u} used, ${p} promised, has ${h}`;
    ctx.out.data(host, () =>
      ctx.out.stdout.write(
        formatFields([
          ["name", host.name],
          ["state", host.reason === null ? host.state : `${host.state}: ${host.reason}`],
          ["address", host.address],
          ["nodes", `${host.nodes}, and ${host.warm} warm`],
          ["cpu", three(round(used.cpu), round(promised.cpu), has.cpu)],
          ["memory", three(formatMiB(used.memory), formatMiB(promised.memory), formatMiB(has.memory))],
          ["disk", three(formatMiB(used.disk), formatMiB(promised.disk), formatMiB(has.disk))],
          ["docklet", host.version],
          ["kernel", host.kernel],
          ["lxc", host.lxc],
          ["up", host.bootedAt === 0 ? "unknown" : duration(Date.now() - host.bootedAt)],
        ]),
      ),
    );
    return 0;
  },
});
