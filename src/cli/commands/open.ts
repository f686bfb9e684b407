import { DockletError, messageOf } from "../../lib/errors.ts";
import { run } from "../../os/exec.ts";
import { command } from "../command.ts";
import { ownerFlag, ownerQuery } from "../owner-flag.ts";
import { parseNodeRef } from "../remote-session.ts";

export const open = command({
  name: "open",
  summary: "Open the workspace (Jupyter), or a port of a node, in the browser",
  details: "Prints a link that works once, within a minute. Where there is a display it is opened, too.",
  args: [{ name: "VC[/NODE]", doc: "the vcluster, and the node unless it is host-0" }],
  flags: {
    port: { type: "integer", short: "p", doc: "a port of the node instead of Jupyter" },
    "no-browser": { type: "boolean", doc: "only print the link" },
    ...ownerFlag,
  },
  run: async (ctx) => {
    const { name, node } = parseNodeRef(ctx.args["VC[/NODE]"]!);
    const { port } = ctx.flags;
    const answer = await ctx.connect().api.openVcluster({
      params: { name },
      query: ownerQuery(ctx.flags),
      body: { node, ...(port === undefined ? {} : { port }) },
    });
    if (!/^https?:\/\//.test(answer.url))
      throw new DockletError("unavailable", "The server answered with something that is no web address.");
    ctx.out.data(answer, () => ctx.out.line(answer.url));
    const display = ctx.env.DISPLAY || ctx.env.WAYLAND_DISPLAY;
    if (!display || ctx.flags["no-browser"] || ctx.json || !ctx.out.stdout.isTTY) return 0;
    const names = ["DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "XAUTHORITY", "HOME", "DBUS_SESSION_BUS_ADDRESS"];
    const env = Object.fromEntries(names.flatMap((k) => (ctx.env[k] ? [[k, ctx.env[k]]] : [])));
    await run(["xdg-open", answer.url], { env }).catch((e) => ctx.out.warn(`no browser was opened: ${messageOf(e)}`));
    return 0;
  },
});
