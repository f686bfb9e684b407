import type { OnHostLoss } from "../contracts/public/vclusters.ts";
import type { Flags, FlagValues } from "./command.ts";

export const lossFlags = {
  "on-host-loss": {
    type: "string",
    choices: ["keep", "freeze", "stop"],
    doc: "what nodes do while their host has lost its master; default: keep",
  },
  recover: {
    type: "string",
    choices: ["wait", "anew"],
    doc: "nodes of a lost host: wait for it, or make them anew elsewhere without what was on their disks; default: wait",
  },
} as const satisfies Flags;

/** Only what was said; undefined when nothing was. The parser has let only choices through. */
export function lossOf(flags: FlagValues<typeof lossFlags>): OnHostLoss | undefined {
  const nodes = flags["on-host-loss"] as OnHostLoss["nodes"];
  const recover = flags.recover as OnHostLoss["recover"];
  if (nodes === undefined && recover === undefined) return undefined;
  return { ...(nodes === undefined ? {} : { nodes }), ...(recover === undefined ? {} : { recover }) };
}
