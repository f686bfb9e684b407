const BASE = "http://portal.invalid";

/**
 * Where to go after the login. The value comes from the address bar, so anybody may have written it: only a path
 * on this very origin passes, everything else becomes the start page.
 */
export function safeNext(next: unknown): string {
  if (typeof next !== "string" || next.length > 2000) return "/";
  // Two slashes, or a slash and a backslash, name another host. Browsers drop tabs and newlines before they look.
  if (!/^\/(?![/\\])/.test(next) || /[\\\x00-\x1f\x7f]/.test(next)) return "/";
  let url: URL;
  try {
    url = new URL(next, BASE);
  } catch {
    return "/";
  }
  if (url.origin !== BASE || url.pathname.startsWith("//")) return "/";
  if (url.pathname === "/login") return "/";
  return `${url.pathname}${url.search}${url.hash}`;
}
