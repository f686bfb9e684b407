import { getSystemErrorMap } from "node:util";

/** errno → [name, text], as libuv names them. */
export function strerror(errno: number): [string, string] {
  const known = getSystemErrorMap().get(-errno);
  return known ? [known[0], known[1]] : [`E${errno}`, `error ${errno}`];
}
