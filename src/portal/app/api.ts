import { ApiError, createClient, fillPath, type Problem, queryString, routes } from "../../contracts/public/index.ts";

let csrf: string | null = null;
let onSignedOut: () => void = () => {};

/** The CSRF token of this session; it goes with every write. */
export function setCsrf(token: string | null): void {
  csrf = token;
}

/** Called when the server no longer knows this session: it expired, or was ended from elsewhere. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

/** The typed client over the session cookie. Every failure is an ApiError that says what to do. */
export const api = createClient(async (path, init) => {
  const headers = { ...init.headers };
  if (init.method !== "GET" && csrf !== null) headers["x-csrf-token"] = csrf;
  if (init.method === "POST") headers["idempotency-key"] = randomKey();
  let res: Response;
  try {
    res = await fetch(path, { ...init, headers, credentials: "same-origin", redirect: "error" });
  } catch (e) {
    if ((e as Error).name === "AbortError") throw e;
    throw new ApiError(unreachable());
  }
  // A login that fails says 401 too, and ends nothing.
  const isLogin = init.method === routes.login.method && path.endsWith(routes.login.path);
  if (res.status === 401 && !isLogin) onSignedOut();
  return res;
});

function unreachable(): Problem {
  return {
    type: "about:blank",
    title: "Unreachable",
    status: 0,
    code: "unavailable",
    message: "The portal cannot reach the docklet server.",
    hint: "Check your network connection, then try again. If it stays so, tell your administrator.",
    requestId: "",
  };
}

/** crypto.randomUUID exists on https only; this also works at http://IP. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

export function streamUrl(): string {
  return `/api/v1${routes.eventStream.path}`;
}

export function terminalUrl(at: { name: string; node: string }, query: Record<string, unknown>): string {
  const path = `/api/v1${fillPath(routes.terminal.path, at)}${queryString(query)}`;
  const url = new URL(path, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
