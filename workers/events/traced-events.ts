/** The spans of webhooks, each in the trace of the request that its event was caused by. */
import type { TraceContext } from '../../domain/trace-context.ts';
import { isTracing, traced, type SpanStart } from '../../process/traces.ts';
import type { SendResult } from '../../webhooks/sender.ts';

/** `payload` is the event as JSON. `send` is given the header by which the receiver goes on with the trace. */
export function tracedDelivery(
  { position, type, payload }: { readonly position: number; readonly type: string; readonly payload: string },
  send: (headers: { readonly traceparent?: string }) => Promise<SendResult>,
): Promise<SendResult> {
  const trace = isTracing() ? traceOf(payload) : undefined;
  if (trace === undefined) return send({});
  const attributes = { 'counterpoise.event_position': position, 'counterpoise.event_type': type };
  const start: SpanStart = { name: `deliver ${type}`, kind: 'client', place: { within: trace }, attributes };
  return traced(start, async (span) => {
    const result = await send(span.traceparent === undefined ? {} : { traceparent: span.traceparent });
    if (result.statusCode !== undefined) span.set({ 'http.response.status_code': result.statusCode });
    if (result.errorCode !== undefined) span.fail(result.errorCode);
    return result;
  });
}

function traceOf(payload: string): TraceContext | undefined {
  const { requestid: requestId, traceparent } = JSON.parse(payload) as { requestid?: string; traceparent?: string };
  return requestId === undefined ? undefined : { requestId, traceparent };
}
