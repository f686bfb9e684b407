import { existsSync, readFileSync, statSync } from "node:fs";
import { join, normalize } from "node:path";
import { gzipSync } from "node:zlib";
import { assetPath } from "../os/assets.ts";

const TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  png: "image/png",
  ico: "image/x-icon",
  woff2: "font/woff2",
  webmanifest: "application/manifest+json",
  json: "application/json",
};
const SHRINKS = /^(html|js|css|svg|json|webmanifest)$/;

interface Asset {
  plain: Uint8Array<ArrayBuffer>;
  gzip: Uint8Array<ArrayBuffer> | null;
  type: string;
  /** Names with a hash of their content never change. */
  forever: boolean;
}

/** The browser app, as it lies in the executable. Each file is read and compressed once. */
export class PortalAssets {
  readonly #root: string;
  readonly #kept = new Map<string, Asset>();

  constructor(root = assetPath("portal")) {
    this.#root = existsSync(root) ? root : assetPath("dist/portal");
  }

  /** null: there is no such file. */
  serve(path: string, acceptsGzip: boolean): Response | null {
    const clean = normalize(path);
    const asset = this.#kept.get(clean) ?? this.#load(clean);
    if (!asset) return null;
    // Only what exists is kept, under the one name that it has: strangers must not fill the map.
    this.#kept.set(clean, asset);
    const body = acceptsGzip && asset.gzip ? asset.gzip : asset.plain;
    const headers = new Headers({
      "content-type": asset.type,
      "cache-control": asset.forever ? "public, max-age=31536000, immutable" : "no-cache",
      vary: "accept-encoding",
    });
    if (body === asset.gzip) headers.set("content-encoding", "gzip");
    return new Response(body, { headers });
  }

  /** Files that are held in memory. */
  get kept(): number {
    return this.#kept.size;
  }

  #load(clean: string): Asset | null {
    if (!clean.startsWith("/") || clean.includes("\0")) return null;
    const file = join(this.#root, clean);
    if (!existsSync(file) || !statSync(file).isFile()) return null;
    const plain = new Uint8Array(readFileSync(file));
    const ext = clean.split(".").at(-1) ?? "";
    return {
      plain,
      gzip: SHRINKS.test(ext) ? new Uint8Array(gzipSync(plain)) : null,
      type: TYPES[ext] ?? "application/octet-stream",
      forever: clean.startsWith("/assets/"),
    };
  }
}
