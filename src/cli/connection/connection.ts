import { type Client, createClient, type Transport } from "../../contracts/public/client.ts";
import { DockletError, messageOf } from "../../lib/errors.ts";

export interface Target {
  /** For people: a URL, or the path of the socket. */
  address: string;
  origin: string;
  /** Path of docklet's socket on this host. */
  unix: string | null;
  token: string | null;
  /** Where the credentials come from, for messages. */
  source: string;
}

/** The public API of one docklet. */
export interface Connection {
  readonly target: Target;
  readonly api: Client;
  /** An answer that goes on, such as the event stream. */
  stream(path: string, signal: AbortSignal): Promise<Response>;
  socket(path: string): WebSocket;
}

/** An API that does not answer in this time is not well; streams have no such limit. */
const ANSWER_MS = 60_000;

export function connectTo(target: Target): Connection {
  const authorization: Record<string, string> =
    target.token === null ? {} : { authorization: `Bearer ${target.token}` };
  const send = async (path: string, init: Parameters<Transport>[1], limitMs: number | null): Promise<Response> => {
    const signals = [init.signal, limitMs === null ? undefined : AbortSignal.timeout(limitMs)].filter((s) => !!s);
    let res: Response;
    try {
      res = await fetch(target.origin + path, {
        method: init.method,
        headers: { accept: "application/json", ...init.headers, ...authorization },
        // A token must not follow a redirect to somewhere else.
        redirect: "manual",
        ...(init.body === undefined ? {} : { body: init.body }),
        ...(signals.length === 0 ? {} : { signal: AbortSignal.any(signals) }),
        ...(target.unix === null ? {} : { unix: target.unix }),
      });
    } catch (e) {
      if (init.signal?.aborted) throw e;
      throw unreachable(target, e);
    }
    if (res.status >= 300 && res.status < 400) {
      throw new DockletError(
        "unavailable",
        `${target.address} sends on to ${res.headers.get("location")?.slice(0, 200) ?? "somewhere else"}.`,
        "Use that address: `docklet login URL`.",
      );
    }
    return res;
  };
  const transport: Transport = async (path, init) => {
    const res = await send(path, init, ANSWER_MS);
    const type = res.headers.get("content-type") ?? "";
    if (res.ok && res.status !== 204 && !type.includes("json")) {
      throw new DockletError(
        "unavailable",
        `${target.address} answers, but it is not a docklet portal.`,
        "Check the address: it is the one of the portal, not of a workspace.",
      );
    }
    return res;
  };
  return {
    target,
    api: createClient(transport),
    stream: async (path, signal) => {
      const res = await send(path, { method: "GET", headers: { accept: "text/event-stream" }, signal }, null);
      if (!res.ok || !res.body)
        throw new DockletError("unavailable", `${target.address} answered ${res.status} to ${path}.`);
      return res;
    },
    socket: (path) => {
      const url =
        target.unix === null ? target.origin.replace(/^http/, "ws") + path : `ws+unix://${target.unix}:${path}`;
      return new WebSocket(url, { headers: authorization } as never);
    },
  };
}

/** Why there was no answer, and what to do. */
export function unreachable(target: Target, e: unknown): DockletError {
  const code = String((e as { code?: unknown } | null)?.code ?? "");
  const { address } = target;
  const fail = (message: string, hint: string) => new DockletError("unavailable", message, hint, undefined, e);
  if (target.unix !== null) {
    if (["EACCES", "EPERM"].includes(code))
      return fail(`You may not use ${target.unix}.`, "Become root, or `docklet login`.");
    return fail(
      `No docklet answers at ${target.unix}.`,
      "Start it with `systemctl start docklet` or `docklet serve`; `docklet doctor` says what is in its way.",
    );
  }
  if ((e as Error)?.name === "TimeoutError")
    return fail(
      `${address} did not answer within ${ANSWER_MS / 1000} s.`,
      "Try again; if it stays so, ask the administrator.",
    );
  if (["ConnectionRefused", "ECONNREFUSED"].includes(code))
    return fail(
      `Nothing listens at ${address}: the connection was refused.`,
      "Is docklet running there (`docklet serve`), and is it the port of the portal (NGINX_PORT, default 8080)?",
    );
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|TLS/.test(code))
    return fail(
      `The certificate of ${address} is not trusted: ${messageOf(e)}.`,
      "Put the certificate of its authority into a file and name that in NODE_EXTRA_CA_CERTS.",
    );
  return fail(
    `${address} can't be reached: ${messageOf(e)}.`,
    "Check the address and the network; `docklet login URL` stores another address.",
  );
}
