import pino from "pino";

export type Logger = pino.Logger;

/** Keys whose values never reach a log, at any depth that we write. */
const SECRET_KEYS = ["password", "token", "secret", "cookie", "authorization", "privateKey", "ticket", "csrf"];
const REDACT = SECRET_KEYS.flatMap((k) => [k, `*.${k}`, `*.*.${k}`]);

export interface LogSink {
  write(line: string): void;
}

/** A structured logger: one JSON object a line, secrets replaced, ISO time. */
export function createLogger(level: string, sink: LogSink, base: Record<string, unknown> = {}): Logger {
  return pino(
    {
      level,
      base,
      redact: { paths: REDACT, censor: "[redacted]" },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: errSerializer },
    },
    sink,
  );
}

function errSerializer(e: unknown): unknown {
  if (!(e instanceof Error)) return { message: String(e) };
  const { code, details } = e as { code?: unknown; details?: unknown };
  const cause = e.cause === undefined ? undefined : errSerializer(e.cause);
  return { type: e.name, message: e.message, code, details, stack: e.stack, cause };
}

/** For tests and for places that have no logger of their own. */
export const silentLogger: Logger = pino({ level: "silent" });
