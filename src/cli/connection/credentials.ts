import { readFileSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { DockletError, messageOf } from "../../lib/errors.ts";
import { writeFileAtomic } from "../../os/files.ts";

const Login = z.object({ user: z.string(), token: z.string(), tokenId: z.string() });
const Credentials = z.object({ current: z.string().nullable(), servers: z.record(z.string(), Login) });
export type Login = z.infer<typeof Login>;
export type Credentials = z.infer<typeof Credentials>;

export function credentialsPath(env: Record<string, string | undefined>): string {
  const base = env.XDG_CONFIG_HOME?.startsWith("/") ? env.XDG_CONFIG_HOME : join(env.HOME || homedir(), ".config");
  return join(base, "docklet", "credentials.json");
}

/** What `docklet login` stored. A file that others can read is used, with a warning: the tokens in it may be known. */
export function readCredentials(path: string, warn: (text: string) => void): Credentials {
  let text: string;
  try {
    const { mode, uid } = statSync(path);
    const me = process.getuid?.() ?? uid;
    if (uid !== me && uid !== 0) {
      throw new DockletError(
        "forbidden",
        `${path} belongs to another user.`,
        "Somebody else may have put it there. Remove it, then `docklet login`.",
      );
    }
    if ((mode & 0o077) !== 0) {
      warn(
        `other users can read ${path} (mode ${(mode & 0o777).toString(8)}): \`chmod 600 ${path}\`, then \`docklet login\` for a new token.`,
      );
    }
    text = readFileSync(path, "utf8");
  } catch (e) {
    if ((e as { code?: string }).code === "ENOENT") return { current: null, servers: {} };
    if (e instanceof DockletError) throw e;
    throw new DockletError("invalid", `${path} can't be read: ${messageOf(e)}`, "`docklet login` needs it.");
  }
  try {
    return Credentials.parse(JSON.parse(text));
  } catch {
    throw new DockletError("invalid", `${path} is damaged.`, "Remove it, then `docklet login` again.");
  }
}

/** 0600, whole or not at all; an empty set leaves no file. */
export function writeCredentials(path: string, credentials: Credentials): void {
  if (Object.keys(credentials.servers).length === 0) rmSync(path, { force: true });
  else writeFileAtomic(path, `${JSON.stringify(credentials, null, 2)}\n`, 0o600);
}
