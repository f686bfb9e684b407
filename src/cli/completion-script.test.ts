import { expect, test } from "bun:test";
import { run } from "../os/exec.ts";
import { commands } from "./commands.ts";
import { completionScript, SHELLS } from "./completion-script.ts";

/** What bash would offer for the last of these words. */
async function offered(...words: string[]): Promise<string[]> {
  const script = `${completionScript("bash", commands)}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _docklet; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await run(["bash", "-c", script, "bash", "docklet", ...words], { cwd: "/proc/self" });
  return stdout.split("\n").filter(Boolean);
}

test("every command and every flag is in each script", () => {
  for (const shell of SHELLS) {
    const script = completionScript(shell, commands);
    for (const c of commands) {
      for (const word of c.name.split(" ")) expect(script).toContain(word);
      for (const flag of Object.keys(c.flags ?? {})) expect(script).toContain(flag);
    }
  }
});

test("bash offers commands, verbs, flags and their values", async () => {
  expect(await offered("vcl")).toEqual(["vcluster"]);
  expect(await offered("vcluster", "s")).toEqual(["show", "start", "stop", "scale", "set"]);
  expect(await offered("vc", "cr")).toEqual(["create"]);
  expect(await offered("vc", "create", "--im")).toEqual(["--image"]);
  expect(await offered("completion", "f")).toEqual(["fish"]);
  expect(await offered("user", "add", "bob", "--role", "")).toEqual(["user", "admin"]);
  expect(await offered("serve", "--proxy-")).toEqual(["--proxy-port"]);
});

test("quotes in a summary do not break zsh and fish", () => {
  const odd = { ...commands[0]!, name: "odd", summary: "it's: $HOME `x`" };
  expect(completionScript("zsh", [odd])).toContain("'odd:it'\\''s\\: $HOME `x`'");
  expect(completionScript("fish", [odd])).toContain("-d 'it'\\''s: $HOME `x`'");
});
