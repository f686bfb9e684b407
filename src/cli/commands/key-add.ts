import { readFileSync } from "node:fs";
import { DockletError, messageOf } from "../../lib/errors.ts";
import { command } from "../command.ts";
import { readStdin } from "../prompt.ts";

export const keyAdd = command({
  name: "key add",
  summary: "Add an ssh public key; it is authorised on all my nodes at once",
  args: [{ name: "FILE", doc: "a public key file, such as ~/.ssh/id_ed25519.pub; - is stdin" }],
  flags: { name: { type: "string", value: "NAME", doc: "what to call it; default: the comment in the key" } },
  run: async (ctx) => {
    const file = ctx.args.FILE!;
    const key = readKey(file).trim();
    if (key.includes("PRIVATE KEY")) {
      throw new DockletError(
        "invalid",
        `${file} is a private key: it must stay with you. Nothing was sent.`,
        "Give the file that ends in .pub.",
      );
    }
    const { name } = ctx.flags;
    const added = await ctx.connect().api.addKey({ body: { key, ...(name === undefined ? {} : { name }) } });
    ctx.out.data(added, () => ctx.out.note(`Key ${added.name} (${added.fingerprint}) is added.`));
    return 0;
  },
});

function readKey(file: string): string {
  if (file === "-") return readStdin(65_536);
  try {
    return readFileSync(file, "utf8");
  } catch (e) {
    throw new DockletError("invalid", `${file} can't be read: ${messageOf(e)}.`, "Give a file that ends in .pub.");
  }
}
