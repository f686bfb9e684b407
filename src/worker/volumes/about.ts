import { z } from "zod";
import { Name } from "../../contracts/public/index.ts";
import { LayerId, Picture } from "../../contracts/worker.ts";
import { Manifest } from "../images/layers.ts";

const Line = z
  .string()
  .max(8_000)
  .regex(/^[^\r\n\0]*$/);

/** What makes a node on another host the same node, beside what is on its disk. */
export const DiskFacts = z.strictObject({
  image: Name,
  /** Topmost first, without docklet's own layer, which each host has for itself. */
  layers: z.array(LayerId).max(64),
  slug: z.string().regex(/^[a-z][a-z0-9]{9,31}$/),
  jupyterToken: Line,
  hostKey: z.string().max(16_000),
  hostKeyPub: Line,
});
export type DiskFacts = z.infer<typeof DiskFacts>;

/** What stands before the bytes of a picture on its way, and beside it where it lies. */
export const About = z.strictObject({
  version: z.literal(1),
  picture: Picture,
  /** Name of the picture that this one is the difference from; null: it is whole. */
  parent: Picture.shape.name.nullable(),
  of: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("layer"), manifest: Manifest }),
    z.strictObject({ kind: z.literal("disk"), disk: DiskFacts }),
    z.strictObject({ kind: z.literal("home") }),
  ]),
});
export type About = z.infer<typeof About>;

/** Bytes of the length in front of it. */
export const PREFIX = 4;
/** A recipe may hold a few files; nothing else in it is large. */
export const MAX_ABOUT = 16 * 1024 * 1024;

/** The same facts make the same bytes: a stream that goes on later must not differ. */
export function encodeAbout(about: About): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(About.parse(about)));
  const out = new Uint8Array(PREFIX + json.length);
  new DataView(out.buffer).setUint32(0, json.length);
  out.set(json, PREFIX);
  return out;
}

/** null: there is not enough of it, or it makes no sense. `bytes`: with the prefix. */
export function decodeAbout(bytes: Uint8Array): { about: About; bytes: number } | null {
  if (bytes.length < PREFIX) return null;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  if (length > MAX_ABOUT || bytes.length < PREFIX + length) return null;
  try {
    const text = new TextDecoder().decode(bytes.subarray(PREFIX, PREFIX + length));
    return { about: About.parse(JSON.parse(text)), bytes: PREFIX + length };
  } catch {
    return null;
  }
}

/** Is this what was asked for? */
export function isAbout(about: About, picture: Picture, parent: string | null): boolean {
  const { volume } = about.picture;
  return (
    about.parent === parent &&
    about.picture.name === picture.name &&
    volume.kind === picture.volume.kind &&
    volume.id === picture.volume.id &&
    about.of.kind === volume.kind &&
    (about.of.kind !== "layer" || `${about.of.manifest.name}@${about.of.manifest.digest}` === volume.id)
  );
}
