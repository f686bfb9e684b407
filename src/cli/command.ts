import type { Loaded } from "../config/load.ts";
import type { WorkerStatus } from "../contracts/worker-status.ts";
import type { Connection } from "./connection/connection.ts";
import type { Output } from "./output.ts";

/** What a flag takes. `mib` is a size (`512M`, `2G`) as MiB; `list` may be given more than once. */
export type FlagType = "boolean" | "string" | "integer" | "number" | "mib" | "list";

export interface Flag {
  type: FlagType;
  doc: string;
  /** One letter. */
  short?: string;
  /** What stands for the value in help, for example `NAME`. */
  value?: string;
  choices?: readonly string[];
}
export type Flags = Readonly<Record<string, Flag>>;

type ValueOf<T extends FlagType> = T extends "boolean"
  ? boolean
  : T extends "list"
    ? string[]
    : T extends "string"
      ? string | undefined
      : number | undefined;
export type FlagValues<F extends Flags> = { [K in keyof F]: ValueOf<F[K]["type"]> };

export interface Argument {
  name: string;
  doc: string;
  optional?: boolean;
  /** Takes all words that are left, also those that look like flags: only as the last one. */
  rest?: boolean;
  /** Takes all words that are left and are no flags: only as the last one. */
  many?: boolean;
  choices?: readonly string[];
}

export interface Context<F extends Flags = Flags> {
  /** Arguments by name; one that was left out is undefined. */
  args: Record<string, string | undefined>;
  /** Words of the `rest` or `many` argument. */
  rest: string[];
  flags: FlagValues<F>;
  /** --json was given: data as JSON on stdout, and nothing else there. */
  json: boolean;
  out: Output;
  env: Record<string, string | undefined>;
  /** The API, with the credentials that were found. Throws with what to do when there are none. */
  connect(): Connection;
  /** How the worker on this host is: for root, where there is a worker and no portal, unless another address was named. */
  worker(): Promise<WorkerStatus | null>;
  /** Configuration of this host: flags, environment and file. */
  config(): Loaded;
}

/** One verb. Help, completion and the parser are all made from this. */
export interface Command<F extends Flags = Flags> {
  /** The words that call it, for example `vcluster create`. */
  name: string;
  aliases?: readonly string[];
  summary: string;
  /** More for --help. */
  details?: string;
  args?: readonly Argument[];
  flags?: F;
  /** Also takes every setting as a flag (`--proxy-port`), and --config FILE. */
  takesSettings?: boolean;
  examples?: readonly string[];
  /** Resolves to the exit code. */
  run(ctx: Context<F>): Promise<number>;
}

/** Declares a command with its flags typed in `run`. */
export function command<const F extends Flags = Record<never, never>>(c: Command<F>): Command {
  return c as unknown as Command;
}

/** The command line itself is wrong: exit code 2. */
export class UsageError extends Error {
  constructor(
    message: string,
    readonly hint = "",
    /** Whose --help is worth reading. */
    readonly command: string | null = null,
  ) {
    super(message);
    this.name = "UsageError";
  }
}

export const GLOBAL_FLAGS = {
  help: { type: "boolean", short: "h", doc: "explain this command" },
  json: { type: "boolean", doc: "data as JSON on stdout; progress stays on stderr" },
  url: { type: "string", value: "URL", doc: "address of the portal; default: where you logged in" },
  token: { type: "string", value: "TOKEN", doc: "API token; better in DOCKLET_TOKEN, other users can see flags" },
} as const satisfies Flags;
