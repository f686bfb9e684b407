import { command } from "../command.ts";
import { completionScript, SHELLS } from "../completion-script.ts";

export const completion = command({
  name: "completion",
  summary: "Completion for a shell, to be sourced",
  args: [{ name: "SHELL", doc: "which shell", choices: SHELLS }],
  examples: [
    "source <(docklet completion bash)",
    "docklet completion zsh > ~/.zfunc/_docklet",
    "docklet completion fish > ~/.config/fish/completions/docklet.fish",
  ],
  run: async (ctx) => {
    const { commands } = await import("../commands.ts");
    ctx.out.stdout.write(completionScript(ctx.args.SHELL as (typeof SHELLS)[number], commands));
    return 0;
  },
});
