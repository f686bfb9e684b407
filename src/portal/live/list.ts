/** The list with `item` in place of the one with the same key, or added where there was none. */
export function replace<T, K extends keyof T>(list: T[], item: T, key: K, where: "start" | "end" = "start"): T[] {
  const at = list.findIndex((old) => old[key] === item[key]);
  if (at === -1) return where === "start" ? [item, ...list] : [...list, item];
  return list.with(at, item);
}
