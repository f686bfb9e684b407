import { readFileSync } from "node:fs";
import { join, normalize, resolve } from "node:path";

export const ROOT = resolve(import.meta.dir, "../..");

/** Every file that is, or would be, committed. */
export const files: string[] = String(
  Bun.spawnSync(["git", "ls-files", "--cached", "--others", "--exclude-standard"], { cwd: ROOT }).stdout,
)
  .split("\n")
  .filter((f) => f !== "" && Bun.file(join(ROOT, f)).size > 0)
  .sort();

export const read = (file: string): string => readFileSync(join(ROOT, file), "utf8");

export const isTest = (file: string): boolean => /\.test\.tsx?$/.test(file);
export const isCode = (file: string): boolean => /\.tsx?$/.test(file);

/** Our own code that runs in production: no tests, no fixtures. */
export const sources: string[] = files.filter((f) => f.startsWith("src/") && isCode(f) && !isTest(f));

/** Text without comments, so that a rule does not trip over prose. Strings are kept. */
export function withoutComments(text: string): string {
  return text.replace(
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (all, string) => (string === undefined ? all.replace(/[^\n]/g, " ") : all),
  );
}

/** What a file imports: paths of ours relative to the root, and names of packages as they stand. */
export function importsOf(file: string): string[] {
  const text = withoutComments(read(file));
  const found = [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"([^"]+)"/g)].map((m) => m[1]!);
  return found.map((s) =>
    s.startsWith(".") ? normalize(join(file, "..", s)) : s.startsWith("#/") ? `src/${s.slice(2)}` : s,
  );
}

/** An exception to a rule, always with its reason. `path` is a file, or a folder with a slash at the end. */
export interface Exception {
  path: string;
  reason: string;
}

export const excepted = (file: string, table: readonly Exception[]): boolean =>
  table.some((e) => (e.path.endsWith("/") ? file.startsWith(e.path) : e.path === file));

/** Exceptions that no file needs any more are to be deleted. */
export const unused = (table: readonly Exception[], needed: readonly string[]): string[] =>
  table.map((e) => e.path).filter((p) => !needed.some((f) => excepted(f, [{ path: p, reason: "" }])));

/** `file:line  text` of every line that a pattern matches. */
export function linesMatching(file: string, text: string, pattern: RegExp): string[] {
  return text
    .split("\n")
    .flatMap((line, i) => (pattern.test(line) ? [`${file}:${i + 1}  ${line.trim().slice(0, 120)}`] : []));
}
