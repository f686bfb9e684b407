import { readFileSync, statSync } from "node:fs";
import { DockletError, messageOf } from "../lib/errors.ts";
import { nearest } from "../lib/nearest.ts";
import { CLASSIC_KEYS } from "./classic.ts";
import { parseConf } from "./file.ts";
import { type Config, type ConfigKey, type Setting, settings } from "./schema.ts";

export const DEFAULT_FILE = "/etc/docklet/docklet.conf";
const MAX_FILE_BYTES = 1024 * 1024;

/** Variables of ours that are no settings. */
export const OTHER_ENV = [
  "DOCKLET_CONFIG",
  "DOCKLET_URL",
  "DOCKLET_TOKEN",
  "DOCKLET_JOIN",
  "DOCKLET_JOIN_FILE",
  "DOCKLET_CRASH_FILE",
];

/** One setting with where its value comes from: `default`, `file PATH:LINE`, `env NAME` or `flag --name`. */
export interface Entry {
  key: ConfigKey;
  /** As it was written; secrets are in here too, so mask them where people see it. */
  value: string;
  origin: string;
  doc: string;
  default: string;
  secret: boolean;
}

export interface Loaded {
  config: Config;
  entries: Entry[];
  /** The file that was read; null: there is none. */
  file: string | null;
}

/** Something that is wrong with a setting, and what to do about it. */
export interface ConfigProblem {
  key: string;
  value: string;
  origin: string;
  message: string;
  hint: string;
}

export interface Sources {
  /** By flag name without dashes, for example `proxy-port`. */
  flags?: Record<string, string>;
  env?: Record<string, string | undefined>;
  /** Path of the file, from --config; default: DOCKLET_CONFIG, else /etc/docklet/docklet.conf if it is there. */
  file?: string | undefined;
}

interface Given {
  name: string;
  value: string;
  origin: string;
}

const ALIASES = new Map<string, ConfigKey>(
  Object.entries(settings).flatMap(([key, s]) => {
    const { alias } = s as Setting;
    return alias === undefined ? [] : [[alias, key as ConfigKey]];
  }),
);
export const KEYS = Object.keys(settings) as ConfigKey[];
/** Keys and their aliases: every name that may be written. */
export const NAMES = [...KEYS.filter((k) => !(settings[k] as Setting).retired), ...ALIASES.keys()];

export const flagName = (key: string) => key.toLowerCase().replaceAll("_", "-");

/** Flag > env > file > default. Throws one `invalid` that names everything that is wrong, not only the first. */
export function loadConfig(sources: Sources = {}): Loaded {
  const problems: ConfigProblem[] = [];
  const { path, given: fromFile } = readFile(sources, problems);
  const layers = [fromFile, fromEnv(sources.env ?? {}), fromFlags(sources.flags ?? {})];
  const chosen = new Map<ConfigKey, Given>();
  for (const layer of layers) {
    const here = new Map<ConfigKey, Given>();
    for (const g of layer) {
      const key = keyOf(g, problems);
      if (key === null) continue;
      const twice = here.get(key);
      if (twice) problems.push(setTwice(key, twice, g));
      here.set(key, g);
      chosen.set(key, g);
    }
  }
  const config: Record<string, unknown> = {};
  const entries: Entry[] = [];
  for (const key of KEYS) {
    const s: Setting = settings[key];
    const g = chosen.get(key) ?? { name: key, value: s.default, origin: "default" };
    const parsed = s.type.safeParse(g.value);
    if (parsed.success) config[key] = parsed.data;
    else problems.push(badValue(key, g, s, parsed.error.issues[0]?.message ?? "is not valid"));
    if (s.retired) continue;
    const secret = s.secret ?? false;
    entries.push({ key, value: g.value, origin: g.origin, doc: s.doc, default: s.default, secret });
  }
  if (problems.length > 0) throw configError(problems);
  return { config: config as Config, entries, file: path };
}

/** Several problems as one error: each with key, value, layer and remedy. */
export function configError(problems: ConfigProblem[]): DockletError {
  const [first] = problems;
  if (problems.length === 1 && first)
    return new DockletError("invalid", `${first.message} (${first.origin})`, first.hint, { problems });
  const lines = problems.map((p) => `  ${p.message} (${p.origin})\n    ${p.hint}`);
  return new DockletError(
    "invalid",
    `${problems.length} things are wrong with the configuration:\n${lines.join("\n")}`,
    "`docklet config validate` checks again; `docklet config docs` explains every setting.",
    { problems },
  );
}

