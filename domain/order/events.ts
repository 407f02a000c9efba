/** The events that the order service writes, as CloudEvents 1.0. Each is about an order or a return, its subject. */
import { eventEnvelope, type CloudEvent } from '../event.ts';
import type { OrderId, ReturnId } from '../ids.ts';
import type { TraceContext } from '../trace-context.ts';

type OrderEventType =
  'order.placed' | 'order.confirmed' | 'order.completed' | 'order.partly-completed' | 'order.canceled';
type ReturnEventType = 'return.requested' | 'return.received' | 'return.refunded';

export function orderEvent(
  type: OrderEventType,
  orderId: OrderId,
  data: Readonly<Record<string, string>>,
  trace: TraceContext,
): CloudEvent {
  return about(type, orderId, { order_id: orderId, ...data }, trace);
}

export function returnEvent(
  type: ReturnEventType,
  of: { readonly returnId: ReturnId; readonly orderId: OrderId },
  trace: TraceContext,
): CloudEvent {
  return about(type, of.returnId, { return_id: of.returnId, order_id: of.orderId }, trace);
}

function about(type: string, id: string, data: Record<string, string>, trace: TraceContext): CloudEvent {
  const envelope = eventEnvelope(type, trace, new Date());
  return { ...envelope, source: 'urn:counterpoise:order', id: `${type}/${id}`, subject: id, data };
}
