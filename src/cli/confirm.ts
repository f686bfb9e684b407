import { DockletError } from "../lib/errors.ts";
import { type Context, type Flags, UsageError } from "./command.ts";
import { ask, canAsk } from "./prompt.ts";

export const yesFlag = { yes: { type: "boolean", short: "y", doc: "do not ask" } } as const satisfies Flags;

/** Something goes away for good: the name has to be typed, or --yes given. */
export async function confirm(ctx: Pick<Context, "out">, yes: boolean, what: string, name: string): Promise<void> {
  if (yes) return;
  if (!canAsk()) throw new UsageError(`This deletes ${what}.`, "Add --yes if that is meant.");
  ctx.out.note(`This deletes ${what}. It can't be undone.`);
  const answer = await ask(ctx.out, `Type ${name} to go on: `);
  if (answer.trim() !== name) throw new DockletError("cancelled", "Nothing was deleted.", "The name was not the same.");
}
