import { SECURITY_HEADERS } from "./security-headers.ts";

/** Serves the portal: its files as they are, and index.html for every page address that the browser app knows. */
export function portalAnswer(
  asset: (path: string, acceptsGzip: boolean) => Response | null,
  request: Request,
  path: string,
): Response | null {
  if (request.method !== "GET" && request.method !== "HEAD") return null;
  const wanted = path === "/" ? "/index.html" : path;
  const isPage = !/\.[a-z0-9]{1,8}$/i.test(path);
  const gzip = takesGzip(request.headers.get("accept-encoding"));
  const found = asset(wanted, gzip) ?? (isPage ? asset("/index.html", gzip) : null);
  if (!found) return null;
  const headers = new Headers(found.headers);
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) headers.set(name, value);
  // Pages name the files of this build; the files themselves say how long they keep.
  if (wanted === "/index.html" || isPage) headers.set("cache-control", "no-cache");
  return new Response(request.method === "HEAD" ? null : found.body, { status: found.status, headers });
}

/** Every browser takes it; a plain curl does not, nor does whoever says so with `q=0`. */
function takesGzip(accepted: string | null): boolean {
  const quality = /(?:^|[\s,])gzip\s*(?:;\s*q=([\d.]+))?\s*(?:,|$)/i.exec(accepted ?? "");
  return quality !== null && Number(quality[1] ?? 1) > 0;
}
