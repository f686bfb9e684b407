import { expect, test } from "bun:test";
import { files, ROOT, read } from "./tree.ts";

const scripts = files.filter((f) => f.endsWith(".sh") || f === ".ci/run" || f === "scripts/lab");

test("shellcheck finds nothing", () => {
  const r = Bun.spawnSync(["shellcheck", ...scripts], { cwd: ROOT });
  expect(String(r.stdout)).toBe("");
  expect(r.exitCode).toBe(0);
});

test("a script that is piped into sh runs only once it is there as a whole", () => {
  const lines = read("install.sh").trimEnd().split("\n");
  expect(lines.at(-1)).toBe('main "$@"');
  const loose = lines.filter((l) => /^(apt|curl|mkdir|rm|cp|mv|systemctl|kill)\b/.test(l));
  expect(loose).toEqual([]);
});
