import { DockletError } from "../../lib/errors.ts";
import { output } from "../../os/exec.ts";

/** Names that apt can install, out of `names`. */
export type Known = (names: string[]) => Promise<Set<string>>;

/**
 * What the host's own apt sources offer. What is merely installed on the host does not count:
 * it may come from a file that the image could not get.
 */
export const knownToApt: Known = async (names) => {
  if (names.length === 0) return new Set();
  const text = await output(["apt-cache", "-o", "Dir::State::status=/dev/null", "policy", "--", ...names], {
    timeoutMs: 120_000,
  });
  return installable(text);
};

/** Reads `apt-cache policy`: a package that nothing offers has no candidate, or no entry at all. */
export function installable(policy: string): Set<string> {
  const out = new Set<string>();
  let name = "";
  for (const line of policy.split("\n")) {
    const head = /^(\S+):$/.exec(line);
    if (head) name = head[1]!;
    const candidate = /^ {2}Candidate: (.+)$/.exec(line);
    if (candidate && candidate[1] !== "(none)") out.add(name);
  }
  return out;
}

/**
 * Picks from each wish of a recipe the first alternative that is known: `a|b` one of the two, `?a` only where it exists.
 * Names every wish that cannot be met, not just the first.
 */
export async function resolvePackages(wishes: string[], known: Known = knownToApt): Promise<string[]> {
  const choices = wishes.map((wish) => ({ optional: wish.startsWith("?"), names: wish.replace(/^\?/, "").split("|") }));
  const there = await known([...new Set(choices.flatMap((c) => c.names))]);
  const missing: string[] = [];
  const picked = new Set<string>();
  for (const { optional, names } of choices) {
    const name = names.find((n) => there.has(n));
    if (name !== undefined) picked.add(name);
    else if (!optional) missing.push(names.join(" or "));
  }
  if (missing.length > 0)
    throw new DockletError(
      "invalid",
      `The apt sources of this host have no package ${missing.join(", ")}.`,
      there.size === 0
        ? "Run `apt-get update` on the host and try again."
        : "Correct the recipe, or add an apt source that has it to the host and run `apt-get update`.",
      { missing },
    );
  return [...picked];
}
