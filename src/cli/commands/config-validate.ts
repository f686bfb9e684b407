import { validateAgainstHost } from "../../config/validate.ts";
import { readHostFacts } from "../../os/host-facts.ts";
import { command } from "../command.ts";
import { roleFlag, rolesHere } from "../roles.ts";

export const configValidate = command({
  name: "config validate",
  summary: "Check the configuration, also against this host",
  details: "Ports that the running docklet itself holds are fine. Exit code 1 when something is wrong.",
  takesSettings: true,
  flags: roleFlag,
  run: async (ctx) => {
    const loaded = ctx.config();
    const roles = rolesHere(ctx.flags.role, loaded.config.FS_PREFIX, "config validate");
    const problems = validateAgainstHost(loaded, readHostFacts(), { roles, runningIsFine: true });
    ctx.out.data({ ok: problems.length === 0, file: loaded.file, problems }, () => {
      for (const p of problems) ctx.out.error(`${p.message} (${p.origin})`, p.hint);
      if (problems.length === 0)
        ctx.out.note(`The configuration is fine (${loaded.file ?? "no file, defaults only"}).`);
    });
    return problems.length === 0 ? 0 : 1;
  },
});
