/** The events that the order service writes, as CloudEvents 1.0. Each is about an order or a return, its subject. */
import { eventEnvelope, type CloudEvent } from '../event.ts';
import type { OrderId, ReturnId } from '../ids.ts';
import { ofTenant, type Tenant } from '../tenant.ts';
import type { TraceContext } from '../trace-context.ts';

type OrderEventType =
  'order.placed' | 'order.confirmed' | 'order.completed' | 'order.partly-completed' | 'order.canceled';
type ReturnEventType = 'return.requested' | 'return.received' | 'return.refunded';

export function orderEvent(
  type: OrderEventType,
  { orderId, tenant }: { readonly orderId: OrderId; readonly tenant: Tenant },
  data: Readonly<Record<string, string>>,
  trace: TraceContext,
): CloudEvent {
  return about(type, { id: orderId, tenant }, { order_id: orderId, ...data }, trace);
}

export function returnEvent(
  type: ReturnEventType,
  { returnId, orderId, tenant }: { readonly returnId: ReturnId; readonly orderId: OrderId; readonly tenant: Tenant },
  trace: TraceContext,
): CloudEvent {
  return about(type, { id: returnId, tenant }, { return_id: returnId, order_id: orderId }, trace);
}

function about(
  type: string,
  { id, tenant }: { readonly id: string; readonly tenant: Tenant },
  data: Record<string, string>,
  trace: TraceContext,
): CloudEvent {
  const envelope = eventEnvelope(type, trace, new Date());
  return { ...envelope, source: 'urn:counterpoise:order', id: `${type}/${id}`, subject: id, ...ofTenant(tenant), data };
}
