/** The events of a batch's items, a thousand of which share a row of the outbox: the text that a statement completes with their values. */
import { eventEnvelope } from '../../domain/event.ts';
import type { FoldedEvents } from '../../domain/events/folded-events.ts';
import { ofTenant, type Tenant } from '../../domain/tenant.ts';
import type { TraceContext } from '../../domain/trace-context.ts';

/** So many events share a row of the outbox. */
export const FOLDED_MAX = 1_000;
export const INITIATED_COLUMNS = ['transfer_id', 'sender_wallet_id', 'receiver_wallet_id', 'amount', 'currency'];
export const END_COLUMNS = ['transfer_id', 'reason'];

/**
 * The beginning of the JSON text of events that share a row, up to their values. A statement appends these: ids, decimals and codes,
 * in which nothing has to be escaped. Building objects would take several times as long.
 */
export function foldOpening(type: string, trace: TraceContext, tenant: Tenant, columns: readonly string[]): string {
  const folded: FoldedEvents = {
    folded: 1,
    event: { ...eventEnvelope(type, trace, new Date()), ...ofTenant(tenant) },
    subject: 'transfer_id',
    columns,
    rows: [],
  };
  return JSON.stringify(folded).slice(0, -']}'.length);
}
