import { queryString } from "../../contracts/public/index.ts";

/** The query of the address bar as plain strings: a vcluster called `null` or `1e5` stays what it is. */
export function parseSearch(search: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(search));
}

export function stringifySearch(search: Record<string, unknown>): string {
  return queryString(search);
}

/** A search value, or undefined where there is none. */
export function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
