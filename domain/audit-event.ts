/**
 * The audit log: each change that a principal makes is an event in the outbox of the database that it changes, written in the
 * transaction of the change, with who has made it. Its type is `audit.` and the action (audit-actions.ts).
 */
import type { Acting } from './acting.ts';
import { AUDIT_ACTIONS, type AuditAction, type AuditedAction } from './audit-actions.ts';
import type { CloudEvent } from './event.ts';
import { dataschemaOf, text, uuid, type EventShape, type JsonSchema } from './events/event-schema.ts';
import { ofTenant, tenantOf } from './tenant.ts';
import type { TraceContext } from './trace-context.ts';

/** What was done to what. */
export interface AuditEntry {
  readonly action: AuditAction;
  /** An id, or a name. */
  readonly object: string;
  readonly details?: Readonly<Record<string, string | undefined>>;
}

/** Who does something, and on which request. */
export interface ByWhom {
  readonly acting: Acting;
  /** Undefined where it is not known any more. */
  readonly trace?: TraceContext | undefined;
}

/** Nobody's: of who acts without a key, such as an administrator. */
export const NO_ID = '00000000-0000-0000-0000-000000000000';

/** The administrator of the installation, who needs no key. */
export const ADMINISTRATOR: Acting = { actor: 'administrator' };

/** The event of an entry. Its subject is the object if that has a UUID, else the entry itself. */
export function auditEvent(
  { action, object, details = {} }: AuditEntry,
  { acting, trace }: ByWhom,
  { entryId, time }: { readonly entryId: string; readonly time: Date },
): CloudEvent {
  const type = `audit.${action}`;
  const { actor: principal, principalId, apiKeyId, onBehalfOf } = acting;
  const known = Object.entries({ ...details, on_behalf_of: onBehalfOf });
  return {
    specversion: '1.0',
    id: `${type}/${entryId}`,
    source: `urn:counterpoise:${AUDIT_ACTIONS[action].service}`,
    type,
    subject: UUID.test(object) ? object : entryId,
    ...ofTenant(tenantOf(acting)),
    time: time.toISOString(),
    datacontenttype: 'application/json',
    dataschema: dataschemaOf(type),
    ...(trace && { requestid: trace.requestId }),
    ...(trace?.traceparent === undefined ? {} : { traceparent: trace.traceparent }),
    data: {
      ...{ object, principal, principal_id: principalId ?? NO_ID, api_key_id: apiKeyId ?? NO_ID },
      ...Object.fromEntries(known.filter((each): each is [string, string] => each[1] !== undefined)),
    },
  };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const AUDIT_SHAPES: readonly EventShape[] = Object.entries<AuditedAction>(AUDIT_ACTIONS).map(
  ([action, { service, title, object, details = {} }]) => ({
    type: `audit.${action}`,
    source: `urn:counterpoise:${service}`,
    title,
    description: 'A principal has done it. Every such event is in the audit log too.',
    subject: `${object} If that has no UUID, the entry itself.`,
    data: {
      object: uuidOrName(object),
      principal: text('The name of the principal whose key it was.', 'alice'),
      principal_id: uuid('The principal.'),
      api_key_id: uuid('The key; zeros if there was none.'),
    },
    optional: { ...details, on_behalf_of: text('Whom the request said that the principal acts for.', 'bob') },
  }),
);

function uuidOrName(description: string): JsonSchema {
  return text(description, '7c9f5b1e-2f3a-8a54-9d0b-1c2d3e4f5a6b');
}
