import { configError } from "../../config/load.ts";
import { validateAgainstHost } from "../../config/validate.ts";
import { readHostFacts } from "../../os/host-facts.ts";
import { command, UsageError } from "../command.ts";
import { joinFlags, joinToken } from "../join-token.ts";
import { versionInfo } from "../version-info.ts";

export const join = command({
  name: "join",
  summary: "Let this host join a cluster, with a token of its master",
  details:
    "Joins and ends: `docklet serve --role=worker` then runs the worker, and needs no token. A host that has joined already stays as it is.\nThe token comes from `docklet join-token create` on the master's host; DOCKLET_JOIN_FILE and DOCKLET_JOIN are other ways to give it.",
  takesSettings: true,
  flags: {
    ...joinFlags,
    anew: { type: "boolean", doc: "also when this host has joined already: after `docklet host rm`, for example" },
  },
  examples: ["docklet join --master-ip 10.0.0.1 --join-file token"],
  run: async (ctx) => {
    const token = joinToken(ctx.flags, ctx.env, "join");
    if (token === null)
      throw new UsageError(
        "There is no join token.",
        "Make one with `docklet join-token create` on the master's host, and name the file that it is in with --join-file.",
        "join",
      );
    if (process.getuid?.() !== 0)
      throw new UsageError("`docklet join` needs root: it writes this host's key.", "Run it with sudo.", "join");
    const loaded = ctx.config();
    const problems = validateAgainstHost(loaded, readHostFacts(), { roles: ["worker"], runningIsFine: true });
    if (problems.length > 0) throw configError(problems);
    const { joinCluster } = await import("../../roles/join.ts");
    const joined = await joinCluster(loaded, versionInfo(), token, ctx.flags.anew);
    ctx.out.data(joined, () => {
      ctx.out.line(
        joined.already
          ? `This host belongs to the cluster ${joined.cluster} already.`
          : `This host has joined the cluster ${joined.cluster} as ${joined.name}.`,
      );
      if (!joined.already) ctx.out.note("Its worker: docklet serve --role=worker");
    });
    return 0;
  },
});
