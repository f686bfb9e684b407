import { command } from "../command.ts";

export const cleanup = command({
  name: "cleanup",
  summary: "Find and remove what docklet left on this host: links, mounts, rules, cgroups, containers",
  details: "Works without the database. Running nodes are left alone unless --all is given.",
  takesSettings: true,
  flags: {
    "dry-run": { type: "boolean", doc: "only list it" },
    all: { type: "boolean", doc: "also running nodes: everything that docklet ever made here" },
  },
  run: async (ctx) => {
    const { cleanup: run } = await import("../../roles/cleanup.ts");
    return run(ctx.config(), { dryRun: ctx.flags["dry-run"], all: ctx.flags.all, json: ctx.json, out: ctx.out });
  },
});
