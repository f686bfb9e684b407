import { existsSync } from "node:fs";
import { join } from "node:path";
import { WORKER_SOCKET } from "../../contracts/worker-status.ts";
import { DockletError } from "../../lib/errors.ts";
import { portalOrigin } from "./address.ts";
import type { Target } from "./connection.ts";
import { credentialsPath, readCredentials } from "./credentials.ts";

export interface TargetRequest {
  url: string | undefined;
  token: string | undefined;
  env: Record<string, string | undefined>;
  warn: (text: string) => void;
  /** FS_PREFIX; asked only when nothing else is known. */
  prefix: () => string;
  isRoot: boolean;
}

export const SOCKET = "local/run/docklet.sock";

/**
 * Flags, then environment, then what `docklet login` stored, then (for root on the host itself) the
 * socket of the docklet that runs here. A stored token only ever goes to the address it was made for.
 */
export function findTarget(request: TargetRequest): Target {
  const { env } = request;
  const url = request.url ?? (env.DOCKLET_URL || undefined);
  const token = request.token ?? (env.DOCKLET_TOKEN || undefined);
  const stored = readCredentials(credentialsPath(env), request.warn);
  const origin = url !== undefined ? portalOrigin(url) : stored.current;
  if (origin !== null) {
    const login = Object.hasOwn(stored.servers, origin) ? stored.servers[origin] : undefined;
    const found = token ?? login?.token;
    if (found !== undefined) {
      const source =
        token === undefined ? "the stored login" : request.token === undefined ? "DOCKLET_TOKEN" : "--token";
      return { address: origin, origin, unix: null, token: found, source };
    }
    throw new DockletError("unauthenticated", `You are not logged in at ${origin}.`, `\`docklet login ${origin}\``);
  }
  if (token !== undefined) {
    throw new DockletError(
      "unauthenticated",
      "There is a token, but no address to use it with.",
      "Add --url or set DOCKLET_URL.",
    );
  }
  const socket = join(request.prefix(), SOCKET);
  if (request.isRoot && existsSync(socket))
    return { address: socket, origin: "http://localhost", unix: socket, token: null, source: "root on this host" };
  if (request.isRoot && existsSync(join(request.prefix(), WORKER_SOCKET))) {
    throw new DockletError(
      "unauthenticated",
      "This host is a worker and has no API; you are not logged in anywhere else.",
      "`docklet status` tells how it is. For all else: `docklet login` with the portal's address, or the master's host.",
    );
  }
  const here = request.isRoot ? ` No docklet runs on this host either (${socket} is not there).` : "";
  throw new DockletError(
    "unauthenticated",
    `You are not logged in.${here}`,
    "`docklet login URL`, or set DOCKLET_URL and DOCKLET_TOKEN.",
  );
}
