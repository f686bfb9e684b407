import { settingsTable } from "../../config/docs.ts";
import { command } from "../command.ts";

export const configDocs = command({
  name: "config docs",
  summary: "All settings, as a Markdown table",
  run: async (ctx) => {
    ctx.out.data({ items: settingsTable.rows() }, () => ctx.out.stdout.write(settingsTable.markdown()));
    return 0;
  },
});
