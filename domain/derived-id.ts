/**
 * Ids that are derived from names, so that code which runs twice finds what its first run made.
 * Not for workflows: it hashes with a Node built-in, which the workflow bundle refuses.
 *
 * An Idempotency-Key is a tenant's own: two tenants that use the same one name two things. Where no tenant is given it is the default
 * one, whose ids are those of before there were tenants.
 */
import { createHash, hash } from 'node:crypto';
import type { Currency } from './currency.ts';
import type {
  BatchId,
  ConsignmentId,
  OrderId,
  RecurringTransferId,
  ReturnId,
  RunId,
  ShipmentId,
  TransactionId,
  TransferId,
  WalletId,
  WebhookEndpointId,
  WebhookReplayId,
} from './ids.ts';
import type { Watermark } from './ledger.ts';
import { DEFAULT_TENANT, type Tenant } from './tenant.ts';

/** In the names of what is derived from another id, or of the installation as a whole: that id is the tenant's already. */
const TENANT = DEFAULT_TENANT;

/** The wallet of one user in one currency. A second request for it finds the first one. */
export function walletId(userId: string, currency: Currency, tenant: Tenant = DEFAULT_TENANT): WalletId {
  return derivedUuid('wallet', tenant, userId, currency) as WalletId;
}

/** The transfer that an Idempotency-Key names; the same key on another operation names another movement. */
export function transferId(idempotencyKey: string, tenant: Tenant = DEFAULT_TENANT): TransferId {
  return derivedUuid('movement', tenant, 'transfer', idempotencyKey) as TransferId;
}

/** The reversal that an Idempotency-Key names. It is a transfer too. */
export function reversalId(idempotencyKey: string, tenant: Tenant = DEFAULT_TENANT): TransferId {
  return derivedUuid('movement', tenant, 'reversal', idempotencyKey) as TransferId;
}

/** The one-sided transaction that an Idempotency-Key names. */
export function transactionId(idempotencyKey: string, tenant: Tenant = DEFAULT_TENANT): TransactionId {
  return derivedUuid('movement', tenant, 'transaction', idempotencyKey) as TransactionId;
}

/** The batch of transfers that an Idempotency-Key names. */
export function batchId(idempotencyKey: string, tenant: Tenant = DEFAULT_TENANT): BatchId {
  return derivedUuid('movement', tenant, 'transfer-batch', idempotencyKey) as BatchId;
}

/** The transfer at a place of a batch. */
export function batchTransferId(batch: BatchId, index: number): TransferId {
  return placed(batchItemsId(batch), index);
}

/**
 * The ids of a batch's transfers, in the order of the items, which is the order of the ids too: an id ends in the item's place. So
 * the items of a batch lie side by side in every index that begins with such an id.
 */
export function batchTransferIds(batch: BatchId, count: number): TransferId[] {
  const items = batchItemsId(batch);
  return Array.from({ length: count }, (_, index) => placed(items, index));
}

/** The id that the transfer at a place of a batch had before ids ended in the place. */
export function formerBatchTransferId(batch: BatchId, index: number): TransferId {
  return derivedUuid('movement', TENANT, 'batch-transfer', batch, String(index)) as TransferId;
}

/** The recurring transfer that an Idempotency-Key names. */
export function recurringTransferId(idempotencyKey: string, tenant: Tenant = DEFAULT_TENANT): RecurringTransferId {
  return derivedUuid('recurring-transfer', tenant, idempotencyKey) as RecurringTransferId;
}

/** The transfer of one run of a recurring transfer; recurring.ts has the names of runs. No client's key leads to it. */
export function recurringRunId(recurringTransferId: RecurringTransferId, runName: string): TransferId {
  return derivedUuid('movement', TENANT, 'recurring-run', recurringTransferId, runName) as TransferId;
}

/** The order that an Idempotency-Key names. */
export function orderId(idempotencyKey: string, tenant: Tenant = DEFAULT_TENANT): OrderId {
  return derivedUuid('order', tenant, idempotencyKey) as OrderId;
}

/** The consignment of this number, from 1, of an order. */
export function consignmentId(order: OrderId, n: number): ConsignmentId {
  return derivedUuid('consignment', order, String(n)) as ConsignmentId;
}

/** The shipment of a consignment. */
export function shipmentId(consignment: ConsignmentId): ShipmentId {
  return derivedUuid('shipment', consignment) as ShipmentId;
}

/** The return of goods of an order that an Idempotency-Key names. */
export function returnId(order: OrderId, idempotencyKey: string): ReturnId {
  return derivedUuid('return', TENANT, order, idempotencyKey) as ReturnId;
}

/** The journal by which a step of an order is posted. */
export function journalId(order: OrderId, step: string): string {
  return derivedUuid('journal', order, step);
}

/** What an Idempotency-Key names that receives or adjusts stock. */
export function stockChangeId(
  kind: 'receipt' | 'adjustment',
  sku: string,
  idempotencyKey: string,
  tenant: Tenant = DEFAULT_TENANT,
): string {
  return derivedUuid('stock-change', tenant, kind, sku, idempotencyKey);
}

/** The replay to a webhook endpoint that an Idempotency-Key names. */
export function webhookReplayId(endpoint: WebhookEndpointId, idempotencyKey: string): WebhookReplayId {
  return derivedUuid('webhook-replay', TENANT, endpoint, idempotencyKey) as WebhookReplayId;
}

/** The event that an endpoint was disabled while it had this epoch. */
export function disabledEventId(endpoint: WebhookEndpointId, epoch: number): string {
  return derivedUuid('webhook-endpoint-disabled', TENANT, endpoint, String(epoch));
}

/** The run that compares everything because a shard lacks this leg, which it had. */
export function comparisonRunId(shard: number, { movement, leg }: Watermark): RunId {
  return derivedUuid('comparison', TENANT, String(shard), movement, leg) as RunId;
}

/** The entry of the audit log that something was asked of an object; `requestKey` says what and by whom. */
export function auditEntryId(action: string, object: string, requestKey: string): string {
  return derivedUuid('audit', TENANT, action, object, requestKey);
}

function batchItemsId(batch: BatchId): string {
  return derivedUuid('movement', TENANT, 'batch-items', batch);
}

/** The place is less than 2^16: a batch has at most ten thousand items. */
function placed(items: string, index: number): TransferId {
  return (items.slice(0, -4) + index.toString(16).padStart(4, '0')) as TransferId;
}

/** SHA-256, in hex, of a value's JSON with the keys of every object in order, so that equal bodies have equal hashes. */
export function bodyHash(body: unknown): string {
  return hash('sha256', JSON.stringify(withSortedKeys(body)), 'hex');
}

/** A name-based UUID of version 8 over SHA-256, as RFC 9562 appendix B.2 shows. JSON keeps the names apart. */
function derivedUuid(...names: string[]): string {
  const bytes = sha256(JSON.stringify(names)).subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}

function withSortedKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withSortedKeys);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, member]) => [key, withSortedKeys(member)]));
}
