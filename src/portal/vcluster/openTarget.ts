import { OpenRequest, OpenSlug } from "../../contracts/public/index.ts";

export type OpenTarget =
  | { kind: "slug"; body: OpenSlug }
  | { kind: "vcluster"; name: string; owner: string | undefined; body: { node?: string; port?: number } };

interface Search {
  slug?: string | undefined;
  path?: string | undefined;
  vcluster?: string | undefined;
  owner?: string | undefined;
  node?: string | undefined;
  port?: string | undefined;
}

/** What the address asks to open; null where it makes no sense. Anybody may have written the address. */
export function targetOf(search: Search): OpenTarget | null {
  if (search.slug !== undefined) {
    const body = OpenSlug.safeParse({ slug: search.slug, ...(search.path !== undefined ? { path: search.path } : {}) });
    return body.success ? { kind: "slug", body: body.data } : null;
  }
  if (search.vcluster === undefined) return null;
  const body = OpenRequest.safeParse({
    ...(search.node !== undefined ? { node: search.node } : {}),
    ...(search.port !== undefined ? { port: Number(search.port) } : {}),
  });
  if (!body.success) return null;
  return { kind: "vcluster", name: search.vcluster, owner: search.owner, body: body.data };
}

/** Only a web address may take the place of this page. */
export function webUrl(url: string, base: string): string | null {
  try {
    const parsed = new URL(url, base);
    return parsed.protocol === "http:" || parsed.protocol === "https:" ? parsed.href : null;
  } catch {
    return null;
  }
}
