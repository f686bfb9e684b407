import { command } from "../command.ts";

export const tokenRm = command({
  name: "token rm",
  aliases: ["token revoke"],
  summary: "Revoke an API token",
  args: [{ name: "ID", doc: "its id, from `docklet token ls`" }],
  run: async (ctx) => {
    const id = ctx.args.ID!;
    await ctx.connect().api.revokeToken({ params: { id } });
    ctx.out.data({ revoked: id }, () => ctx.out.note(`Token ${id} is revoked.`));
    return 0;
  },
});
