/** Webhooks: what an endpoint and a delivery can be, and the events about them. */
import type { WebhookEndpointId } from '../ids.ts';
import type { CloudEvent } from '../event.ts';

/** Whether the events of one subject are delivered one after the other, in their order, or each by itself. */
export const ORDERINGS = ['subject', 'none'] as const;
export type Ordering = (typeof ORDERINGS)[number];

/** PAUSED by its owner, DISABLED by this service; nothing is read or sent, and nothing is lost: its cursor stays. */
export const ENDPOINT_STATUSES = ['ACTIVE', 'PAUSED', 'DISABLED'] as const;
export type EndpointStatus = (typeof ENDPOINT_STATUSES)[number];

/**
 * - gone: the receiver answered 410
 * - failing: it has accepted nothing for five days
 * - position_expired: the events behind its cursor are no longer kept
 */
export const DISABLED_REASONS = ['gone', 'failing', 'position_expired'] as const;
export type DisabledReason = (typeof DISABLED_REASONS)[number];

/** FAILED: given up, after three days; a replay sends it again. */
export const DELIVERY_STATUSES = ['PENDING', 'DELIVERED', 'FAILED'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** The `webhook-id` of an event: the same at every try, to every endpoint. */
export function webhookId(position: number): string {
  return `evt_${position}`;
}

/** The body in which an event is delivered: the event as the log keeps it, with its position. `payload` is a JSON object. */
export function webhookBody(position: number, payload: string): string {
  return `{"position":${position},${payload.slice(1)}`;
}

/** `id` is a UUID, another one each time that an endpoint is disabled. */
export function endpointDisabledEvent(
  endpoint: { readonly webhookEndpointId: WebhookEndpointId; readonly url: string },
  reason: DisabledReason,
  id: string,
  time: Date,
): CloudEvent {
  const type = 'webhook-endpoint.disabled';
  return {
    specversion: '1.0',
    id: `${type}/${id}`,
    source: 'urn:counterpoise:events',
    type,
    subject: endpoint.webhookEndpointId,
    time: time.toISOString(),
    datacontenttype: 'application/json',
    dataschema: `urn:counterpoise:event:${type}:v1`,
    data: { webhook_endpoint_id: endpoint.webhookEndpointId, url: endpoint.url, reason },
  };
}

/** What a test sends: in the shape of an event, but in no log. `id` is a UUID. */
export function testEvent(endpointId: WebhookEndpointId, id: string, time: Date): CloudEvent {
  const type = 'webhook.test';
  return {
    specversion: '1.0',
    id: `${type}/${id}`,
    source: 'urn:counterpoise:events',
    type,
    subject: endpointId,
    time: time.toISOString(),
    datacontenttype: 'application/json',
    dataschema: `urn:counterpoise:event:${type}:v1`,
    data: { webhook_endpoint_id: endpointId },
  };
}
