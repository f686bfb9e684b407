import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Flags, UsageError } from "./command.ts";

const ROLES = ["supermaster", "master", "worker"] as const;
export type Role = (typeof ROLES)[number];

export const roleFlag = {
  role: { type: "list", value: "ROLE", doc: "only these: supermaster, master, worker; several with commas" },
} as const satisfies Flags;

/** The roles of --role; all, when there is none. */
export function rolesOf(given: readonly string[], command: string): Role[] {
  const names = given.flatMap((g) => g.split(","));
  const wrong = names.find((n) => !ROLES.some((r) => r === n));
  if (wrong !== undefined)
    throw new UsageError(`--role can't be "${wrong.slice(0, 60)}".`, `One of: ${ROLES.join(", ")}.`, command);
  if (names.length === 0) return [...ROLES];
  if (names.includes("supermaster") && !names.includes("master"))
    throw new UsageError(
      "A supermaster needs a master in its own process: reaching one elsewhere is not there yet.",
      "Say --role=supermaster,master.",
      command,
    );
  return ROLES.filter((r) => names.includes(r));
}

/** What this host is, for commands that look at it: as told, or a worker when it has joined and has no master of its own. */
export function rolesHere(given: readonly string[], prefix: string, command: string): Role[] {
  const joined = existsSync(join(prefix, "local/identity/worker.json"));
  if (given.length > 0 || !joined || existsSync(join(prefix, "local/master.db"))) return rolesOf(given, command);
  return ["worker"];
}
