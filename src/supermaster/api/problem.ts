import type { z } from "zod";
import type { Problem } from "../../contracts/public/index.ts";
import { asDocklet, DockletError, messageOf } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";

const TITLES: Record<number, string> = {
  400: "Bad request",
  401: "Not logged in",
  403: "Not allowed",
  404: "Not found",
  405: "Method not allowed",
  409: "Conflict",
  410: "Gone",
  413: "Too large",
  422: "Invalid",
  429: "Too many attempts",
  501: "Not supported",
  503: "Not available now",
  507: "Disk full",
};

export function problemResponse(status: number, error: DockletError, requestId: string): Response {
  const problem: Problem = {
    type: "about:blank",
    title: TITLES[status] ?? "Error",
    status,
    code: error.code,
    message: error.message,
    hint: error.hint,
    requestId,
    ...(error.details && status < 500 ? { details: error.details } : {}),
  };
  const headers = new Headers(SECURITY_HEADERS);
  headers.set("content-type", "application/problem+json");
  headers.set("cache-control", "no-store");
  headers.set("x-request-id", requestId);
  const wait = error.details?.retryAfterSeconds;
  if (typeof wait === "number") headers.set("retry-after", String(wait));
  return new Response(JSON.stringify(problem), { status, headers });
}

/** Any thrown value as an answer. What is no DockletError is a bug: logged whole, told as a request id only. */
export function answerError(e: unknown, requestId: string, log: Logger): Response {
  const error = asDocklet(e);
  if (error.status >= 500 && error.code !== "unavailable" && error.code !== "unsupported") {
    log.error({ err: e, requestId }, `request failed: ${messageOf(e)}`);
  }
  return problemResponse(error.status, error, requestId);
}

/** zod's findings in words: where, and what is wrong there. */
export function invalid(error: z.ZodError, where: "body" | "path" | "query"): DockletError {
  const issues = error.issues.slice(0, 20).map((i) => ({ path: i.path.join("."), message: i.message }));
  const first = issues[0];
  const at = first?.path ? `${first.path.slice(0, 60)}: ` : "";
  return new DockletError(
    "invalid",
    `${at}${first?.message ?? "The request is not valid."}`,
    `Correct the ${where} of the request.`,
    {
      where,
      issues,
    },
  );
}
