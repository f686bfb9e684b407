import { describe, expect, test } from "bun:test";
import { installable, resolvePackages } from "./packages.ts";

const offers =
  (...names: string[]) =>
  async (asked: string[]) =>
    new Set(asked.filter((n) => names.includes(n)));

describe("resolvePackages", () => {
  test("takes the first alternative that is known", async () => {
    expect(await resolvePackages(["a|b", "c|d"], offers("b", "c", "d"))).toEqual(["b", "c"]);
  });

  test("leaves out what is optional and unknown", async () => {
    expect(await resolvePackages(["a", "?b", "?c|d"], offers("a", "d"))).toEqual(["a", "d"]);
  });

  test("names a package once", async () => {
    expect(await resolvePackages(["a", "b|a"], offers("a"))).toEqual(["a"]);
  });

  test("tells everything that is missing at once", async () => {
    const e = await resolvePackages(["a", "b|c", "d"], offers("a")).catch((x) => x);
    expect(e.code).toBe("invalid");
    expect(e.message).toContain("b or c, d");
    expect(e.hint).toContain("recipe");
  });

  test("knows a host whose package lists were never fetched", async () => {
    const e = await resolvePackages(["a"], offers()).catch((x) => x);
    expect(e.hint).toContain("apt-get update");
  });
});

test("installable reads apt-cache policy", () => {
  const policy = [
    "nano:",
    "  Installed: (none)",
    "  Candidate: 7.2-1",
    "  Version table:",
    "     7.2-1 500",
    "        500 http://mirror/debian bookworm/main amd64 Packages",
    "mail-transport-agent:",
    "  Installed: (none)",
    "  Candidate: (none)",
    "  Version table:",
    "",
  ].join("\n");
  expect([...installable(policy)]).toEqual(["nano"]);
});
