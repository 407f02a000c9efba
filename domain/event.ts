/**
 * The CloudEvents 1.0 that the transfer service writes to its outbox. The wallet service writes its own in SQL, in the
 * same shape (db/wallet/functions/append_event.sql).
 */
import type { Tenant } from './tenant.ts';
import type { TraceContext } from './trace-context.ts';

export interface CloudEvent {
  readonly specversion: '1.0';
  /** The type and the movement's id: an event that is written twice has the same id, and the outbox holds it once. */
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  /** Whose it is; left out for the default tenant. */
  readonly tenant?: Tenant;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  /** Names the version of `data`'s shape. */
  readonly dataschema: string;
  readonly requestid?: string;
  readonly traceparent?: string;
  readonly data: Record<string, string>;
}

/** The common part of all events of a type that are written at once: everything but id, subject and data. */
export function eventEnvelope(
  type: string,
  trace: TraceContext,
  time: Date,
): Omit<CloudEvent, 'id' | 'subject' | 'data'> {
  return {
    specversion: '1.0',
    source: 'urn:counterpoise:transfer',
    type,
    time: time.toISOString(),
    datacontenttype: 'application/json',
    dataschema: `urn:counterpoise:event:${type}:v1`,
    requestid: trace.requestId,
    ...(trace.traceparent === undefined ? {} : { traceparent: trace.traceparent }),
  };
}

/** An event about one movement, which is its subject and so its partition key. */
export function movementEvent(
  type: string,
  movementId: string,
  data: Record<string, string>,
  trace: TraceContext,
  time: Date,
): CloudEvent {
  return { ...eventEnvelope(type, trace, time), id: `${type}/${movementId}`, subject: movementId, data };
}
