import { command } from "../command.ts";

export const joinTokenRevoke = command({
  name: "join-token revoke",
  aliases: ["join-token rm"],
  summary: "Revoke a join token; hosts that joined with it stay",
  args: [{ name: "ID", doc: "its id, from `docklet join-token ls`" }],
  run: async (ctx) => {
    const id = ctx.args.ID!;
    await ctx.connect().api.revokeJoinToken({ params: { id } });
    ctx.out.data({ revoked: id }, () => ctx.out.note(`Join token ${id} is revoked.`));
    return 0;
  },
});
