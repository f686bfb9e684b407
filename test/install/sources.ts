import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The host's own apt sources for its own release: tests install from wherever this machine does. */
export function aptSources(dir = "/etc/apt"): string {
  const codename = /^VERSION_CODENAME=(\w+)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
  if (!codename) throw new Error("this host does not tell its release");
  const ofRelease = (suites: string) => suites.split(/\s+/).some((s) => s === codename || s.startsWith(`${codename}-`));
  const parts = join(dir, "sources.list.d");
  const files = [
    join(dir, "sources.list"),
    ...(existsSync(parts) ? readdirSync(parts).map((f) => join(parts, f)) : []),
  ];
  const out: string[] = [];
  for (const file of files.filter(existsSync)) {
    const text = readFileSync(file, "utf8").replace(/^#.*\n/gm, "");
    if (file.endsWith(".sources")) {
      for (const stanza of text.split(/\n\s*\n/)) {
        const field = (name: string) => new RegExp(`^${name}: *(.*)$`, "m").exec(stanza)?.[1]?.trim() ?? "";
        if (!ofRelease(field("Suites"))) continue;
        const key = field("Signed-By");
        for (const uri of field("URIs").split(/\s+/))
          for (const suite of field("Suites").split(/\s+/))
            out.push(`deb ${key ? `[signed-by=${key}] ` : ""}${uri} ${suite} ${field("Components")}`);
      }
    } else {
      out.push(
        ...text.split("\n").filter((l) => {
          const words = l.replace(/\[.*?\]\s*/, "").split(/\s+/);
          return words[0] === "deb" && ofRelease(words[2] ?? "");
        }),
      );
    }
  }
  return `${out.join("\n")}\n`;
}
