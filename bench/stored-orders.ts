/**
 * Stored orders: delivered and paid, in the databases of their four services, as if they had been placed one by one. A statement stores
 * thousands of them, by the services' own operations where these are the database's functions. Their events are gone, as the relay's
 * are once they are in the log; and their transfers are not there, because what stored transfers cost is measured by itself.
 */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { bodyHash, consignmentId, journalId, orderId, shipmentId } from '../domain/derived-id.ts';
import { SHIPMENT_STATUSES, SHIPMENT_UNITS_MAX } from '../domain/delivery/operations.ts';
import { CONSIGNMENTS_MAX } from '../domain/order/order.ts';
import { UNIT_PRICE } from './goods.ts';
import { asAdministrator, type BenchGround } from './ground.ts';
import { itemsAmong } from './wallets.ts';

const ORDERS_A_STATEMENT = 5_000;

/** Stores the orders of these numbers; `tell` is called with how many are stored. */
export async function storeOrders(
  { administrators, wallets }: Pick<BenchGround, 'administrators' | 'wallets'>,
  skus: readonly string[],
  { from, until }: { readonly from: number; readonly until: number },
  tell: (stored: number) => void,
): Promise<void> {
  const pairs = itemsAmong(wallets, until);
  for (let first = from; first < until; first += ORDERS_A_STATEMENT) {
    tell(first);
    const count = Math.min(ORDERS_A_STATEMENT, until - first);
    const stored = Array.from({ length: count }, (_, index) => storedOrder(first + index, pairs[first + index]!, skus));
    const rows = JSON.stringify(stored);
    await Promise.all(
      Object.entries(STATEMENTS).map(([service, statements]) =>
        asAdministrator(administrators[service]!, (client) => runAll(client, statements, rows)),
      ),
    );
  }
}

function storedOrder(
  n: number,
  { sender_wallet_id: buyer, receiver_wallet_id: seller }: { sender_wallet_id: string; receiver_wallet_id: string },
  skus: readonly string[],
) {
  const key = `stored-${n}`;
  const id = orderId(key);
  const consignment = consignmentId(id, 1);
  return {
    ...{ id, key, buyer, seller, consignment },
    sku: skus[n % skus.length]!,
    hash: bodyHash(key),
    shipment: shipmentId(consignment),
    journal: journalId(id, 'invoice:1'),
    transfer: randomUUID(),
  };
}

async function runAll(client: pg.Client, statements: readonly string[], rows: string): Promise<void> {
  for (const statement of statements) {
    const isOfOrders = statement.includes('$1');
    await client.query(statement, isOfOrders ? [rows] : []);
  }
}

const ORDERS = `FROM jsonb_to_recordset($1::jsonb) AS o (id uuid, key text, buyer uuid, seller uuid, consignment uuid, sku text,
  hash text, shipment uuid, journal uuid, transfer uuid)`;
const LINES = `jsonb_build_array(jsonb_build_object('sku', sku, 'quantity', 1))`;
const DELIVERED = SHIPMENT_STATUSES.indexOf('DELIVERED');
const WITHOUT_EVENTS = 'TRUNCATE outbox_events';

/** By service, what is run one after the other; the services need nothing of each other. */
const STATEMENTS: Readonly<Record<string, readonly string[]>> = {
  order: [
    `INSERT INTO orders (order_id, buyer_wallet_id, seller_wallet_id, currency, goods_amount, shipping_amount, allow_split, status,
       idempotency_key, body_hash, request_id, deadline_at, hold_seconds)
     SELECT id, buyer, seller, 'USD', ${UNIT_PRICE}, 0, false, 'COMPLETED', key, decode(hash, 'hex'), 'bench', now(), 604800 ${ORDERS}`,
    `INSERT INTO order_lines (order_id, line, sku, quantity, unit_price) SELECT id, 1, sku, 1, ${UNIT_PRICE} ${ORDERS}`,
    `INSERT INTO consignments (order_id, n, lines, goods, money, amount, transfer_id, hold_expires_at, shipment_id, carrier_reference,
       invoice_number)
     SELECT id, 1, '{1}', 'DELIVERED', 'CAPTURED', ${UNIT_PRICE}, transfer, now() + interval '7 days', shipment, 'bench', 1 ${ORDERS}`,
    `INSERT INTO order_steps (order_id, n, step) SELECT id, n, step ${ORDERS}
     CROSS JOIN (VALUES (0, 'PENDING'), (0, 'CONFIRMED'), (1, 'ISSUED'), (1, 'CAPTURED'), (1, 'INVOICED'), (1, 'DELIVERED'),
       (0, 'COMPLETED')) AS steps (n, step)`,
  ],
  inventory: [
    `SELECT reserve(id, ${LINES}, false, ${CONSIGNMENTS_MAX}, 'bench', NULL) ${ORDERS}`,
    `SELECT issue(id, 1, consignment, 'infinity', '1 minute', 'bench', 'bench', NULL) ${ORDERS}`,
    WITHOUT_EVENTS,
  ],
  delivery: [
    `SELECT book(id, 1, shipment, ${LINES}, ${SHIPMENT_UNITS_MAX}, 'bench', NULL) ${ORDERS}`,
    `SELECT hand_over(id, 1, shipment, 'bench', 'bench', NULL) ${ORDERS}`,
    `SELECT record_carrier_event('bench-' || shipment, shipment, 'DELIVERED', ${DELIVERED}, now(), 'bench', NULL) ${ORDERS}`,
    WITHOUT_EVENTS,
  ],
  accounting: [
    `SELECT post_invoice(id, 1, consignment, journal, seller, buyer, 'USD',
       jsonb_build_array(jsonb_build_object('sku', sku, 'quantity', 1, 'unitPrice', '${UNIT_PRICE}')), 0, transfer, 'bench', NULL) ${ORDERS}`,
    WITHOUT_EVENTS,
  ],
};
