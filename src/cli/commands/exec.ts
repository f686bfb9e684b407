import { command, UsageError } from "../command.ts";
import { ownerFlag } from "../owner-flag.ts";
import { remoteSession } from "../remote-session.ts";

export const exec = command({
  name: "exec",
  summary: "Run a command in a node; its exit code is ours",
  details:
    "With a terminal on stdin and stdout the command gets one too, otherwise stdin, stdout and stderr stay apart and binary-safe.\nA lost connection gives 255.",
  args: [
    { name: "VC[/NODE]", doc: "the vcluster, and the node unless it is host-0" },
    { name: "CMD", doc: "the command and its arguments, taken as they stand (no shell)", rest: true },
  ],
  flags: {
    tty: { type: "boolean", short: "t", doc: "with a terminal, also when we have none" },
    "no-tty": { type: "boolean", short: "T", doc: "without a terminal" },
    "no-stdin": { type: "boolean", short: "n", doc: "leave our stdin alone" },
    ...ownerFlag,
  },
  examples: [
    "docklet exec lab -- uname -a",
    "docklet exec lab/host-1 -- sh -c 'cat > /root/data.bin' < data.bin",
    "tar c src | docklet exec lab -- tar x -C /root",
  ],
  run: (ctx) => {
    if (ctx.flags.tty && ctx.flags["no-tty"]) throw new UsageError("-t and -T contradict each other.", "", "exec");
    return remoteSession(ctx, {
      target: ctx.args["VC[/NODE]"]!,
      owner: ctx.flags.owner,
      argv: ctx.rest,
      tty: ctx.flags.tty ? true : ctx.flags["no-tty"] ? false : null,
      stdin: !ctx.flags["no-stdin"],
    });
  },
});
