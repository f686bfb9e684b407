import { createHash } from "node:crypto";
import { join } from "node:path";
import { files, ROOT, read } from "./tree.ts";

/**
 * A migration that has reached the main branch has run on somebody's database: it never changes again, a new one
 * is added instead. `bun test/arch/migration-lock.ts` adds the checksums of new files; it refuses to change a line.
 */
export const LOCK = "test/arch/migrations.lock";

export const migrations = (): string[] => files.filter((f) => /^migrations\/.*\.sql$/.test(f));
export const checksum = (file: string): string => createHash("sha256").update(read(file)).digest("hex");

export function locked(): Map<string, string> {
  const lines = files.includes(LOCK) ? read(LOCK).split("\n") : [];
  return new Map(lines.filter((l) => l && !l.startsWith("#")).map((l) => [l.slice(66), l.slice(0, 64)]));
}

if (import.meta.main) {
  const before = locked();
  const changed = migrations().filter((f) => before.has(f) && before.get(f) !== checksum(f));
  if (changed.length > 0 && !process.argv.includes("--unreleased")) {
    console.error(`These have changed, and must not: ${changed.join(" ")}. Put them back and add a new migration.`);
    console.error("Nobody has them yet, they are not on the main branch? Then: --unreleased");
    process.exit(1);
  }
  const lines = migrations().map((f) => `${checksum(f)}  ${f}`);
  const head = "# Checksums of the migrations. Lines are added, never changed; test/arch/migration-lock.ts tells why.";
  await Bun.write(join(ROOT, LOCK), `${[head, ...lines].join("\n")}\n`);
}
