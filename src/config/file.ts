/** One `KEY=value` line of a configuration file. */
export interface Assignment {
  key: string;
  value: string;
  line: number;
}

/** A line that is neither blank, comment nor assignment, or a value that can't be taken as it stands. */
export interface LineProblem {
  line: number;
  key: string | null;
  message: string;
  hint: string;
}

const ASSIGNMENT = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/;

/**
 * Reads a docklet.conf. It looks like shell because the classic one was sourced; this one is only read:
 * nothing in it is ever executed, and what would need a shell is an error instead of a surprise.
 */
export function parseConf(text: string): { assignments: Assignment[]; problems: LineProblem[] } {
  const assignments: Assignment[] = [];
  const problems: LineProblem[] = [];
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  for (const [i, raw] of lines.entries()) {
    const line = i + 1;
    const trimmed = raw.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const m = ASSIGNMENT.exec(trimmed);
    if (!m) {
      problems.push({
        line,
        key: null,
        message: `"${trimmed.slice(0, 60)}" is not a setting.`,
        hint: "Write KEY=value, or start the line with # to make it a comment.",
      });
      continue;
    }
    const key = m[1]!;
    const value = parseValue(m[2]!);
    if (typeof value === "string") assignments.push({ key, value, line });
    else problems.push({ line, key, ...value });
  }
  return { assignments, problems };
}

type ValueProblem = { message: string; hint: string };

function parseValue(text: string): string | ValueProblem {
  const quote = text[0];
  if (quote !== '"' && quote !== "'") {
    const value = text.replace(/(?:^|\s+)#.*$/, "").trimEnd();
    return shellSyntax(value) ?? value;
  }
  let value = "";
  let i = 1;
  for (; i < text.length && text[i] !== quote; i++) {
    if (quote === '"' && text[i] === "\\" && /["\\$`]/.test(text[i + 1] ?? "")) i++;
    else if (quote === '"' && (text[i] === "`" || (text[i] === "$" && /[({A-Za-z_]/.test(text[i + 1] ?? ""))))
      return notExpanded(text);
    value += text[i];
  }
  if (i >= text.length) {
    return { message: `has a ${quote} that is not closed.`, hint: `Close it with ${quote} on the same line.` };
  }
  if (!/^\s*(?:#.*)?$/.test(text.slice(i + 1))) {
    return {
      message: `has more text after the closing ${quote}.`,
      hint: "Put the whole value into one pair of quotes; comments start with #.",
    };
  }
  return value;
}

function shellSyntax(value: string): ValueProblem | null {
  return /`|\$[({A-Za-z_]/.test(value) ? notExpanded(value) : null;
}

function notExpanded(value: string): ValueProblem {
  return {
    message: `uses shell syntax: ${value.slice(0, 60)}`,
    hint: "The file is read, not executed: write the value itself, or put it into 'single quotes' if it is meant as it stands.",
  };
}
