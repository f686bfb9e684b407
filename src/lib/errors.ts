/**
 * The one error type that crosses floors. Anything else that is thrown is a bug and
 * reaches people as `internal` with a request id, never with its own text.
 */
export class DockletError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly details: Record<string, unknown> | undefined;

  constructor(code: ErrorCode, message: string, hint = "", details?: Record<string, unknown>, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "DockletError";
    this.code = code;
    this.hint = hint;
    this.details = details;
  }

  get status(): number {
    return STATUS[this.code];
  }
}

/** Every code that the API can answer with, and its HTTP status. */
export const STATUS = {
  bad_request: 400,
  invalid: 422,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  gone: 410,
  too_large: 413,
  throttled: 429,
  quota_exceeded: 409,
  no_capacity: 409,
  cancelled: 409,
  stale_order: 409,
  unsupported: 501,
  unavailable: 503,
  disk_full: 507,
  host_command: 500,
  internal: 500,
} as const;

export type ErrorCode = keyof typeof STATUS;

export function isDocklet(e: unknown, code?: ErrorCode): e is DockletError {
  return e instanceof DockletError && (code === undefined || e.code === code);
}

/** One line for a person or a log: never a stack. */
export function messageOf(e: unknown): string {
  return e instanceof Error ? e.message : String(e);
}

/** Any thrown value as a DockletError; SQLite's and the kernel's "disk full" get their own code. */
export function asDocklet(e: unknown): DockletError {
  if (e instanceof DockletError) return e;
  const code = (e as { code?: string } | null)?.code ?? "";
  if (code === "SQLITE_FULL" || code === "ENOSPC" || code === "EDQUOT") {
    return new DockletError(
      "disk_full",
      "The disk that holds docklet's state is full.",
      "Free some space under FS_PREFIX and try again; stopping and deleting vclusters still works.",
      undefined,
      e,
    );
  }
  return new DockletError(
    "internal",
    "Something went wrong inside docklet.",
    "Tell the administrator the request id.",
    undefined,
    e,
  );
}
