import { type Command, type Flags, GLOBAL_FLAGS } from "./command.ts";
import { SETTING_FLAGS } from "./setting-flags.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** A completion script made from the command table, so that it can't fall behind it. */
export function completionScript(shell: Shell, commands: readonly Command[]): string {
  return { bash, zsh, fish }[shell](commands);
}

const flagsOf = (c: Command): Flags => ({ ...c.flags, ...(c.takesSettings ? SETTING_FLAGS : {}), ...GLOBAL_FLAGS });
const wordsOf = (c: Command) => Object.keys(flagsOf(c)).map((f) => `--${f}`);

/** First words, and the second words of each. */
function tree(commands: readonly Command[]): Map<string, { summary: string; verbs: Command[] }> {
  const heads = new Map<string, { summary: string; verbs: Command[] }>();
  for (const c of commands) {
    const [head, verb] = c.name.split(" ");
    const entry = heads.get(head!) ?? { summary: verb ? `${head} commands` : c.summary, verbs: [] };
    if (verb) entry.verbs.push(c);
    heads.set(head!, entry);
  }
  return heads;
}

/** Choices of arguments and flags, for the word after them. */
function choicesOf(c: Command): string[] {
  return (c.args ?? []).flatMap((a) => a.choices ?? []);
}

function bash(commands: readonly Command[]): string {
  const heads = tree(commands);
  const verbs = [...heads].filter(([, h]) => h.verbs.length > 0);
  const verbCases = verbs.map(
    ([head, h]) =>
      `      ${head}${head === "vcluster" ? "|vc" : ""}) words="${h.verbs.map((v) => v.name.split(" ")[1]).join(" ")}" ;;`,
  );
  const flagCases = commands.map((c) => {
    const pattern = c.name.startsWith("vcluster ") ? `"${c.name}"|"vc ${c.name.slice(9)}"` : `"${c.name}"`;
    return `    ${pattern}) words="${[...wordsOf(c), ...choicesOf(c)].join(" ")}" ;;`;
  });
  const valueCases = commands.flatMap((c) =>
    Object.entries(c.flags ?? {}).flatMap(([name, f]) =>
      f.choices ? [`    "${c.name} --${name}") words="${f.choices.join(" ")}" ;;`] : [],
    ),
  );
  return `# bash completion for docklet
_docklet() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local one="\${COMP_WORDS[1]:-}" two="\${COMP_WORDS[2]:-}" name words=""
  case "$one" in
    ${verbs.map(([head]) => head).join("|")}|vc) name="$one $two" ;;
    *) name="$one" ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${[...heads.keys(), "vc", "--help"].join(" ")}"
  elif [ "$COMP_CWORD" -eq 2 ] && [ "$name" != "$one" ]; then
    case "$one" in
${verbCases.join("\n")}
    esac
  else
    case "$name" in
${flagCases.join("\n")}
    esac
  fi
  case "$name $previous" in
${valueCases.join("\n")}
    *" --config") mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  if [ "\${#COMPREPLY[@]}" -eq 0 ]; then mapfile -t COMPREPLY < <(compgen -f -- "$current"); fi
}
complete -F _docklet docklet
`;
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
/** _describe splits at the first unescaped colon. */
const described = (name: string, doc: string) => quoted(`${name.replaceAll(":", "\\:")}:${doc.replaceAll(":", "\\:")}`);

function zsh(commands: readonly Command[]): string {
  const heads = tree(commands);
  const top = [...heads].map(([head, h]) => `    ${described(head, h.summary)}`);
  const verbCases = [...heads].flatMap(([head, h]) =>
    h.verbs.length === 0
      ? []
      : [
          `      ${head}${head === "vcluster" ? "|vc" : ""}) choices=(${h.verbs.map((v) => described(v.name.split(" ")[1]!, v.summary)).join(" ")}) ;;`,
        ],
  );
  const flagCases = commands.map((c) => {
    const pattern = c.name.startsWith("vcluster ") ? `"${c.name}"|"vc ${c.name.slice(9)}"` : `"${c.name}"`;
    const flags = Object.entries(flagsOf(c)).map(([name, f]) => described(`--${name}`, f.doc));
    const choices = choicesOf(c).map((v) => described(v, "value"));
    return `      ${pattern}) choices=(${[...flags, ...choices].join(" ")}) ;;`;
  });
  return `#compdef docklet
# zsh completion for docklet
_docklet() {
  local -a choices
  local name="\${words[2]}"
  case "$name" in
    ${[...heads].flatMap(([head, h]) => (h.verbs.length > 0 ? [head] : [])).join("|")}|vc) name="\${words[2]} \${words[3]}" ;;
  esac
  if (( CURRENT == 2 )); then
    choices=(
${top.join("\n")}
    )
  elif (( CURRENT == 3 )) && [[ "$name" != "\${words[2]}" ]]; then
    case "\${words[2]}" in
${verbCases.join("\n")}
    esac
  else
    case "$name" in
${flagCases.join("\n")}
    esac
  fi
  _describe docklet choices || _files
}
if [ "$funcstack[1]" = "_docklet" ]; then _docklet "$@"; else compdef _docklet docklet; fi
`;
}

function fish(commands: readonly Command[]): string {
  const heads = tree(commands);
  const lines = ["# fish completion for docklet", "complete -c docklet -f"];
  for (const [head, h] of heads)
    lines.push(`complete -c docklet -n __fish_use_subcommand -a ${quoted(head)} -d ${quoted(h.summary)}`);
  for (const [head, h] of heads) {
    const seen = head === "vcluster" ? "vcluster vc" : head;
    const verbs = h.verbs.map((v) => v.name.split(" ")[1]!).join(" ");
    for (const v of h.verbs) {
      const condition = quoted(`__fish_seen_subcommand_from ${seen}; and not __fish_seen_subcommand_from ${verbs}`);
      lines.push(`complete -c docklet -n ${condition} -a ${quoted(v.name.split(" ")[1]!)} -d ${quoted(v.summary)}`);
    }
  }
  for (const c of commands) {
    const [head, verb] = c.name.split(" ");
    const seen = head === "vcluster" ? "vcluster vc" : head!;
    const condition = quoted(
      `__fish_seen_subcommand_from ${seen}${verb ? `; and __fish_seen_subcommand_from ${verb}` : ""}`,
    );
    for (const [name, f] of Object.entries({ ...c.flags, ...(c.takesSettings ? SETTING_FLAGS : {}) })) {
      const short = f.short ? ` -s ${f.short}` : "";
      const value = f.type === "boolean" ? "" : f.choices ? ` -x -a ${quoted(f.choices.join(" "))}` : " -r";
      lines.push(`complete -c docklet -n ${condition} -l ${name}${short}${value} -d ${quoted(f.doc)}`);
    }
    const choices = choicesOf(c);
    if (choices.length > 0) lines.push(`complete -c docklet -n ${condition} -a ${quoted(choices.join(" "))}`);
  }
  for (const [name, f] of Object.entries(GLOBAL_FLAGS as Flags))
    lines.push(`complete -c docklet -l ${name}${f.type === "boolean" ? "" : " -r"} -d ${quoted(f.doc)}`);
  return `${lines.join("\n")}\n`;
}
