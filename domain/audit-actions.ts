/** The closed list of what the audit log can say: each action, what it is done to, and what may be told of it. No detail is a secret. */
import { oneOfTexts, text, uuid, type JsonSchema } from './events/event-schema.ts';

export interface AuditedAction {
  readonly service: 'access' | 'wallet' | 'transfer' | 'events' | 'order' | 'inventory' | 'delivery';
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
const ofRecurring = { service: 'transfer', object: 'The recurring transfer.' } as const;
const ofWallet = { service: 'wallet', object: 'The wallet.' } as const;
const ofOrder = { service: 'order', object: 'The order.' } as const;
const ofReturn = { service: 'order', object: 'The return.' } as const;
const orderId = uuid('Its order.');
const ofProjection = { service: 'events', object: 'The name of the projection.' } as const;
const ofStock = { service: 'inventory', object: 'The SKU.' } as const;
const stockChange = {
  quantity: text('How many more; negative for less.', '100'),
  unit_cost: text('What one has cost, if that was said.', '7.2500'),
  reason: text('Why.', 'Purchase order 4711'),
};
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
  'wallet-opened': { ...ofWallet, title: 'A wallet was opened', details: { currency: text('Its currency.', 'USD') } },
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
  'recurring-transfer-created': {
    ...ofRecurring,
    title: 'A recurring transfer was made',
    details: {
      amount: text('The amount of each run.', '25.0000'),
      currency: text('Its currency.', 'USD'),
      sender_wallet_id: uuid('The wallet that pays.'),
      receiver_wallet_id: uuid('The wallet that is paid.'),
    },
  },
  'recurring-transfer-changed': {
    ...ofRecurring,
    title: 'A recurring transfer was paused, resumed or ended',
    details: { status: oneOfTexts('What it is since.', ['ACTIVE', 'PAUSED', 'DELETED']) },
  },
  'reconciliation-run-asked': {
    service: 'transfer',
    title: 'A run of the reconciliation was asked for',
    object: 'The run.',
    details: { scope: oneOfTexts('What it looks at.', ['changes', 'all']) },
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
    ...ofOrder,
    title: 'It was decided what becomes of an order that waits',
    details: { decision: text('What is to be done.', 'retry'), comment },
  },
  'order-cancel-asked': { ...ofOrder, title: 'An order is to be canceled' },
  'hand-over-asked': {
    ...ofOrder,
    title: 'A consignment is to be handed over to the carrier',
    details: {
      consignment: text('Its number within the order.', '1'),
      carrier_reference: text("The carrier's reference.", 'JD014600003210983711'),
    },
  },
  'return-requested': { ...ofReturn, title: 'A return was announced', details: { order_id: orderId } },
  'return-received': {
    ...ofReturn,
    title: 'The goods of a return are back',
    details: {
      order_id: orderId,
      scrapped: text('The SKUs that are not put on the shelf again, separated by spaces.', 'lamp bolt'),
    },
  },
  'return-refund-asked': {
    ...ofReturn,
    title: 'The refund of a return, which could not be paid, is to be tried again',
    details: { order_id: orderId },
  },
  'product-set': {
    service: 'order',
    title: 'A product was made, or given another price or name',
    object: 'The SKU.',
    details: {
      unit_price: text('The price of one.', '19.9000'),
      currency: text('Its currency.', 'USD'),
      name: text('Its name; left out for none.', 'Teapot, 1 l'),
    },
  },
  'stock-counted': {
    ...ofStock,
    title: 'Goods were counted, and there were others than before',
    details: { on_hand: text('How many are on hand.', '100') },
  },
  'stock-received': { ...ofStock, title: 'Goods were received into stock', details: stockChange },
  'stock-adjusted': { ...ofStock, title: 'What is on hand was adjusted', details: stockChange },
  'carrier-event-recorded': {
    service: 'delivery',
    title: 'It was reported how far a shipment is',
    object: 'The shipment.',
    details: {
      event_id: text("The carrier's own id of the report.", 'evt-20260301-0042'),
      status: text('What was reported.', 'IN_TRANSIT'),
    },
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
  'projection-rebuild-asked': { ...ofProjection, title: 'A projection is to be built anew' },
  'dead-letters-retried': {
    ...ofProjection,
    title: 'Dead letters are to be tried again',
    details: {
      event_id: text('The event, if it is one alone.', 'wallet.debited/5b3a9d51-0c7e-8f42-b8d1-6e2f4a7c9d10'),
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
