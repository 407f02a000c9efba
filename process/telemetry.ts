/**
 * The log: one JSON object a line on standard output, or readable lines on a terminal. It keeps secrets out here and not at each
 * call: the parameters of a failed query, and the passwords within URLs.
 */
import { createRequire } from 'node:module';
import { pino, type DestinationStream, type Logger } from 'pino';
import type pinoPretty from 'pino-pretty';
import type { Settings } from './config.ts';
import { activeTraceId } from './traces.ts';

export type { Logger } from 'pino';

/**
 * A logger whose lines carry `service`, and within a trace its id. Code that deals with a request or a movement makes a child logger
 * with its ids.
 */
export function createLogger(
  settings: Pick<Settings, 'LOG_LEVEL' | 'LOG_FORMAT' | 'OTEL_EXPORTER_OTLP_ENDPOINT'>,
  service: string,
): Logger {
  const isPretty = (settings.LOG_FORMAT ?? (process.stdout.isTTY ? 'pretty' : 'json')) === 'pretty';
  return pino(
    {
      level: settings.LOG_LEVEL,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
      hooks: { streamWrite: withoutPasswords },
      ...(settings.OTEL_EXPORTER_OTLP_ENDPOINT === undefined ? {} : { mixin: traceIdField }),
    },
    (isPretty ? prettyStream() : undefined) ?? pino.destination({ dest: 1, sync: true }),
  );
}

function traceIdField(): { trace_id?: string } {
  const traceId = activeTraceId();
  return traceId === undefined ? {} : { trace_id: traceId };
}

/** pino-pretty is a development dependency: without it the lines stay JSON. */
function prettyStream(): DestinationStream | undefined {
  try {
    const pretty = createRequire(import.meta.url)('pino-pretty') as typeof pinoPretty;
    return pretty({ sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l', singleLine: true });
  } catch {
    return undefined;
  }
}

interface ErrorDescription {
  readonly type: string;
  readonly message: string;
  readonly code?: unknown;
  readonly stack?: string;
  readonly cause?: ErrorDescription;
}

const CAUSES_MAX = 5;

/** Describes an error without the values in it: drizzle-orm puts a query's parameters into its message, pg into `detail`. */
function describeError(error: unknown, depth = 0): ErrorDescription {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const { name, message, stack, cause } = error;
  const { code } = error as { code?: unknown };
  return {
    type: name,
    message: withoutParameters(message),
    ...(code === undefined ? {} : { code }),
    ...(stack === undefined ? {} : { stack: withoutParameters(stack) }),
    ...(cause === undefined || depth >= CAUSES_MAX ? {} : { cause: describeError(cause, depth + 1) }),
  };
}

function withoutParameters(text: string): string {
  const start = text.indexOf('\nparams: ');
  if (start < 0) return text;
  const stackStart = text.indexOf('\n    at ', start);
  return text.slice(0, start) + (stackStart < 0 ? '' : text.slice(stackStart));
}

/** Returns a line of the log without the passwords in its URLs. Takes time in proportion to the line. */
export function withoutPasswords(line: string): string {
  return line.includes('://') ? line.replace(/(\w:\/\/[^/\s:@"]*):[^/\s@"]*@/g, '$1:[redacted]@') : line;
}
