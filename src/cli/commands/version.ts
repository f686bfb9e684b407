import { command } from "../command.ts";
import { versionInfo } from "../version-info.ts";

export const version = command({
  name: "version",
  summary: "Version of this executable",
  run: async (ctx) => {
    const v = versionInfo();
    ctx.out.data(v, () => ctx.out.line(`docklet ${v.version} (${v.commit}, bun ${v.bun}, sqlite ${v.sqlite})`));
    return 0;
  },
});
