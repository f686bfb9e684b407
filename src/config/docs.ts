import { flagName, KEYS } from "./load.ts";
import { type Setting, settings } from "./schema.ts";

interface Row {
  key: string;
  flag: string;
  env: string;
  default: string;
  doc: string;
  alias: string | null;
}

function rows(): Row[] {
  return KEYS.flatMap((key) => {
    const s: Setting = settings[key];
    if (s.retired) return [];
    return [
      {
        key,
        flag: `--${flagName(key)}`,
        env: `DOCKLET_${key}`,
        default: s.default,
        doc: s.doc,
        alias: s.alias ?? null,
      },
    ];
  });
}

/** A bar or line end would break the table, a `<slug>` would be taken for HTML. */
const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replace(/\s+/g, " ");

function markdown(): string {
  const lines = rows().map((r) => {
    const names = r.alias === null ? `\`${r.key}\`` : `\`${r.key}\` (also \`${r.alias}\`)`;
    return `| ${names} | ${r.default === "" ? "" : `\`${r.default}\``} | ${cell(r.doc)} |`;
  });
  return `# Configuration

Every setting can be given in four places. The first of these that has it counts:

1. a flag of \`docklet serve\`, for example \`--proxy-port 8000\`
2. the environment, for example \`DOCKLET_PROXY_PORT=8000\`
3. the file \`/etc/docklet/docklet.conf\` (another one with \`--config\` or \`DOCKLET_CONFIG\`), for example \`PROXY_PORT=8000\`
4. the default

The file has one \`KEY=value\` a line; \`#\` begins a comment; quotes are for values with blanks. It is read, never executed.
\`docklet config show --origin\` tells what counts and why, \`docklet config validate\` what is wrong.

| key | default | meaning |
|---|---|---|
${lines.join("\n")}
`;
}

/** The settings as documentation; docs/config.md is made from it. */
export const settingsTable = { rows, markdown };
