/**
 * The context of every request: its id, taken from X-Request-Id or made; the W3C trace context that came with it; a logger that
 * names both. A request that has been answered leaves one line in the log.
 */
import { randomUUID } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { traceIdOf, type TraceContext } from '../../domain/trace-context.ts';
import type { Logger } from '../../process/telemetry.ts';
import type { ApiEnv } from './env.ts';

export function withRequestContext(logger: Logger): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const startedAt = performance.now();
    const trace = traceOf(c.req.header('x-request-id'), c.req.header('traceparent'));
    const traceId = traceIdOf(trace);
    const log = logger.child({ request_id: trace.requestId, ...(traceId === undefined ? {} : { trace_id: traceId }) });
    c.set('trace', trace);
    c.set('log', log);
    c.header('X-Request-Id', trace.requestId);

    await next();

    const { status } = c.res;
    const line = {
      method: c.req.method,
      path: c.req.path,
      status,
      duration_ms: Math.round(performance.now() - startedAt),
    };
    // Probes ask several times a second; the log has a line when their result changes.
    if (c.req.path.startsWith('/health')) log.debug(line, 'request');
    else if (status >= 500) log.warn(line, 'request');
    else log.info(line, 'request');
  };
}

/** The request's trace. A malformed id or trace context counts as none. */
export function traceOf(requestId: string | undefined, traceparent: string | undefined): TraceContext {
  return {
    requestId: requestId !== undefined && /^[\x21-\x7e]{1,128}$/.test(requestId) ? requestId : randomUUID(),
    ...(traceparent !== undefined && isTraceparent(traceparent) ? { traceparent } : {}),
  };
}

/** https://www.w3.org/TR/trace-context/#traceparent-header; a later version may have more fields at the end. */
function isTraceparent(text: string): boolean {
  const match = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-[\x21-\x7e]{1,64})?$/.exec(text);
  if (match === null) return false;
  const [, version, traceId, parentId, more] = match;
  return (
    version !== 'ff' && (version !== '00' || more === undefined) && !/^0+$/.test(traceId!) && !/^0+$/.test(parentId!)
  );
}
