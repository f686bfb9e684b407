import { command } from "../command.ts";

export const configShow = command({
  name: "config show",
  summary: "The effective configuration of this host",
  takesSettings: true,
  flags: { origin: { type: "boolean", doc: "also where each value comes from" } },
  run: async (ctx) => {
    const rows = ctx.config().entries.map((e) => ({ ...e, value: e.secret && e.value !== "" ? "***" : e.value }));
    ctx.out.table(
      rows,
      [
        { title: "KEY", cell: (e) => e.key },
        { title: "VALUE", cell: (e) => e.value, colour: (e) => (e.origin === "default" ? null : "cyan") },
        ...(ctx.flags.origin ? [{ title: "ORIGIN", cell: (e: (typeof rows)[number]) => e.origin }] : []),
      ],
      "There are no settings.",
    );
    return 0;
  },
});
