import type { Command, Flags } from "./command.ts";
import { GLOBAL_FLAGS } from "./command.ts";
import { placeholder } from "./parse.ts";

export function usageLine(c: Command): string {
  const args = (c.args ?? []).map((a) => {
    const name = a.rest || a.many ? `${a.name}…` : a.name;
    return a.optional ? `[${name}]` : name;
  });
  const flags = Object.keys(c.flags ?? {}).length > 0 || c.takesSettings ? ["[flags]"] : [];
  return ["docklet", c.name, ...flags, ...args].join(" ");
}

/** `docklet --help` */
export function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map((c) => c.name.length));
  const lines = commands.map((c) => `  ${c.name.padEnd(width)}  ${c.summary}`);
  return `docklet: private virtual clusters of real Linux nodes

usage: docklet COMMAND [flags] [arguments]

${lines.join("\n")}

flags that every command knows:
${flagLines(GLOBAL_FLAGS)}

\`docklet COMMAND --help\` explains a command. Exit codes: 0 done, 1 failed, 2 wrong command line;
exec and shell give the exit code of the remote command.
`;
}

/** `docklet vcluster`: what there is below a word. */
export function groupHelp(word: string, commands: readonly Command[]): string {
  const members = commands.filter((c) => c.name.startsWith(`${word} `));
  const width = Math.max(...members.map((c) => usageLine(c).length));
  return `${members.map((c) => `  ${usageLine(c).padEnd(width)}  ${c.summary}`).join("\n")}\n`;
}

/** `docklet COMMAND --help` */
export function commandHelp(c: Command): string {
  const parts = [`${c.summary}\n\nusage: ${usageLine(c)}`];
  if (c.aliases?.length) parts.push(`also: ${c.aliases.map((a) => `docklet ${a}`).join(", ")}`);
  if (c.details) parts.push(c.details);
  if (c.args?.length) {
    const width = Math.max(...c.args.map((a) => a.name.length));
    const lines = c.args.map(
      (a) => `  ${a.name.padEnd(width)}  ${a.doc}${a.choices ? ` (${a.choices.join(", ")})` : ""}`,
    );
    parts.push(`arguments:\n${lines.join("\n")}`);
  }
  if (c.flags && Object.keys(c.flags).length > 0) parts.push(`flags:\n${flagLines(c.flags)}`);
  if (c.takesSettings) {
    parts.push(
      "Every setting can be given as a flag, for example --proxy-port 8000; `docklet config docs` lists them.\n--config FILE reads that file instead of /etc/docklet/docklet.conf.",
    );
  }
  parts.push(`flags that every command knows:\n${flagLines(GLOBAL_FLAGS)}`);
  if (c.examples?.length) parts.push(`examples:\n${c.examples.map((e) => `  ${e}`).join("\n")}`);
  return `${parts.join("\n\n")}\n`;
}

function flagLines(flags: Flags): string {
  const rows = Object.entries(flags).map(([name, f]) => {
    const long = `--${name}${f.type === "boolean" ? "" : ` ${placeholder(f)}`}`;
    const more = [f.type === "list" ? "may be repeated" : ""].filter(Boolean);
    return [
      `  ${f.short ? `-${f.short}, ` : "    "}${long}`,
      `${f.doc}${more.length > 0 ? ` (${more.join(", ")})` : ""}`,
    ];
  });
  const width = Math.max(...rows.map((r) => r[0]!.length));
  return rows.map(([flag, doc]) => `${flag!.padEnd(width)}  ${doc}`).join("\n");
}
