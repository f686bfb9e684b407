import { ApiError } from "../../contracts/public/index.ts";

/** What a person is told about something that went wrong. */
export interface Trouble {
  code: string;
  message: string;
  hint: string;
  requestId: string;
  details: Record<string, unknown>;
}

export function troubleOf(e: unknown): Trouble {
  if (e instanceof ApiError) {
    const { code, message, hint, requestId, details } = e.problem;
    return { code, message, hint, requestId, details: details ?? {} };
  }
  return {
    code: "internal",
    message: "Something in the portal itself went wrong.",
    hint: e instanceof Error ? `Reload the page. If it happens again, report this: ${e.message}` : "Reload the page.",
    requestId: "",
    details: {},
  };
}

/** How long the server wants to be left alone, in seconds. */
export function retryAfter(t: Trouble): number | null {
  if (t.code !== "throttled") return null;
  const { retryAfterSeconds, retryAfterMs, retryAfter: plain } = t.details;
  if (typeof retryAfterSeconds === "number") return Math.ceil(retryAfterSeconds);
  if (typeof retryAfterMs === "number") return Math.ceil(retryAfterMs / 1000);
  if (typeof plain === "number") return Math.ceil(plain);
  return 30;
}

export function hasCode(e: unknown, ...codes: string[]): boolean {
  return e instanceof ApiError && codes.includes(e.problem.code);
}
