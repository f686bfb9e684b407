import { configError } from "../../config/load.ts";
import { validateAgainstHost } from "../../config/validate.ts";
import { readHostFacts } from "../../os/host-facts.ts";
import { reexecForServing } from "../../os/reexec.ts";
import { command, UsageError } from "../command.ts";
import { joinFlags, joinToken } from "../join-token.ts";
import { roleFlag, rolesOf } from "../roles.ts";
import { versionInfo } from "../version-info.ts";

export const serve = command({
  name: "serve",
  summary: "Run docklet on this host",
  details:
    "Without --role everything runs in one process: the supermaster (people, portal, API), its master and a worker; workers of other hosts connect to its MASTER_PORT.\nA host joins with a token, once: `docklet join-token create --role worker` on the master, then --join-file, DOCKLET_JOIN_FILE or --join here; `docklet join` does only that.\nTERM ends it; nodes go on running and are found again at the next start.",
  takesSettings: true,
  flags: {
    ...roleFlag,
    ...joinFlags,
  },
  examples: [
    "docklet serve",
    "docklet serve --role=worker --master-ip 10.0.0.1 --join-file token",
    "docklet serve --role=supermaster,master",
  ],
  run: async (ctx) => {
    const roles = rolesOf(ctx.flags.role, "serve");
    const join = joinToken(ctx.flags, ctx.env, "serve");
    if (join !== null && roles.includes("master"))
      throw new UsageError(
        "A host with a master has a cluster of its own.",
        "To join another: --role=worker.",
        "serve",
      );
    if (process.getuid?.() !== 0)
      throw new UsageError(
        "`docklet serve` needs root: it makes containers and networks.",
        "Run it with sudo.",
        "serve",
      );
    reexecForServing();
    const loaded = ctx.config();
    // A docklet that runs from the same folder is refused in its own words further on.
    const problems = validateAgainstHost(loaded, readHostFacts(), { roles, runningIsFine: true });
    if (problems.length > 0) throw configError(problems);
    const { serve: run } = await import("../../roles/serve.ts");
    return run(loaded, roles, versionInfo(), join);
  },
});
