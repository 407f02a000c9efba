/**
 * O7: each outbox of the services of orders has had the events of what its tables tell of, each once, and no others; and each that is still
 * there is of the tenant whose it tells of, because to that one's readers alone it is shown.
 */
import { sql, type SQL } from 'drizzle-orm';
import type { OrderService } from '../../domain/order-services.ts';
import { reportDifferences, VIOLATIONS_KEPT, type Findings } from '../findings.ts';
import { checkOutbox } from '../outbox.ts';
import { rowsOf, type Reader } from '../reader.ts';

export async function checkOrderEvents(
  readers: Readonly<Record<OrderService, Reader>>,
  findings: Findings,
): Promise<void> {
  const check = async (service: OrderService, [expected, owners]: readonly [SQL, SQL], what: string): Promise<void> => {
    await checkOutbox(readers[service], service, expected, findings, { invariant: 'O7', what });
    reportDifferences('O7', await rowsOf(readers[service], ofAnother(owners)), findings, what);
  };
  await check('order', [ofOrders, ownersOfOrders], 'order or return');
  await check('inventory', [ofInventory, ownersOfStock], 'stock of');
  await check('delivery', [ofShipments, ownersOfShipments], 'shipment');
  await check('accounting', [ofBooks, ownersOfBooks], 'document');
}

/** The events that bear another tenant than what they are about; `owners` has the subjects and whose they are. */
function ofAnother(owners: SQL): SQL {
  return sql`
    SELECT subject AS movement, format('its event %s is of the tenant %s, and not of %s', event_id, told, owner.tenant) AS detail,
      count(*) OVER ()::int AS total
    FROM outbox_events CROSS JOIN LATERAL (SELECT coalesce(payload ->> 'tenant', 'default') AS told) said
    JOIN (${owners}) owner (id, tenant) ON owner.id = subject
    WHERE type NOT LIKE 'audit.%' AND told <> owner.tenant LIMIT ${VIOLATIONS_KEPT}`;
}

/** An event's id is its type and the id of what it is about. */
const ofOrders = sql`
  SELECT subject AS movement, type || '/' || subject AS event_id, type, subject, data, NULL AS tenant FROM (
    SELECT 'order.placed' AS type, order_id::text AS subject, jsonb_build_object('order_id', order_id, 'buyer_wallet_id', buyer_wallet_id,
      'seller_wallet_id', seller_wallet_id, 'amount', (goods_amount + shipping_amount)::numeric(19,4)::text, 'currency', currency) AS data
    FROM orders
    UNION ALL
    SELECT 'order.confirmed', order_id::text, jsonb_build_object('order_id', order_id) FROM order_steps WHERE n = 0 AND step = 'CONFIRMED'
    UNION ALL
    SELECT 'order.' || replace(lower(status), '_', '-'), order_id::text,
      jsonb_strip_nulls(jsonb_build_object('order_id', order_id, 'reason', CASE status WHEN 'CANCELED' THEN cancel_reason END))
    FROM orders WHERE status NOT IN ('PENDING', 'CONFIRMED')
    UNION ALL
    SELECT 'return.' || what, return_id::text, jsonb_build_object('return_id', return_id, 'order_id', order_id)
    FROM returns CROSS JOIN (VALUES ('requested'), ('received'), ('refunded')) news (what)
    WHERE what = 'requested' OR what = 'received' AND received_at IS NOT NULL OR what = 'refunded' AND status = 'REFUNDED'
  ) due`;

const ownersOfOrders = sql`SELECT order_id::text, tenant FROM orders UNION ALL SELECT return_id::text, tenant FROM returns`;

/** The id of a consignment, as domain/derived-id.ts derives it. */
const consignmentOf = (order: SQL, n: SQL): SQL => sql`(
  SELECT encode(set_byte(set_byte(digest, 6, get_byte(digest, 6) & 15 | 128), 8, get_byte(digest, 8) & 63 | 128), 'hex')::uuid
  FROM (SELECT substr(sha256(convert_to(format('["consignment","%s","%s"]', ${order}, ${n}), 'UTF8')), 1, 16) AS digest OFFSET 0) hashed)`;

/** The id of an entry of a count, which has no cause, as db/inventory/functions/stock_entry_id.sql derives it. */
const countId = sql`overlay(overlay(left(encode(sha256(convert_to(
  'stock-entry/' || CASE tenant WHEN 'default' THEN '' ELSE tenant || '/' END || sku || '/' || sequence, 'UTF8')), 'hex'), 32)
  placing '8' from 13) placing '8' from 17)::uuid::text`;

