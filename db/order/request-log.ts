/**
 * The log of what is asked of an order's workflow. It is written before the workflow is asked: who has asked counts, whatever comes of it,
 * and no run of the workflow of the version before would write it. What a key asks of an order is in it once, however often it is asked.
 */
import { sql } from 'drizzle-orm';
import type { AuditEntry, ByWhom } from '../../domain/audit-event.ts';
import { auditEntryId } from '../../domain/derived-id.ts';
import type { OrderId } from '../../domain/ids.ts';
import { insertAuditIf } from '../audit-events.ts';
import type { Database } from '../database.ts';

export type OrderRequest =
  | { readonly action: 'cancel' }
  | { readonly action: 'hand_over'; readonly n: number; readonly carrierReference: string };

export async function logOrderRequest(
  database: Database,
  orderId: OrderId,
  request: OrderRequest,
  by: ByWhom,
): Promise<void> {
  const { actor, apiKeyId, onBehalfOf = null } = by.acting;
  const requestKey = JSON.stringify([...Object.values(request), apiKeyId ?? actor]);
  const entry = entryOf(orderId, request);
  await database.execute(sql`
    WITH logged AS (
      INSERT INTO order_actions (order_id, request_key, action, actor, on_behalf_of, comment)
      VALUES (${orderId}, ${requestKey}, ${request.action}, ${actor}, ${onBehalfOf}, '')
      ON CONFLICT DO NOTHING RETURNING order_id
    )
    ${insertAuditIf(entry, by, sql`logged`, auditEntryId(entry.action, orderId, requestKey))}`);
}

function entryOf(orderId: OrderId, request: OrderRequest): AuditEntry {
  switch (request.action) {
    case 'cancel':
      return { action: 'order-cancel-asked', object: orderId };
    case 'hand_over': {
      const details = { consignment: String(request.n), carrier_reference: request.carrierReference };
      return { action: 'hand-over-asked', object: orderId, details };
    }
  }
}
