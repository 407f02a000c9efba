/**
 * Stored orders: delivered and paid, in the databases of their four services, as if they had been placed one by one. A statement stores
 * thousands of them, by the services' own operations where these are the database's functions. Their events are gone, as the relay's
 * are once they are in the log; and their transfers are not there, because what stored transfers cost is measured by itself.
 */
import type pg from 'pg';
import type { Currency } from '../domain/currency.ts';
import { consignmentId, journalId, orderId, shipmentId, transferId } from '../domain/derived-id.ts';
import { SHIPMENT_STATUSES, SHIPMENT_UNITS_MAX } from '../domain/delivery/operations.ts';
import type { WalletId } from '../domain/ids.ts';
import { holdKey } from '../domain/order/money.ts';
import { CONSIGNMENTS_MAX } from '../domain/order/order.ts';
import { orderBodyHash } from '../domain/order/order-body.ts';
import { UNIT_PRICE } from './goods.ts';
import { asAdministrator, type BenchGround } from './ground.ts';
import { itemsAmong } from './wallets.ts';

const ORDERS_A_STATEMENT = 5_000;

/** Stores so many orders; `tell` is called with how many are stored. */
export async function storeOrders(
  { administrators, wallets }: Pick<BenchGround, 'administrators' | 'wallets'>,
  skus: readonly string[],
  count: number,
  tell: (stored: number) => void,
): Promise<void> {
  const invoices = new Map<string, number>();
  const all = itemsAmong(wallets, count).map(({ sender_wallet_id: buyer, receiver_wallet_id: seller }, n) => {
    const invoice = (invoices.get(seller) ?? 0) + 1;
    invoices.set(seller, invoice);
    return { ...storedOrder(`stored-${n}`, { buyer, seller, sku: skus[n % skus.length]! }), invoice };
  });
  for (let from = 0; from < count; from += ORDERS_A_STATEMENT) {
    tell(from);
    const rows = JSON.stringify(all.slice(from, from + ORDERS_A_STATEMENT));
    await Promise.all(
      Object.entries(STATEMENTS).map(([service, statements]) =>
        asAdministrator(administrators[service]!, (client) => runAll(client, statements, rows)),
      ),
    );
  }
}

function storedOrder(key: string, { buyer, seller, sku }: Readonly<Record<'buyer' | 'seller' | 'sku', string>>) {
  const id = orderId(key);
  const consignment = consignmentId(id, 1);
  const hash = orderBodyHash({
    ...{ buyerWalletId: buyer as WalletId, sellerWalletId: seller as WalletId, currency: 'USD' as Currency },
    ...{ lines: [{ sku, quantity: 1 }], shippingAmount: '0.0000', allowSplit: false },
    ...{ expectedTotal: undefined, reference: undefined, metadata: undefined },
  });
  return {
    ...{ id, key, buyer, seller, sku, consignment, hash },
    shipment: shipmentId(consignment),
    journal: journalId(id, 'invoice:1'),
    transfer: transferId(holdKey(id, 1)),
  };
}

async function runAll(client: pg.Client, statements: readonly string[], rows: string): Promise<void> {
  for (const statement of statements) {
    const isOfOrders = statement.includes('$1');
    await client.query(statement, isOfOrders ? [rows] : []);
  }
}

const ORDERS = `FROM jsonb_to_recordset($1::jsonb) AS o (id uuid, key text, buyer uuid, seller uuid, consignment uuid, sku text,
  hash text, shipment uuid, journal uuid, transfer uuid, invoice integer)`;
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
     SELECT id, 1, '{1}', 'DELIVERED', 'CAPTURED', ${UNIT_PRICE}, transfer, now() + interval '7 days', shipment, 'bench', invoice ${ORDERS}`,
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