const ofInventory = sql`
  SELECT subject AS movement, type || '/' || key AS event_id, type, subject, data, NULL AS tenant FROM (
    SELECT CASE outcome WHEN 'done' THEN 'stock.reserved' ELSE 'stock.reservation-failed' END AS type, saga_id::text AS subject,
      saga_id::text AS key, jsonb_strip_nulls(jsonb_build_object('order_id', saga_id, 'reason', reason)) AS data
    FROM step_fences WHERE step = 'reserve' AND outcome <> 'undone'
    UNION ALL
    SELECT CASE outcome WHEN 'done' THEN 'stock.issued' ELSE 'stock.released' END, saga_id::text,
      ${consignmentOf(sql`saga_id`, sql`substr(step, 7)`)}::text, jsonb_build_object('order_id', saga_id, 'consignment', substr(step, 7))
    FROM step_fences WHERE step LIKE 'goods:%'
    UNION ALL
    SELECT 'stock.returned', substr(step, 8), substr(step, 8), jsonb_build_object('return_id', substr(step, 8), 'order_id', saga_id)
    FROM step_fences WHERE step LIKE 'return:%'
    UNION ALL
    SELECT CASE terms ->> 'type' WHEN 'RECEIPT' THEN 'stock.received' ELSE 'stock.adjusted' END, saga_id::text, saga_id::text,
      jsonb_build_object('sku', terms ->> 'sku', 'quantity', terms ->> 'quantity')
    FROM step_fences WHERE step = 'stock'
    UNION ALL
    SELECT 'stock.counted', ${countId}, ${countId}, jsonb_build_object('sku', sku, 'on_hand', on_hand_after::text, 'quantity', on_hand_change::text)
    FROM stock_entries WHERE type = 'COUNT'
  ) due`;

/** Of an order for which nothing was reserved, the inventory has no row that says it. */
const ownersOfStock = sql`
  SELECT DISTINCT order_id::text, tenant FROM reservations
  UNION ALL SELECT DISTINCT cause_id::text, tenant FROM stock_entries WHERE cause_id IS NOT NULL AND n IS NULL
  UNION ALL SELECT ${countId}, tenant FROM stock_entries WHERE type = 'COUNT'`;

const ofShipments = sql`
  SELECT shipment_id::text AS movement, type || '/' || shipment_id AS event_id, type, shipment_id::text AS subject,
    jsonb_build_object('shipment_id', shipment_id, 'order_id', order_id, 'consignment', consignment::text) || more AS data, NULL AS tenant
  FROM (
    SELECT shipment_id, 'shipment.booked' AS type, jsonb_build_object('units', units::text) AS more FROM shipments
    UNION ALL SELECT shipment_id, 'shipment.canceled', '{}' FROM shipments WHERE status = 'CANCELED'
    UNION ALL SELECT shipment_id, 'shipment.handed-over', jsonb_build_object('carrier_reference', carrier_reference)
      FROM shipments WHERE carrier_reference IS NOT NULL
    UNION ALL SELECT shipment_id, 'shipment.' || lower(replace(status, '_', '-')),
      jsonb_build_object('at', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
      FROM carrier_events WHERE has_risen
  ) news JOIN shipments USING (shipment_id)`;

const ownersOfShipments = sql`SELECT shipment_id::text, tenant FROM shipments`;

const ofBooks = sql`
  SELECT key::text AS movement, type || '/' || key AS event_id, type, key::text AS subject, data || more AS data, NULL AS tenant FROM (
    SELECT invoice_id AS key, jsonb_build_object('invoice_id', invoice_id, 'order_id', order_id, 'consignment', consignment::text,
        'seller_wallet_id', seller_wallet_id, 'buyer_wallet_id', buyer_wallet_id, 'number', number::text, 'amount', amount::text,
        'currency', currency) AS data, type, more
    FROM invoices CROSS JOIN LATERAL (
      SELECT 'invoice.issued' AS type, jsonb_build_object('status', CASE status WHEN 'PAID' THEN 'PAID' ELSE 'DUE' END) AS more
      UNION ALL SELECT 'invoice.collected', jsonb_build_object('transfer_id', transfer_id) WHERE status = 'COLLECTED'
      UNION ALL SELECT 'invoice.written-off', '{}' WHERE status = 'WRITTEN_OFF'
    ) news
    UNION ALL
    SELECT credit_note_id, jsonb_build_object('credit_note_id', credit_note_id, 'order_id', order_id, 'seller_wallet_id', seller_wallet_id,
        'number', number::text, 'amount', amount::text, 'currency', currency), type, more
    FROM credit_notes CROSS JOIN LATERAL (
      SELECT 'credit-note.issued' AS type, '{}'::jsonb AS more
      UNION ALL SELECT 'refund.posted', jsonb_build_object('transfer_id', transfer_id) WHERE transfer_id IS NOT NULL
    ) news
  ) due`;

const ownersOfBooks = sql`
  SELECT invoice_id::text, tenant FROM invoices UNION ALL SELECT credit_note_id::text, tenant FROM credit_notes`;
