import { expect, test } from "bun:test";
import { asDocklet, DockletError, isDocklet, messageOf, STATUS } from "./errors.ts";

test("a full disk keeps its own code, whoever ran into it", () => {
  for (const code of ["ENOSPC", "EDQUOT", "SQLITE_FULL"]) {
    const cause = Object.assign(new Error("x"), { code });
    const e = asDocklet(cause);
    expect(e).toMatchObject({ code: "disk_full", status: 507, cause });
    expect(e.hint).not.toBe("");
  }
});

test("what is ours passes through, what is not never shows its own text", () => {
  const ours = new DockletError("conflict", "m", "h", { a: 1 });
  expect(asDocklet(ours)).toBe(ours);
  for (const thrown of [new Error("secret of a library"), "text", null, undefined, 7, { code: 3 }]) {
    const e = asDocklet(thrown);
    expect(e.code).toBe("internal");
    expect(`${e.message}${e.hint}`).not.toContain("secret");
  }
});

test("every code has a status of its own class", () => {
  for (const status of Object.values(STATUS)) expect(status >= 400 && status < 600).toBe(true);
  expect(new DockletError("not_found", "m").status).toBe(404);
});

test("isDocklet and messageOf", () => {
  const e = new DockletError("gone", "it left");
  expect([isDocklet(e), isDocklet(e, "gone"), isDocklet(e, "conflict"), isDocklet(new Error("x"))]).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect([messageOf(e), messageOf("plain"), messageOf(undefined)]).toEqual(["it left", "plain", "undefined"]);
});
