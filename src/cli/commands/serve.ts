import { configError } from "../../config/load.ts";
import { validateAgainstHost } from "../../config/validate.ts";
import { readHostFacts } from "../../os/host-facts.ts";
import { reexecForServing } from "../../os/reexec.ts";
import { command, UsageError } from "../command.ts";
import { versionInfo } from "../version-info.ts";

const ROLES = ["supermaster", "master", "worker"] as const;

export const serve = command({
  name: "serve",
  summary: "Run docklet on this host",
  details:
    "Without --role everything runs in one process: the supermaster (people, portal, API), its master and a worker.\nTERM ends it; nodes go on running and are found again at the next start.",
  takesSettings: true,
  flags: {
    role: { type: "list", choices: ROLES, value: "ROLE", doc: "only this role: supermaster, master or worker" },
  },
  examples: ["docklet serve", "docklet serve --role=worker --master-ip 10.0.0.1"],
  run: async (ctx) => {
    if (process.getuid?.() !== 0)
      throw new UsageError(
        "`docklet serve` needs root: it makes containers and networks.",
        "Run it with sudo.",
        "serve",
      );
    reexecForServing();
    const loaded = ctx.config();
    const roles = ctx.flags.role.length === 0 ? [...ROLES] : ROLES.filter((r) => ctx.flags.role.includes(r));
    // A docklet that runs from the same folder is refused in its own words further on.
    const problems = validateAgainstHost(loaded, readHostFacts(), { roles, runningIsFine: true });
    if (problems.length > 0) throw configError(problems);
    const { serve: run } = await import("../../roles/serve.ts");
    return run(loaded, roles, versionInfo());
  },
});
