/** The trace context that ties the log lines, events and workflow of one request together. */
export interface TraceContext {
  readonly requestId: string;
  /** W3C Trace Context, as it came with the request; see https://www.w3.org/TR/trace-context/ */
  readonly traceparent?: string | undefined;
}

/** The trace id within a traceparent, for log lines. */
export function traceIdOf(trace: TraceContext): string | undefined {
  return trace.traceparent?.split('-')[1];
}
