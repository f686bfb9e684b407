import { existsSync } from "node:fs";
import { hostname } from "node:os";
import type { Loaded } from "../config/load.ts";
import { DockletError } from "../lib/errors.ts";
import { IdentityFiles } from "../worker/agent/identity.ts";
import { belongsTo, join, parseToken } from "../worker/agent/joining.ts";
import { Installation } from "./installation.ts";
import type { VersionInfo } from "./version.ts";

export interface Joined {
  name: string;
  cluster: string;
  /** Nothing was done: this host belonged to it before. */
  already: boolean;
}

/** Joins this host to the cluster of a token. Throws what is wrong with the token, the master or this host; then nothing has changed. */
export async function joinCluster(loaded: Loaded, version: VersionInfo, text: string, anew: boolean): Promise<Joined> {
  const { config } = loaded;
  const name = config.HOST_NAME ?? hostname();
  const home = new Installation(config.FS_PREFIX);
  if (existsSync(home.database("master")))
    throw new DockletError(
      "conflict",
      "This host has a master, and so a cluster of its own.",
      `To let it join another one, take this one away first: \`install.sh --uninstall --purge\`, or another FS_PREFIX than ${config.FS_PREFIX}.`,
    );
  const token = parseToken(text);
  const files = new IdentityFiles(home.identity);
  const before = files.read();
  if (before) {
    belongsTo(before, token, files.file);
    if (!anew) return { name, cluster: before.cluster, already: true };
  }
  home.prepare();
  const master = { host: config.MASTER_IP ?? "127.0.0.1", port: config.MASTER_PORT };
  const identity = await join(files, master, token, { name, version: version.version });
  return { name, cluster: identity.cluster, already: false };
}
