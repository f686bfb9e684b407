import { command, UsageError } from "../command.ts";

export const imageWarm = command({
  name: "image warm",
  summary: "How many nodes of an image are kept booted, so that a click takes no time",
  args: [
    { name: "NAME", doc: "the image" },
    { name: "COUNT", doc: "warm nodes to keep; 0: none" },
  ],
  run: async (ctx) => {
    if (!/^\d{1,3}$/.test(ctx.args.COUNT!))
      throw new UsageError("COUNT must be a whole number from 0 to 200.", "", "image warm");
    const warm = Number(ctx.args.COUNT);
    const image = await ctx.connect().api.patchImage({ params: { name: ctx.args.NAME! }, body: { warm } });
    ctx.out.data(image, () => ctx.out.note(`${image.name}: ${image.warm.have} of ${image.warm.want} warm nodes.`));
    return 0;
  },
});