function readFile(sources: Sources, problems: ConfigProblem[]): { path: string | null; given: Given[] } {
  const asked = sources.file ?? (sources.env?.DOCKLET_CONFIG || undefined);
  const path = asked ?? DEFAULT_FILE;
  let text: string;
  try {
    if (statSync(path).size > MAX_FILE_BYTES) throw new Error("it is larger than 1 MiB");
    text = readFileSync(path, "utf8");
  } catch (e) {
    if (asked === undefined && (e as { code?: string }).code === "ENOENT") return { path: null, given: [] };
    const origin = sources.file !== undefined ? "flag --config" : asked !== undefined ? "env DOCKLET_CONFIG" : "file";
    throw configError([
      {
        key: "config",
        value: path,
        origin,
        message: `The configuration file ${path} can't be read: ${messageOf(e)}.`,
        hint: "Name a file that exists and that you may read, or leave the option out.",
      },
    ]);
  }
  const { assignments, problems: bad } = parseConf(text);
  for (const b of bad) {
    const message = b.key === null ? b.message : `${b.key} ${b.message}`;
    problems.push({ key: b.key ?? "", value: "", origin: `file ${path}:${b.line}`, message, hint: b.hint });
  }
  return {
    path,
    given: assignments.map((a) => ({ name: a.key, value: a.value, origin: `file ${path}:${a.line}` })),
  };
}

function fromEnv(env: Record<string, string | undefined>): Given[] {
  return Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && /^docklet_/i.test(name) && !OTHER_ENV.includes(name)
      ? [{ name: name.slice("DOCKLET_".length), value, origin: `env ${name}` }]
      : [],
  );
}

function fromFlags(flags: Record<string, string>): Given[] {
  return Object.entries(flags).map(([flag, value]) => ({
    name: flag.toUpperCase().replaceAll("-", "_"),
    value,
    origin: `flag --${flag}`,
  }));
}

function keyOf(g: Given, problems: ConfigProblem[]): ConfigKey | null {
  const key = Object.hasOwn(settings, g.name) ? (g.name as ConfigKey) : ALIASES.get(g.name);
  const report = (message: string, hint: string) => {
    problems.push({
      key: g.name,
      value: key && (settings[key] as Setting).secret ? "" : g.value,
      origin: g.origin,
      message,
      hint,
    });
    return null;
  };
  if (key !== undefined) {
    const { retired } = settings[key] as Setting;
    if (retired === undefined) return key;
    const known = key === "AUTH_KEY" && g.value === "docklet";
    return report(
      known ? "AUTH_KEY=docklet is refused: everybody knows this key." : `${key} is not used any more.`,
      retired,
    );
  }
  const classic = CLASSIC_KEYS[g.name];
  if (classic !== undefined) return report(`${g.name} is a setting of the classic docklet.`, classic);
  const near = nearest(g.name, NAMES);
  const shown = g.origin.startsWith("env ")
    ? g.origin.slice(4)
    : g.origin.startsWith("flag ")
      ? g.origin.slice(5)
      : g.name;
  const as = (name: string) =>
    g.origin.startsWith("env ") ? `DOCKLET_${name}` : g.origin.startsWith("flag ") ? `--${flagName(name)}` : name;
  return report(
    `${shown}=${shownValue(g)}: there is no setting called ${shown}.`,
    near === null ? "`docklet config docs` lists all settings; remove this one." : `Did you mean ${as(near)}?`,
  );
}

/** An unknown name may be a misspelt secret: its value is not repeated into logs. */
function shownValue(g: Given): string {
  return /pass|secret|token|key/i.test(g.name) ? "…" : g.value.slice(0, 80);
}

function setTwice(key: ConfigKey, first: Given, second: Given): ConfigProblem {
  return {
    key,
    value: second.value,
    origin: second.origin,
    message: `${second.name} is set twice: ${first.origin} says ${first.name}=${first.value.slice(0, 80)}.`,
    hint: `Keep one of them${first.name === second.name ? "" : `; ${first.name} and ${second.name} are the same setting`}.`,
  };
}

function badValue(key: ConfigKey, g: Given, s: Setting, issue: string): ConfigProblem {
  const why = issue.charAt(0).toLowerCase() + issue.slice(1);
  return {
    key,
    value: s.secret ? "" : g.value,
    origin: g.origin,
    message: `${g.name}=${s.secret ? "…" : g.value.slice(0, 120)}: ${why}.`,
    hint: `${g.name}: ${s.doc}. ${s.default === "" ? "Leave it out if in doubt." : `The default is ${s.default}.`}`,
  };
}
