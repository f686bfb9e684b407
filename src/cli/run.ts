import { type Loaded, loadConfig } from "../config/load.ts";
import { ApiError } from "../contracts/public/client.ts";
import { DockletError, messageOf } from "../lib/errors.ts";
import { type Command, type Context, UsageError } from "./command.ts";
import { commands } from "./commands.ts";
import { type Connection, connectTo } from "./connection/connection.ts";
import { findTarget } from "./connection/find-target.ts";
import { workerStatus } from "./connection/worker.ts";
import { commandHelp, groupHelp, overview, usageLine } from "./help.ts";
import { Output, type Sink } from "./output.ts";
import { didYouMean, findCommand, type Parsed, parseArguments } from "./parse.ts";
import { SETTING_FLAGS, settingsAmong } from "./setting-flags.ts";

export interface Terminal {
  stdout: Sink;
  stderr: Sink;
  env: Record<string, string | undefined>;
  isRoot: boolean;
}

/** argv (without the program) → exit code. Nothing is thrown: every failure becomes a message and a code. */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<number> {
  const { stdout, stderr, env } = terminal;
  const plainOutput = new Output(stdout, stderr, argv.includes("--json"), env);
  try {
    const found = findCommand(argv, commands);
    if (!found.command) return withoutCommand(found.words, found.rest, plainOutput);
    const c = found.command;
    const parsed = parseArguments(c, found.rest, c.takesSettings ? SETTING_FLAGS : {});
    if (parsed.global.help) {
      stdout.write(commandHelp(c));
      return 0;
    }
    const out = new Output(stdout, stderr, parsed.global.json, env);
    return await c.run(contextOf(c, parsed, out, terminal));
  } catch (e) {
    return explain(e, plainOutput, env);
  }
}

function contextOf(c: Command, parsed: Parsed, out: Output, { env, isRoot }: Terminal): Context {
  let loaded: Loaded | null = null;
  let connection: Connection | null = null;
  const config = () => {
    const { config: file } = parsed.flags as { config?: string };
    loaded ??= loadConfig(c.takesSettings ? { flags: settingsAmong(parsed.flags), env, file } : { env });
    return loaded;
  };
  const connect = () => {
    connection ??= connectTo(
      findTarget({
        url: parsed.global.url,
        token: parsed.global.token,
        env,
        isRoot,
        warn: (text) => out.warn(text),
        prefix: () => config().config.FS_PREFIX,
      }),
    );
    return connection;
  };
  const worker = async () => {
    const named = parsed.global.url ?? env.DOCKLET_URL;
    return isRoot && !named ? workerStatus(config().config.FS_PREFIX) : null;
  };
  return {
    args: parsed.args,
    rest: parsed.rest,
    flags: parsed.flags,
    json: out.isJson,
    out,
    env,
    config,
    connect,
    worker,
  };
}

/** No command was named, or none that exists. */
function withoutCommand(words: readonly string[], rest: readonly string[], out: Output): number {
  const asked = rest.some((w) => w === "--help" || w === "-h") || words[0] === "help";
  const group = words[0] === "help" ? words.slice(1) : words;
  if (group.length === 0) {
    if (rest.includes("--version")) throw new UsageError("There is no flag --version.", "`docklet version`");
    (asked ? out.stdout : out.stderr).write(overview(commands));
    return asked ? 0 : 2;
  }
  const name = group.join(" ");
  const exact = commands.find((c) => c.name === name || c.aliases?.includes(name));
  if (exact && asked) {
    out.stdout.write(commandHelp(exact));
    return 0;
  }
  const first = group[0] === "vc" ? "vcluster" : group[0]!;
  const members = commands.filter((c) => c.name.startsWith(`${first} `));
  if (members.length === 0) {
    const known = [...new Set(commands.flatMap((c) => [c.name.split(" ")[0]!, ...(c.aliases ?? [])]))];
    throw new UsageError(
      `There is no command "${first.slice(0, 60)}".`,
      didYouMean(first, known, "docklet ") || "`docklet --help` lists all.",
    );
  }
  if (group.length === 1) {
    (asked ? out.stdout : out.stderr).write(groupHelp(first, commands));
    return asked ? 0 : 2;
  }
  const verbs = members.map((c) => c.name.slice(first.length + 1));
  throw new UsageError(
    `There is no command "${first} ${group[1]!.slice(0, 60)}".`,
    didYouMean(group[1]!, verbs, `docklet ${first} `) || `There are: ${verbs.join(", ")}.`,
  );
}

/** A failure as people read it, and its exit code. */
function explain(e: unknown, out: Output, env: Record<string, string | undefined>): number {
  if (e instanceof UsageError) {
    out.error(e.message, e.hint);
    const c = commands.find((known) => known.name === e.command);
    if (c) out.note(`usage: ${usageLine(c)}\n\`docklet ${c.name} --help\` explains it.`);
    return 2;
  }
  if (e instanceof ApiError) {
    const { code, message, hint, requestId } = e.problem;
    const remedy = code === "unauthenticated" && !hint ? "`docklet login` again: the token may have expired." : hint;
    out.error(message, remedy, requestId);
    return 1;
  }
  if (e instanceof DockletError) {
    out.error(e.message, e.hint);
    return 1;
  }
  out.error(`Something went wrong inside docklet: ${messageOf(e)}`, "This is a bug: please report it.");
  if (e instanceof Error && e.stack && env.DOCKLET_LOG_LEVEL?.toUpperCase() === "DEBUG") out.note(e.stack);
  return 1;
}
