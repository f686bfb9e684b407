import { parseSeconds } from "../../lib/durations.ts";
import { command } from "../command.ts";
import { duration } from "../text.ts";

export const joinTokenCreate = command({
  name: "join-token create",
  summary: "Make a token with which another host joins; it is printed once",
  flags: {
    role: { type: "string", choices: ["worker"], doc: "what the host will be; default: worker" },
    ttl: { type: "string", value: "TIME", doc: "how long it can be used, for example 30m or 7d; default 24h" },
    uses: { type: "integer", doc: "how many hosts may join with it; default 1" },
  },
  examples: ["docklet join-token create --role worker", "docklet join-token create --ttl 7d --uses 10"],
  run: async (ctx) => {
    const { ttl, uses } = ctx.flags;
    const made = await ctx.connect().api.createJoinToken({
      body: {
        role: "worker",
        ...(ttl === undefined ? {} : { ttlSeconds: parseSeconds(ttl) }),
        ...(uses === undefined ? {} : { uses }),
      },
    });
    const { token, text } = made;
    ctx.out.data(made, () => {
      const hosts = token.uses === 1 ? "one host" : `${token.uses} hosts`;
      ctx.out.note(
        `Join token ${token.id} for ${hosts}, good for ${duration(token.expiresAt - Date.now())}, shown this once:`,
      );
      ctx.out.line(text);
      ctx.out.note(
        "On the other machine, with it in a file: sudo DOCKLET_MASTER_IP=ADDRESS DOCKLET_JOIN_FILE=FILE ./install.sh",
      );
    });
    return 0;
  },
});
