import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { output } from "../../os/exec.ts";

/** The host's way to its packages, as files to lay into an image, so that `apt-get` works in nodes as it does on the host. */
export interface AptSources {
  /** Files with sources, by their absolute path. */
  sources: Map<string, string>;
  /** Keys, pins, lists of mirrors and settings, by their absolute path. */
  rest: Map<string, Uint8Array>;
  /** Settings of the host that only the build may use, as apt.conf text. */
  buildSettings: string;
  /** Changes when what goes into the image does. */
  digest: string;
}

/** Reads the host's apt configuration. `etc` is /etc/apt, `settings` its merged apt.conf; others in tests. */
export async function hostAptSources(etc = "/etc/apt", settings = aptSettings): Promise<AptSources> {
  const sources = new Map<string, string>();
  const rest = new Map<string, Uint8Array>();
  const add = (file: string) => void (existsSync(file) && rest.set(file, readFileSync(file)));
  const logins = [join(etc, "auth.conf"), ...filesIn(join(etc, "auth.conf.d"))].filter(existsSync);
  const closed = logins.flatMap((f) => machinesOf(readFileSync(f, "utf8")));
  const open = (uri: string) => isOpen(uri, closed);
  for (const file of [join(etc, "sources.list"), ...filesIn(join(etc, "sources.list.d"), /\.(list|sources)$/)]) {
    if (!existsSync(file)) continue;
    const text = readFileSync(file, "utf8");
    const kept = file.endsWith(".sources") ? openStanzas(text, open) : openLines(text, open);
    if (kept === "") continue;
    sources.set(file, kept);
    for (const path of [...signedBy(kept), ...mirrorLists(kept)]) add(path);
  }
  add(join(etc, "preferences"));
  add(join(etc, "trusted.gpg"));
  for (const folder of ["preferences.d", "trusted.gpg.d", "keyrings"])
    for (const f of filesIn(join(etc, folder))) add(f);
  const dump = await settings();
  rest.set("/etc/apt/apt.conf.d/90docklet-host", new TextEncoder().encode(nodeSettings(dump)));
  const hash = createHash("sha256");
  for (const [path, content] of [...sources, ...rest]) hash.update(`${path}\0`).update(content).update("\0");
  return { sources, rest, buildSettings: buildSettings(dump), digest: hash.digest("hex") };
}

function filesIn(folder: string, name = /^[^.].*/): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((f) => name.test(f))
    .map((f) => join(folder, f))
    .filter((f) => statSync(f).isFile())
    .sort();
}

/** Hosts that the host's apt logs into with a password. */
export function machinesOf(authConf: string): string[] {
  return [...authConf.matchAll(/(?:^|\s)machine\s+(?:[a-z+]+:\/\/)?([^\s/]+)/g)].map((m) => m[1]!);
}

/**
 * Whether a node can fetch from there: not from media that only the host has, and not from a place that wants a
 * password, as the password would have to be given to every tenant.
 */
function isOpen(uri: string, closed: string[]): boolean {
  if (/^(file|cdrom|copy):/i.test(uri)) return false;
  const host = /^[a-z+]+:\/\/([^/]+)/i.exec(uri)?.[1] ?? "";
  return !host.includes("@") && !closed.includes(host);
}

/** One-line format: keeps the entries that nodes can use, without comments. */
export function openLines(text: string, open: (uri: string) => boolean): string {
  const kept = text.split("\n").filter((line) => {
    const entry = /^\s*deb(?:-src)?\s+(?:\[[^\]]*\]\s*)?(\S+)/.exec(line);
    return entry !== null && open(entry[1]!);
  });
  return kept.length === 0 ? "" : `${kept.join("\n")}\n`;
}

/** deb822 format: keeps the stanzas that are enabled and that nodes can use, without comments. */
export function openStanzas(text: string, open: (uri: string) => boolean): string {
  const plain = text.split("\n").filter((line) => !line.startsWith("#"));
  const kept = plain
    .join("\n")
    .split(/\n[ \t]*\n/)
    .filter((stanza) => {
      if (/^Enabled:\s*no\s*$/im.test(stanza)) return false;
      const uris = /^URIs:\s*(.+)$/im.exec(stanza)?.[1]?.trim().split(/\s+/) ?? [];
      return uris.length > 0 && uris.every(open);
    });
  return kept.length === 0 ? "" : `${kept.map((s) => s.trim()).join("\n\n")}\n`;
}

/** Key files that sources point to. A key that stands in the stanza itself, or a fingerprint, is no file. */
export function signedBy(text: string): string[] {
  const fields = [...text.matchAll(/signed-by(?:=|:[ \t]*)([^\s\]]+(?:[ \t]+\/[^\s\]]+)*)/gi)];
  return fields.flatMap((m) => m[1]!.split(/[\s,]+/)).filter((p) => p.startsWith("/"));
}

function mirrorLists(text: string): string[] {
  return [...text.matchAll(/mirror\+file:(?:\/\/)?(\/[^\s]+)/g)].map((m) => m[1]!);
}

function aptSettings(): Promise<string> {
  return output(["apt-config", "dump", "Acquire"]);
}

const FETCH_SETTING =
  /^Acquire::(?:http|https|ftp|Retries|Check-Valid-Until|Check-Date|ForceIPv4|ForceIPv6)(?:::\S+)? "(.+)";$/i;

/** Everything that the host's apt fetches with. */
export function buildSettings(dump: string): string {
  return `${dump
    .split("\n")
    .filter((line) => FETCH_SETTING.test(line))
    .join("\n")}\n`;
}

/**
 * The host's fetch settings that make sense in a node. A proxy on the host's loopback is out of a node's reach,
 * one with a password would give the password to every tenant, and a detection script is not in the image.
 */
export function nodeSettings(dump: string): string {
  const kept = dump.split("\n").filter((line) => {
    const value = FETCH_SETTING.exec(line)?.[1];
    if (value === undefined || /auto-?detect/i.test(line)) return false;
    return !/^[a-z0-9+]+:\/\/(?:[^/]*@|localhost|127\.|\[::1\])/i.test(value);
  });
  // Index files stay compressed and untranslated: they are part of every image.
  return `${['Acquire::GzipIndexes "true";', 'Acquire::Languages "none";', ...kept].join("\n")}\n`;
}
