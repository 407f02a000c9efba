/**
 * The audit log: each change that a principal makes is an event in the outbox of the database that it changes, written in the
 * transaction of the change, with who has made it. Its type is `audit.` and the action. The list of actions is closed, and no detail of
 * one is a secret.
 */
import type { Acting } from './acting.ts';
import type { CloudEvent } from './event.ts';
import { dataschemaOf, oneOfTexts, text, uuid, type EventShape, type JsonSchema } from './events/event-schema.ts';
import { ofTenant, tenantOf } from './tenant.ts';
import type { TraceContext } from './trace-context.ts';

interface AuditedAction {
  readonly service: 'access' | 'wallet' | 'transfer' | 'events' | 'order';
  readonly title: string;
  /** What `object` names. */
  readonly object: string;
  /** Members of the data of which an event may have any. */
  readonly details?: Readonly<Record<string, JsonSchema>>;
}

const comment = text('What the principal said about it.', 'The receiver has been asked.');
const ofKey = { service: 'access', object: 'The key.' } as const;
const ofTenantItself = { service: 'access', object: 'The name of the tenant.' } as const;
const ofApproval = { service: 'transfer', object: 'The approval: of a transfer, the transfer.' } as const;
const byApproval = uuid('The approval of the change; left out for the first policy of a currency, which needs none.');
const ofWallet = { service: 'wallet', object: 'The wallet.' } as const;
const ofEndpoint = { service: 'events', object: 'The webhook endpoint.' } as const;
const limit = (which: string): JsonSchema => text(`${which}; left out for no limit.`, '500.0000');

export const AUDIT_ACTIONS = {
  'principal-created': {
    service: 'access',
    title: 'A principal was made',
    object: 'The principal.',
    details: { name: text('Its name.', 'billing'), kind: oneOfTexts('A person or a service.', ['human', 'service']) },
  },
  'key-installed': {
    ...ofKey,
    title: 'A key was installed by an administrator',
    details: { name: text('The name under which it is installed.', 'root') },
  },
  'key-created': {
    ...ofKey,
    title: 'A key was made',
    details: {
      name: text('Its name.', 'billing'),
      of_principal_id: uuid('The principal whose key it is.'),
      scopes: text('What it may do, separated by spaces.', 'transfers:read transfers:write'),
      networks: text('From where it is accepted, separated by spaces; left out for from anywhere.', '10.1.0.0/16'),
      rate: text('How many requests a second, and how many at once; left out for no bound.', '10 20'),
    },
  },
  'key-rotated': { ...ofKey, title: 'A key was replaced', details: { rotated_to: uuid('The key in its place.') } },
  'key-revoked': { ...ofKey, title: 'A key was revoked' },
  'tenant-created': { ...ofTenantItself, title: 'A tenant was made' },
  'tenant-root-key-replaced': { ...ofTenantItself, title: 'A tenant was given another root key' },
  'wallet-suspended': { ...ofWallet, title: 'A wallet was suspended' },
  'wallet-activated': { ...ofWallet, title: 'A wallet was activated again' },
  'wallet-limits-set': {
    ...ofWallet,
    title: 'The limits of a wallet were set',
    details: { max_amount: limit('For one movement'), outgoing_24h: limit('For 24 hours') },
  },
  'case-decided': {
    service: 'transfer',
    title: 'A case was decided',
    object: 'The case.',
    details: { decision: oneOfTexts('What is to be done.', ['close', 'retry', 'refund']), comment },
  },
  'transfer-decided': {
    service: 'transfer',
    title: 'It was decided what becomes of a transfer that cannot finish',
    object: 'The transfer.',
    details: { decision: text('What is to be done.', 'retry'), comment },
  },
  'transfer-cancel-asked': { service: 'transfer', title: 'A transfer is to be canceled', object: 'The transfer.' },
  'recurring-transfer-changed': {
    service: 'transfer',
    title: 'A recurring transfer was paused, resumed or ended',
    object: 'The recurring transfer.',
    details: { status: oneOfTexts('What it is since.', ['ACTIVE', 'PAUSED', 'DELETED']) },
  },
  'approval-asked': { ...ofApproval, title: 'Something waits for approvals' },
  'approval-voted': {
    ...ofApproval,
    title: 'Somebody has voted on what waits for approvals',
    details: { vote: oneOfTexts('For it or against it.', ['approve', 'reject']), comment },
  },
  'approval-overridden': {
    ...ofApproval,
    title: 'Something was let go without the approvals that it needs',
    details: { vote: oneOfTexts('Past all others.', ['override']), comment },
  },
  'approval-policy-set': {
    service: 'transfer',
    title: 'It was set which transfers need approvals',
    object: 'The currency.',
    details: {
      above: text('Transfers of more need approvals.', '10000.0000'),
      above_24h: text('So do those by which a wallet has sent more in 24 hours.', '50000.0000'),
      approvals: text('How many principals have to approve.', '2'),
      expires_in: text('For how many seconds a transfer waits.', '259200'),
      approval_id: byApproval,
    },
  },
  'approval-policy-ended': {
    service: 'transfer',
    title: 'No transfer in a currency needs approvals any more',
    object: 'The currency.',
    details: { approval_id: byApproval },
  },
  'order-decided': {
    service: 'order',
    title: 'It was decided what becomes of an order that waits',
    object: 'The order.',
    details: { decision: text('What is to be done.', 'retry'), comment },
  },
  'webhook-endpoint-created': {
    ...ofEndpoint,
    title: 'A webhook endpoint was made',
    details: { host: text('The host that events are sent to.', 'example.com') },
  },
  'webhook-endpoint-changed': {
    ...ofEndpoint,
    title: 'A webhook endpoint was changed',
    details: {
      changed: text('What was set, separated by spaces.', 'url status'),
      host: text('The host that events are sent to, if that was set.', 'example.com'),
      status: oneOfTexts('Its status, if that was set.', ['ACTIVE', 'PAUSED']),
    },
  },
  'webhook-endpoint-deleted': { ...ofEndpoint, title: 'A webhook endpoint was deleted' },
  'webhook-endpoint-enabled': {
    ...ofEndpoint,
    title: 'A webhook endpoint was made active again',
    details: { from: oneOfTexts('From where it goes on.', ['cursor', 'now']) },
  },
  'webhook-secret-rotated': { ...ofEndpoint, title: 'A webhook endpoint was given another secret' },
  'webhook-replay-asked': {
    ...ofEndpoint,
    title: 'Events are to be sent to a webhook endpoint again',
    details: {
      webhook_replay_id: uuid('The replay.'),
      from_position: text('The first event.', '1'),
      to_position: text('The last event.', '42'),
    },
  },
  'event-source-resumed': {
    service: 'events',
    title: 'The reading of an outbox goes on',
    object: 'The name of the source of events.',
    details: { comment },
  },
} as const satisfies Record<string, AuditedAction>;

export type AuditAction = keyof typeof AUDIT_ACTIONS;
export const AUDIT_ACTION_NAMES = Object.keys(AUDIT_ACTIONS) as [AuditAction, ...AuditAction[]];

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
