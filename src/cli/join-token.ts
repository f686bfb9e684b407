import { readFileSync } from "node:fs";
import { DockletError, messageOf } from "../lib/errors.ts";
import { type Flags, UsageError } from "./command.ts";

/** Ways to hand a join token over. */
export const joinFlags = {
  join: { type: "string", value: "TOKEN", doc: "join token; other users can see flags: better --join-file" },
  "join-file": { type: "string", value: "FILE", doc: "file that holds the join token" },
} as const satisfies Flags;

/** The token as it was given, by flag, or else by DOCKLET_JOIN or DOCKLET_JOIN_FILE; null: there is none. */
export function joinToken(
  flags: { join: string | undefined; "join-file": string | undefined },
  env: Record<string, string | undefined>,
  command: string,
): string | null {
  const fromFlags = flags.join !== undefined || flags["join-file"] !== undefined;
  const [text, file] = fromFlags
    ? [flags.join, flags["join-file"]]
    : [env.DOCKLET_JOIN || undefined, env.DOCKLET_JOIN_FILE || undefined];
  if (text !== undefined && file !== undefined)
    throw new UsageError(
      fromFlags ? "--join and --join-file are both given." : "DOCKLET_JOIN and DOCKLET_JOIN_FILE are both set.",
      "Leave one out.",
      command,
    );
  if (file === undefined) return text ?? null;
  try {
    return readFileSync(file, "utf8").trim();
  } catch (e) {
    throw new DockletError(
      "invalid",
      `The join token in ${file} can't be read: ${messageOf(e)}.`,
      "Name a file that holds what `docklet join-token create` printed.",
    );
  }
}
