import pino from "pino";

export type Logger = pino.Logger;

/** Keys whose values never reach a log, however deep they lie: whole words at the end of a key. */
const SECRET =
  /(?:password|token|secret|cookie|authorization|private(?:[-_]?key)?|ticket|csrf|(?:auth|host)[-_]?key)(?:[-_]?hash)?s?$/i;
const CENSOR = "[redacted]";
/** What lies deeper is of no use in a log line. */
const MAX_DEPTH = 8;

export interface LogSink {
  write(line: string): void;
}

/** A structured logger: one JSON object a line, secrets replaced, ISO time. */
export function createLogger(level: string, sink: LogSink, base: Record<string, unknown> = {}): Logger {
  return pino(
    {
      level,
      base,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: (fields) => members(fields, 0) },
      // formatters.log has made plain objects of all errors.
      serializers: { err: (e: unknown) => (typeof e === "object" && e !== null ? e : { message: String(e) }) },
    },
    sink,
  );
}

function clean(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  if (depth > MAX_DEPTH) return "[too deep]";
  if (value instanceof Error) return ofError(value, depth);
  if (Array.isArray(value)) return value.map((v) => clean(v, depth + 1));
  return typeof (value as { toJSON?: unknown }).toJSON === "function" ? value : members(value, depth);
}

function members(object: object, depth: number): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(object)) {
    const secret = SECRET.test(key) && (typeof value === "string" || typeof value === "object") && value !== null;
    out[key] = secret ? CENSOR : clean(value, depth + 1);
  }
  return out;
}

function ofError(e: Error, depth: number): unknown {
  const { code, details } = e as { code?: unknown; details?: unknown };
  return {
    type: e.name,
    message: e.message,
    code,
    details: clean(details, depth + 1),
    stack: e.stack,
    cause: clean(e.cause, depth + 1),
  };
}

/** For tests and for places that have no logger of their own. */
export const silentLogger: Logger = pino({ level: "silent" });
