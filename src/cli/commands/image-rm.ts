import { command } from "../command.ts";
import { confirm, yesFlag } from "../confirm.ts";

export const imageRm = command({
  name: "image rm",
  aliases: ["image delete"],
  summary: "Delete an image that nothing uses",
  args: [{ name: "NAME", doc: "the image" }],
  flags: yesFlag,
  run: async (ctx) => {
    const name = ctx.args.NAME!;
    await confirm(ctx, ctx.flags.yes, `the image ${name}`, name);
    await ctx.connect().api.deleteImage({ params: { name } });
    ctx.out.data({ deleted: name }, () => ctx.out.note(`Image ${name} is gone.`));
    return 0;
  },
});
