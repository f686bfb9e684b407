import { command, UsageError } from "../command.ts";
import { formatLabels, parseLabels } from "../labels.ts";

export const hostLabel = command({
  name: "host label",
  summary: "Set labels of a host, which vclusters can ask for; without any: show them",
  details: "What runs already stays where it is, whatever labels its host has afterwards.",
  args: [
    { name: "NAME", doc: "the host" },
    { name: "LABEL", doc: "KEY=VALUE sets one, KEY- takes it away", optional: true, many: true },
  ],
  examples: ["docklet host label lab2 disk=fast room=b12", "docklet host label lab2 room-"],
  run: async (ctx) => {
    const name = ctx.args.NAME!;
    const { api } = ctx.connect();
    const gone = ctx.rest.filter((w) => /^[^=]+-$/.test(w)).map((w) => w.slice(0, -1));
    const set = parseLabels(
      ctx.rest.filter((w) => !/^[^=]+-$/.test(w)),
      "host label",
    );
    const both = gone.find((k) => k in set);
    if (both !== undefined) throw new UsageError(`The label ${both} is both set and taken away.`, "", "host label");
    const before = await api.host({ params: { name } });
    const kept = Object.entries(before.labels).filter(([k]) => !gone.includes(k));
    const host =
      ctx.rest.length === 0
        ? before
        : await api.patchHost({ params: { name }, body: { labels: { ...Object.fromEntries(kept), ...set } } });
    ctx.out.data(host.labels, () => ctx.out.line(formatLabels(host.labels) || "no labels"));
    return 0;
  },
});
