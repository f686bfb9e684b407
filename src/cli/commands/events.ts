import type { Event } from "../../contracts/public/operations.ts";
import { type Context, command, UsageError } from "../command.ts";
import { frames } from "../connection/frames.ts";
import { stateColour } from "../table.ts";
import { oneLine } from "../text.ts";

const RETRY_MS = 2000;

export const events = command({
  name: "events",
  summary: "What happened, oldest first; -f goes on with what happens",
  details: "With --json every event is one line.",
  flags: {
    follow: { type: "boolean", short: "f", doc: "go on until Ctrl-C" },
    object: { type: "string", short: "o", value: "NAME", doc: "only what happened to this vcluster, user or image" },
    owner: { type: "string", value: "NAME", doc: "only what belongs to this user (admins)" },
    limit: { type: "integer", short: "n", doc: "how many of the past; default 50" },
  },
  run: async (ctx) => {
    const { object, owner, limit = 50 } = ctx.flags;
    if (limit < 0 || limit > 500) throw new UsageError("--limit must be between 0 and 500.", "", "events");
    const { api } = ctx.connect();
    const past = async () =>
      limit === 0 ? [] : (await api.events({ query: { object, owner, limit } })).items.reverse();
    if (!ctx.flags.follow) {
      for (const e of await past()) print(ctx, e);
      return 0;
    }
    const seen = new Set<string>();
    const show = (e: Event) => {
      if (seen.has(e.id)) return;
      seen.add(e.id);
      print(ctx, e);
    };
    for (;;) {
      for await (const frame of frames(ctx.connect(), new AbortController().signal)) {
        // After a reconnect too: what happened in between is in the list.
        if (frame.type === "hello") for (const e of await past()) show(e);
        else if (frame.type === "event" && matches(frame.data, object, owner)) show(frame.data);
      }
      ctx.out.note("The connection ended; connecting again.");
      await Bun.sleep(RETRY_MS);
    }
  },
});

function matches(e: Event, object: string | undefined, owner: string | undefined): boolean {
  return (object === undefined || e.object === object) && (owner === undefined || e.owner === owner);
}

function print(ctx: Pick<Context, "out">, e: Event): void {
  if (ctx.out.isJson) {
    ctx.out.stdout.write(`${JSON.stringify(e)}\n`);
    return;
  }
  const at = new Date(e.at).toISOString().replace("T", " ").slice(0, 19);
  const result = ctx.out.paint(stateColour(e.result) ?? "dim", e.result.padEnd(6));
  ctx.out.line(`${at}  ${result}  ${oneLine(`${e.actor}  ${e.action}  ${e.object}  ${e.message}`)}`);
}
