import { command } from "../command.ts";
import { ownerFlag, ownerQuery } from "../owner-flag.ts";
import { detachFlag, settle } from "../settle.ts";

export const vclusterMove = command({
  name: "vcluster move",
  summary: "Move nodes of a vcluster to another host (admins)",
  details:
    "What runs is copied while it runs, and stopped only for the last difference: it starts anew on the other host, with the same addresses and everything on its disk. It stays where it is until the other host has all of it; Ctrl-C at any time turns back what has not arrived.",
  args: [
    { name: "NAME", doc: "the vcluster" },
    { name: "NODE", doc: "nodes to move, for example host-1; left out: all of them", many: true, optional: true },
  ],
  flags: {
    to: { type: "string", value: "HOST", doc: "the host; left out: wherever there is room but where they are" },
    ...ownerFlag,
    ...detachFlag,
  },
  examples: ["docklet vcluster move lab --to rack2", "docklet vcluster move lab host-1 host-2 --owner ann"],
  run: async (ctx) => {
    const name = ctx.args.NAME!;
    const { to } = ctx.flags;
    const operation = await ctx.connect().api.moveVcluster({
      params: { name },
      query: ownerQuery(ctx.flags),
      body: { ...(ctx.rest.length > 0 ? { nodes: ctx.rest } : {}), ...(to === undefined ? {} : { to }) },
    });
    const what = ctx.rest.length > 0 ? `${ctx.rest.join(", ")} of ${name}` : name;
    return settle(ctx, operation, `${what} moved${to === undefined ? "" : ` to ${to}`}.`);
  },
});
