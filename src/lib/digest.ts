import { createHash } from "node:crypto";

/** sha256, hexadecimal, of a JSON value, whatever the order of its keys. A key without a value counts as left out. */
export function digestOf(value: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(value, sorted) ?? "null")
    .digest("hex");
}

function sorted(_: string, value: unknown): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  const record = value as Record<string, unknown>;
  return Object.fromEntries(
    Object.keys(record)
      .sort()
      .map((k) => [k, record[k]]),
  );
}
