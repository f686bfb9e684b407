import { configError } from "../../config/load.ts";
import { validateAgainstHost } from "../../config/validate.ts";
import { readHostFacts } from "../../os/host-facts.ts";
import { reexecForServing } from "../../os/reexec.ts";
import { command, UsageError } from "../command.ts";
import { joinFlags, joinToken } from "../join-token.ts";
import { versionInfo } from "../version-info.ts";

const ROLES = ["supermaster", "master", "worker"] as const;
type Role = (typeof ROLES)[number];

export const serve = command({
  name: "serve",
  summary: "Run docklet on this host",
  details:
    "Without --role everything runs in one process: the supermaster (people, portal, API), its master and a worker; workers of other hosts connect to its MASTER_PORT.\nA host joins with a token, once: `docklet join-token create --role worker` on the master, then --join-file, DOCKLET_JOIN_FILE or --join here; `docklet join` does only that.\nTERM ends it; nodes go on running and are found again at the next start.",
  takesSettings: true,
  flags: {
    role: { type: "list", value: "ROLE", doc: "only these: supermaster, master, worker; several with commas" },
    ...joinFlags,
  },
  examples: [
    "docklet serve",
    "docklet serve --role=worker --master-ip 10.0.0.1 --join-file token",
    "docklet serve --role=supermaster,master",
  ],
  run: async (ctx) => {
    const roles = rolesOf(ctx.flags.role);
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

function rolesOf(given: string[]): Role[] {
  const names = given.flatMap((g) => g.split(","));
  const wrong = names.find((n) => !ROLES.some((r) => r === n));
  if (wrong !== undefined)
    throw new UsageError(`--role can't be "${wrong.slice(0, 60)}".`, `One of: ${ROLES.join(", ")}.`, "serve");
  if (names.length === 0) return [...ROLES];
  if (names.includes("supermaster") && !names.includes("master"))
    throw new UsageError(
      "A supermaster needs a master in its own process: reaching one elsewhere is not there yet.",
      "Say --role=supermaster,master.",
      "serve",
    );
  return ROLES.filter((r) => names.includes(r));
}
