import { messageOf } from "../lib/errors.ts";
import { nearest } from "../lib/nearest.ts";
import { parseMiB } from "../lib/units.ts";
import { type Command, type Flag, type Flags, type FlagValues, GLOBAL_FLAGS, UsageError } from "./command.ts";
import { plain } from "./text.ts";

export interface Parsed {
  args: Record<string, string | undefined>;
  rest: string[];
  flags: FlagValues<Flags>;
  global: FlagValues<typeof GLOBAL_FLAGS>;
}

/** Finds the command that the words name. Global flags may stand before it. */
export function findCommand(
  argv: readonly string[],
  commands: readonly Command[],
): { command: Command | null; words: string[]; rest: string[] } {
  const leading: string[] = [];
  let i = 0;
  while (i < argv.length && argv[i]!.startsWith("-") && argv[i] !== "--") {
    const takesValue = argv[i] === "--url" || argv[i] === "--token";
    leading.push(...argv.slice(i, i + (takesValue ? 2 : 1)));
    i += takesValue ? 2 : 1;
  }
  const words: string[] = [];
  for (const word of argv.slice(i)) {
    if (word.startsWith("-")) break;
    words.push(word);
  }
  for (let n = Math.min(words.length, 3); n > 0; n--) {
    const name = words
      .slice(0, n)
      .join(" ")
      .replace(/^vc\b(?!-)/, "vcluster");
    const found = commands.find((c) => c.name === name || c.aliases?.includes(name));
    if (found) return { command: found, words: words.slice(0, n), rest: [...leading, ...argv.slice(i + n)] };
  }
  return { command: null, words, rest: [...leading, ...argv.slice(i)] };
}

/** Flags and arguments of one command. `settings` are more flags, for commands that take the configuration. */
export function parseArguments(command: Command, argv: readonly string[], settings: Flags = {}): Parsed {
  const specs: Flags = { ...GLOBAL_FLAGS, ...settings, ...command.flags };
  const values: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(specs))
    values[name] = spec.type === "boolean" ? false : spec.type === "list" ? [] : undefined;
  const positional: string[] = [];
  const wanted = command.args ?? [];
  const restAt = wanted.findIndex((a) => a.rest);
  let i = 0;
  const fail = (message: string, hint = "") => new UsageError(message, hint, command.name);
  const take = (name: string, flag: string, spec: Flag, inline: string | undefined): void => {
    if (spec.type === "boolean") {
      if (inline !== undefined) throw fail(`${flag} takes no value.`);
      values[name] = true;
      return;
    }
    const text = inline ?? argv[++i];
    if (text === undefined) throw fail(`${flag} needs a value: ${flag} ${placeholder(spec)}.`);
    const value = convert(flag, spec, text, fail);
    if (spec.type === "list") (values[name] as unknown[]).push(value);
    else values[name] = value;
  };
  for (; i < argv.length; i++) {
    const word = argv[i]!;
    if (word === "--") {
      positional.push(...argv.slice(i + 1));
      break;
    }
    if (word.startsWith("--")) {
      const eq = word.indexOf("=");
      const name = word.slice(2, eq === -1 ? undefined : eq);
      const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
      if (!spec) throw fail(`There is no flag --${name.slice(0, 60)}.`, didYouMean(name, Object.keys(specs), "--"));
      take(name, `--${name}`, spec, eq === -1 ? undefined : word.slice(eq + 1));
    } else if (word.startsWith("-") && word.length > 1 && !/^-\d/.test(word)) {
      for (let j = 1; j < word.length; j++) {
        const letter = word[j]!;
        const [name, spec] = Object.entries(specs).find(([, s]) => s.short === letter) ?? [];
        if (!name || !spec) throw fail(`There is no flag -${plain(letter)}.`);
        if (spec.type === "boolean") take(name, `-${letter}`, spec, undefined);
        else {
          take(name, `-${letter}`, spec, word.slice(j + 1).replace(/^=/, "") || undefined);
          break;
        }
      }
    } else {
      positional.push(word);
      if (restAt !== -1 && positional.length > restAt) {
        positional.push(...argv.slice(i + 1));
        break;
      }
    }
  }
  const global = Object.fromEntries(Object.keys(GLOBAL_FLAGS).map((k) => [k, values[k]]));
  return {
    ...assign(command, positional, values.help === true, fail),
    flags: values as FlagValues<Flags>,
    global: global as FlagValues<typeof GLOBAL_FLAGS>,
  };
}

function assign(
  command: Command,
  words: string[],
  lenient: boolean,
  fail: (message: string, hint?: string) => UsageError,
): { args: Record<string, string | undefined>; rest: string[] } {
  const args: Record<string, string | undefined> = {};
  let rest: string[] = [];
  const left = [...words];
  for (const spec of command.args ?? []) {
    if (spec.rest || spec.many) {
      rest = left.splice(0);
      if (rest.length === 0 && !spec.optional && !lenient) throw fail(`${spec.name} is missing: ${spec.doc}.`);
      continue;
    }
    const word = left.shift();
    if ((word === undefined || word === "") && !spec.optional && !lenient)
      throw fail(`${spec.name} is missing: ${spec.doc}.`);
    if (word !== undefined && spec.choices && !spec.choices.includes(word))
      throw fail(`${spec.name} can't be "${word.slice(0, 60)}".`, oneOf(word, spec.choices));
    args[spec.name] = word;
  }
  if (left.length > 0 && !lenient) throw fail(`"${left[0]!.slice(0, 60)}" is one word too many.`);
  return { args, rest };
}

function convert(flag: string, spec: Flag, text: string, fail: (m: string, h?: string) => UsageError): string | number {
  if (spec.choices && !spec.choices.includes(text))
    throw fail(`${flag} can't be "${text.slice(0, 60)}".`, oneOf(text, spec.choices));
  if (spec.type === "mib") {
    try {
      return parseMiB(text);
    } catch (e) {
      throw fail(`${flag}: ${messageOf(e)}`, "Write for example 512M, 2G or 1T.");
    }
  }
  if (spec.type !== "integer" && spec.type !== "number") return text;
  const n = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(n) || (spec.type === "integer" && !Number.isSafeInteger(n)))
    throw fail(`${flag} needs a ${spec.type === "integer" ? "whole " : ""}number, not "${text.slice(0, 60)}".`);
  return n;
}

export function placeholder(spec: Flag): string {
  return (
    spec.value ??
    (spec.choices
      ? spec.choices.join("|")
      : ({ integer: "N", number: "N", mib: "SIZE" }[spec.type as string] ?? "TEXT"))
  );
}

export function didYouMean(word: string, known: readonly string[], prefix = ""): string {
  const near = nearest(word, known);
  return near === null ? "" : `Did you mean ${prefix}${near}?`;
}

function oneOf(word: string, choices: readonly string[]): string {
  return didYouMean(word, choices) || `It is one of ${choices.join(", ")}.`;
}
