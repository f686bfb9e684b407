import { command } from "../command.ts";
import { everyPage } from "../pages.ts";
import { stateColour } from "../table.ts";
import { ago } from "../text.ts";
import { describeSize } from "../vcluster-view.ts";

export const vclusterLs = command({
  name: "vcluster ls",
  aliases: ["vcluster list"],
  summary: "My vclusters",
  flags: {
    owner: { type: "string", value: "NAME", doc: "somebody else's (admins)" },
    all: { type: "boolean", short: "a", doc: "everybody's (admins)" },
  },
  run: async (ctx) => {
    const { api } = ctx.connect();
    const owner = ctx.flags.all ? "*" : ctx.flags.owner;
    const rows = await everyPage((page) => api.vclusters({ query: { ...page, owner } }));
    const now = Date.now();
    ctx.out.table(
      rows,
      [
        { title: "NAME", cell: (v) => v.name },
        ...(owner === undefined ? [] : [{ title: "OWNER", cell: (v: (typeof rows)[number]) => v.owner }]),
        { title: "STATE", cell: (v) => v.state, colour: (v) => stateColour(v.state) },
        { title: "NODES", cell: (v) => v.nodes.length, right: true },
        { title: "IMAGE", cell: (v) => v.image },
        { title: "EACH", cell: (v) => (v.nodes[0] ? describeSize(v.nodes[0].size) : null) },
        { title: "MADE", cell: (v) => ago(v.createdAt, now) },
        { title: "WHY", cell: (v) => v.reason ?? "" },
      ],
      "No vclusters yet: `docklet vcluster create` makes one.",
    );
    return 0;
  },
});
