/**
 * What of a process is traced: its requests, its activities, what it sends, and the queries and starts within them. Until
 * `installTracing` is called, nothing is, and no code of a tracing library is loaded.
 *
 * A trace needs no byte of its own in a workflow's history: whoever has the trace context of a request (domain/trace-context.ts)
 * knows its span.
 */
import type { TraceContext } from '../domain/trace-context.ts';

/** A closed set, so that nothing secret and no amount gets in: of ids, only a workflow's. */
export type Attributes = Readonly<
  Partial<
    Record<
      | 'http.request.method'
      | 'http.route'
      | 'http.response.status_code'
      | 'error.type'
      | 'db.system.name'
      | 'db.namespace'
      | 'messaging.system'
      | 'messaging.destination.name'
      | 'counterpoise.workflow_id'
      | 'counterpoise.task_queue'
      | 'counterpoise.attempt'
      | 'counterpoise.event_type'
      | 'counterpoise.event_position'
      | 'counterpoise.group_size',
      string | number
    >
  >
>;

export type SpanKindName = 'internal' | 'server' | 'client' | 'producer';

/** Where a span belongs. */
export type SpanPlace =
  /** It is the span of the request that has this context. */
  | { readonly request: TraceContext }
  /** Below the span of the request that has this context, in whatever process that was. */
  | { readonly within: TraceContext }
  /** In the trace that a workflow has whose input names no request. */
  | { readonly workflow: string }
  /** Below the span that is active; without one, there is no span. */
  | 'active';

export interface SpanStart {
  readonly name: string;
  readonly kind: SpanKindName;
  readonly place: SpanPlace;
  readonly attributes?: Attributes | undefined;
  /** Requests that it works for, besides the one that it is below. */
  readonly links?: readonly TraceContext[] | undefined;
  /** The trace of the workflow that it brings about. */
  readonly leadsTo?: string | undefined;
}

export interface OpenSpan {
  /** For whoever is called from within the span; undefined if nothing is traced. */
  readonly traceparent: string | undefined;
  readonly set: (attributes: Attributes) => void;
  readonly rename: (name: string) => void;
  /** Marks the span as failed. `errorType` is a code and never a message, for messages have values in them. */
  readonly fail: (errorType: string) => void;
}

export interface Tracing {
  /** Runs within a new span, which ends with it. An error that is thrown marks the span as failed, and is thrown on. */
  readonly run: <T>(start: SpanStart, run: (span: OpenSpan) => Promise<T>) => Promise<T>;
  readonly outside: <T>(run: () => T) => T;
  readonly traceparentOf: (trace: TraceContext) => string;
  /** The id of the active trace. */
  readonly traceId: () => string | undefined;
}

const NO_SPAN: OpenSpan = { traceparent: undefined, set() {}, rename() {}, fail() {} };

let tracing: Tracing | undefined;

/** Before any database is opened and any worker is started. Undefined ends it. */
export function installTracing(installed: Tracing | undefined): void {
  tracing = installed;
}

export function isTracing(): boolean {
  return tracing !== undefined;
}

/** As Tracing.run; without tracing it is a call of `run`. */
export function traced<T>(start: SpanStart, run: (span: OpenSpan) => Promise<T>): Promise<T> {
  return tracing === undefined ? run(NO_SPAN) : tracing.run(start, run);
}

/** Runs outside of any trace: for what a request begins, or hastens, and what goes on for longer than that and for others. */
export function untraced<T>(run: () => T): T {
  return tracing === undefined ? run() : tracing.outside(run);
}

/** By which others go on with the trace of a request: what came with it, or where this process traces, what follows from its id. */
export function traceparentOf(trace: TraceContext): string | undefined {
  return tracing === undefined ? trace.traceparent : tracing.traceparentOf(trace);
}

/** The id of the active trace, for log lines. */
export function activeTraceId(): string | undefined {
  return tracing?.traceId();
}

/** The code by which an error is told apart in a span: its own, that of what caused it, or its class. */
export function errorTypeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const { code, type, cause } = error as Error & { readonly code?: unknown; readonly type?: unknown };
  const own = [code, type].find((each) => typeof each === 'string' && /^[\w.-]{1,64}$/.test(each));
  if (own !== undefined) return own as string;
  return cause instanceof Error ? errorTypeOf(cause) : error.name;
}
