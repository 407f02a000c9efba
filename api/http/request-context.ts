/**
 * The context of every request: its id, taken from X-Request-Id or made; the W3C trace context that came with it; a logger that
 * names both. A request that has been answered leaves one line in the log, and is a span where this process traces.
 */
import { randomUUID } from 'node:crypto';
import type { Context, MiddlewareHandler, Next } from 'hono';
import { ORDER_KEY_NAME, type Holder } from '../../domain/access/api-key.ts';
import { traceIdOf, type TraceContext } from '../../domain/trace-context.ts';
import type { Logger } from '../../process/telemetry.ts';
import { errorTypeOf, isTracing, traced, type OpenSpan } from '../../process/traces.ts';
import { routeOf } from './count-requests.ts';
import type { ApiEnv } from './env.ts';

/**
 * Of every answer, unless its route says otherwise, as the documentation does: no browser keeps it, takes it for something else, runs
 * anything in it, frames it, or lets another site embed it. https://owasp.org/www-project-secure-headers/
 */
const SECURITY_HEADERS = [
  ['Cache-Control', 'no-store'],
  ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Referrer-Policy', 'no-referrer'],
  ['X-Content-Type-Options', 'nosniff'],
  ['X-Frame-Options', 'DENY'],
] as const;

export function withRequestContext(logger: Logger): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const asked = traceOf(c.req.header('x-request-id'), c.req.header('traceparent'));
    // Probes ask several times a second: no spans, and the log has a line when their result changes.
    if (c.req.path.startsWith('/health')) return handle(logger, c, next, asked);
    const { method } = c.req;
    const attributes = { 'http.request.method': method };
    return traced({ name: method, kind: 'server', place: { request: asked }, attributes }, async (span) => {
      await handle(logger, c, next, continued(asked, span));
      describe(span, c);
    });
  };
}

async function handle(logger: Logger, c: Context<ApiEnv>, next: Next, trace: TraceContext): Promise<void> {
  const startedAt = performance.now();
  // Where this process traces, the logger knows the trace by itself.
  const traceId = isTracing() ? undefined : traceIdOf(trace);
  const log = logger.child({ request_id: trace.requestId, ...(traceId === undefined ? {} : { trace_id: traceId }) });
  c.set('trace', trace);
  c.set('log', log);
  c.header('X-Request-Id', trace.requestId);
  for (const [name, value] of SECURITY_HEADERS) c.header(name, value);

  await next();

  const { status } = c.res;
  const line = {
    method: c.req.method,
    path: c.req.path,
    status,
    duration_ms: Math.round(performance.now() - startedAt),
  };
  if (c.req.path.startsWith('/health') || isLookOfOrderWorker(c)) log.debug(line, 'request');
  else if (status >= 500) log.warn(line, 'request');
  else log.info(line, 'request');
}

/** The order worker looks through the holds every few seconds; what it changes, and what is refused, is logged as anybody's. */
function isLookOfOrderWorker({ req, res, var: { holder } }: Context<ApiEnv>): boolean {
  // A route that is open to all has no holder.
  const installedAs = (holder as Holder | undefined)?.installedAs;
  return req.method === 'GET' && res.ok && installedAs === ORDER_KEY_NAME;
}

/**
 * The trace context for whatever the request brings about: a traceparent that came with it now names the request's own span. Without
 * one there is none to carry, for the span's id follows from the request's.
 */
function continued(asked: TraceContext, { traceparent }: OpenSpan): TraceContext {
  return asked.traceparent === undefined || traceparent === undefined ? asked : { ...asked, traceparent };
}

/** Names the request's span after its route and never after its path, which has ids in it. */
function describe(span: OpenSpan, c: Context<ApiEnv>): void {
  const route = routeOf(c)?.path;
  span.rename(`${c.req.method} ${route ?? 'no route'}`);
  span.set({ ...(route === undefined ? {} : { 'http.route': route }), 'http.response.status_code': c.res.status });
  if (c.res.status >= 500) span.fail(errorTypeOf(c.error));
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
