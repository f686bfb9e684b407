import { command } from "../command.ts";
import { ownerFlag } from "../owner-flag.ts";
import { remoteSession } from "../remote-session.ts";

/** Small images have no bash. */
const LOGIN_SHELL = ["/bin/sh", "-c", "cd; if command -v bash >/dev/null; then exec bash -l; else exec sh -l; fi"];

export const shell = command({
  name: "shell",
  summary: "A login shell in a node",
  args: [{ name: "VC[/NODE]", doc: "the vcluster, and the node unless it is host-0" }],
  flags: ownerFlag,
  examples: ["docklet shell lab", "docklet shell lab/host-2"],
  run: (ctx) =>
    remoteSession(ctx, {
      target: ctx.args["VC[/NODE]"]!,
      owner: ctx.flags.owner,
      argv: LOGIN_SHELL,
      tty: null,
      stdin: true,
    }),
});
