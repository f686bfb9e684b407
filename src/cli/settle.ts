import type { Operation } from "../contracts/public/operations.ts";
import type { Context, Flags } from "./command.ts";
import { follow } from "./follow.ts";

export const detachFlag = {
  detach: { type: "boolean", short: "d", doc: "do not wait for the end" },
} as const satisfies Flags;

/** Waits for an operation (unless detached), then prints it or `done`. */
export async function settle(
  ctx: Pick<Context, "out" | "connect"> & { flags: { detach: boolean } },
  operation: Operation,
  done: string,
): Promise<number> {
  if (ctx.flags.detach) {
    ctx.out.data(operation, () => ctx.out.note(`Begun: \`docklet operation show ${operation.id}\` tells how it goes.`));
    return 0;
  }
  const ended = await follow(ctx, operation);
  ctx.out.data(ended, () => ctx.out.note(done));
  return 0;
}
