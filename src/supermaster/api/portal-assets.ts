import { SECURITY_HEADERS } from "./security-headers.ts";

/** Serves the portal: its files as they are, and index.html for every page address that the browser app knows. */
export function portalAnswer(
  asset: (path: string) => Response | null,
  request: Request,
  path: string,
): Response | null {
  if (request.method !== "GET" && request.method !== "HEAD") return null;
  const wanted = path === "/" ? "/index.html" : path;
  const isPage = !/\.[a-z0-9]{1,8}$/i.test(path);
  const found = asset(wanted) ?? (isPage ? asset("/index.html") : null);
  if (!found) return null;
  const headers = new Headers(found.headers);
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) headers.set(name, value);
  // Pages name the files of this build; the files themselves say how long they keep.
  if (wanted === "/index.html" || isPage) headers.set("cache-control", "no-cache");
  return new Response(request.method === "HEAD" ? null : found.body, { status: found.status, headers });
}
