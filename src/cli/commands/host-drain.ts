import { command } from "../command.ts";
import { detachFlag, settle } from "../settle.ts";

export const hostDrain = command({
  name: "host drain",
  summary: "Move everything away from a host, and place nothing new on it",
  details:
    "Nodes move a few at a time; each that runs is stopped only for its last difference, and starts anew elsewhere. What finds no place stays and is named. The host stays cordoned afterwards: `docklet host uncordon` opens it again. Ctrl-C turns back what has not arrived; what has stays where it is.",
  args: [{ name: "NAME", doc: "the host" }],
  flags: {
    to: { type: "string", value: "HOST", doc: "move everything there; left out: wherever there is room" },
    ...detachFlag,
  },
  examples: ["docklet host drain rack1", "docklet host drain rack1 --to rack2 --detach"],
  run: async (ctx) => {
    const name = ctx.args.NAME!;
    const { api } = ctx.connect();
    const { to } = ctx.flags;
    const { nodes } = await api.host({ params: { name } });
    const many = `${nodes} node${nodes === 1 ? "" : "s"}`;
    ctx.out.note(`${many} will move away from ${name}, a few at a time; nothing new is placed on it from now on.`);
    const operation = await api.drainHost({ params: { name }, body: to === undefined ? {} : { to } });
    return settle(ctx, operation, `Nothing is left on ${name}. It stays cordoned: docklet host uncordon ${name}`);
  },
});
