import { formatBytes } from "../../lib/units.ts";
import { command } from "../command.ts";
import { stateColour } from "../table.ts";
import { ago } from "../text.ts";

export const imageLs = command({
  name: "image ls",
  aliases: ["image list"],
  summary: "What nodes can be made from",
  run: async (ctx) => {
    const { items } = await ctx.connect().api.images();
    const now = Date.now();
    ctx.out.table(
      items,
      [
        { title: "NAME", cell: (i) => i.name },
        { title: "STATE", cell: (i) => i.state, colour: (i) => stateColour(i.state) },
        { title: "PARENT", cell: (i) => i.parent },
        { title: "SIZE", cell: (i) => (i.size === null ? null : formatBytes(i.size)), right: true },
        { title: "WARM", cell: (i) => `${i.warm.have}/${i.warm.want}`, right: true },
        { title: "BUILT", cell: (i) => (i.builtAt === null ? null : ago(i.builtAt, now)) },
        { title: "DESCRIPTION", cell: (i) => i.reason ?? i.description },
      ],
      "There are no images.",
    );
    return 0;
  },
});
