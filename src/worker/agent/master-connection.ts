import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { MASTER_NAME } from "../../contracts/uplink.ts";
import { DockletError, messageOf } from "../../lib/errors.ts";

const CONNECT_MS = 10_000;

/** Where a master listens. */
export interface MasterAddress {
  host: string;
  port: number;
}

/** What this side shows and demands: nothing at all, the right master, or that and who we are. */
export type Trust =
  | { kind: "anybody" }
  | { kind: "master"; ca: string }
  | { kind: "member"; ca: string; certificate: string; key: string };

/** A TLS connection to a master. Throws `unavailable`, or `forbidden` when what answers is not our master. */
export function connectTo(
  address: MasterAddress,
  trust: Trust,
  signal?: AbortSignal,
  timeoutMs = CONNECT_MS,
): Promise<TLSSocket> {
  const options: ConnectionOptions = {
    host: address.host,
    port: address.port,
    minVersion: "TLSv1.3",
    servername: MASTER_NAME,
    ...(trust.kind === "anybody" ? { rejectUnauthorized: false } : { rejectUnauthorized: true, ca: trust.ca }),
    ...(trust.kind === "member" ? { cert: trust.certificate, key: trust.key } : {}),
  };
  return new Promise((resolve, reject) => {
    const socket = connect(options);
    const fail = (e: unknown) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      socket.destroy();
      reject(explain(address, e));
    };
    const stop = () => fail(signal!.reason);
    const timer = setTimeout(() => fail(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
    if (signal?.aborted) return stop();
    signal?.addEventListener("abort", stop, { once: true });
    socket.once("error", fail);
    socket.once("close", () => fail(new Error("it closed the connection")));
    socket.once("secureConnect", () => {
      // Belt and braces: an option that was misspelt must not make a connection to anybody.
      if (trust.kind !== "anybody" && !socket.authorized) return fail({ code: String(socket.authorizationError) });
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      socket.removeAllListeners("error");
      socket.removeAllListeners("close");
      resolve(socket);
    });
  });
}

/** Reasons of TLS that mean: not our master. They are found before anything of ours is sent. */
const FOREIGN = /SELF_SIGNED|UNABLE_TO|ALTNAME|SIGNATURE|UNTRUSTED|LEAF/;

function explain({ host, port }: MasterAddress, e: unknown): DockletError {
  const code = (e as { code?: string } | null)?.code ?? "";
  if (FOREIGN.test(code)) {
    return new DockletError(
      "forbidden",
      `What answers at ${host}:${port} is not the master of this host's cluster (${code}).`,
      "Check MASTER_IP and MASTER_PORT. If the cluster was made anew, let this host join it with a new join token.",
      undefined,
      e,
    );
  }
  if (/CERT_NOT_YET_VALID|CERT_HAS_EXPIRED/.test(code)) {
    return new DockletError(
      "forbidden",
      `The certificate of the master at ${host}:${port} does not hold today (${code}).`,
      "Is the clock of this host right?",
      undefined,
      e,
    );
  }
  return new DockletError(
    "unavailable",
    `The master at ${host}:${port} can't be reached: ${code || messageOf(e)}.`,
    "Is docklet running there, and does a firewall let this host through?",
    undefined,
    e,
  );
}
