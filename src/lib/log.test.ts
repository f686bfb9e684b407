import { expect, test } from "bun:test";
import { DockletError } from "./errors.ts";
import { createLogger } from "./log.ts";

function logged(...args: [object, string?]): { text: string; line: Record<string, unknown> } {
  const lines: string[] = [];
  createLogger("debug", { write: (l) => void lines.push(l) }, { role: "worker" }).info(...args);
  const text = lines.join("");
  return { text, line: JSON.parse(text) };
}

test("one JSON object a line, level as a word, time as ISO", () => {
  const { text, line } = logged({ node: "n1" }, "two\nlines");
  expect(text.trimEnd().split("\n")).toHaveLength(1);
  expect(line).toMatchObject({ level: "info", role: "worker", node: "n1", msg: "two\nlines" });
  expect(line.time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
});

test("secrets are replaced at every depth, in lists and in the details of errors", () => {
  const secret = "s3cr3t";
  const tree = {
    password: secret,
    a: { token: secret, b: { cookie: secret, c: { d: { secret } } } },
    headers: { Authorization: secret, "set-cookie": [secret], "x-csrf-token": secret },
    peerKey: { private: secret, public: "shown" },
    jupyterToken: secret,
    list: [{ privateKey: secret }],
    err: new DockletError("internal", "m", "h", { ticket: secret, deep: { AUTH_KEY: secret } }, { password: secret }),
  };
  const { text } = logged(tree);
  expect(text).not.toContain(secret);
  expect(text).toContain("shown");
  expect(text.match(/\[redacted\]/g)!.length).toBeGreaterThanOrEqual(11);
  expect(tree.password).toBe(secret);
});

test("an error keeps code, details, stack and causes", () => {
  const cause = new DockletError("host_command", "ip exited with 2", "", { code: 2 }, new Error("the first"));
  const { line } = logged({ err: new Error("outer", { cause }) }, "failed");
  expect(line.err).toMatchObject({
    type: "Error",
    message: "outer",
    stack: expect.stringContaining("log.test.ts"),
    cause: { type: "DockletError", code: "host_command", details: { code: 2 }, cause: { message: "the first" } },
  });
  expect(logged({ err: "only text" }).line.err).toEqual({ message: "only text" });
});

test("what contains itself is logged all the same", () => {
  const loop: Record<string, unknown> = { name: "x" };
  loop.self = loop;
  const err = new Error("round");
  err.cause = err;
  expect(logged({ loop, err }).text).toContain("round");
});
