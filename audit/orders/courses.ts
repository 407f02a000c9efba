/**
 * O2, O4, O6 and O8, order by order: each row of the order database is compared with what inventory, accounting, delivery and the
 * transfers have done for it.
 *
 * The order database's snapshot is the oldest of them. What its rows note had happened before: goods that have left or were given
 * back, money that was captured, invoices, deliveries are in the other snapshots, for ever. Of what they do not note yet, any part may
 * be there.
 */
import { sql, type SQL } from 'drizzle-orm';
import { consignmentId, orderId, shipmentId, transferId } from '../../domain/derived-id.ts';
import { formatUnits, parseUnits } from '../../domain/money.ts';
import { holdKey } from '../../domain/order/money.ts';
import { orderBodyHash } from '../../domain/order/order-body.ts';
import type { Findings } from '../findings.ts';
import { pagesOf, rowsOf, uuids, type Reader } from '../reader.ts';
import { consignmentProblems, type Done } from './consignments.ts';
import { orderProblems } from './order-problems.ts';
import type { Invoice, OrderRow, StepFence } from './order-rows.ts';
import { transfersSeen, type OrderReaders } from './known-orders.ts';

export async function checkCourses(readers: OrderReaders, findings: Findings): Promise<void> {
  for await (const page of pagesOf(readers.order, ordersAfter, ({ id }: OrderRow) => id)) {
    findings.count('orders', page.length);
    const done = await doneFor(page, readers);
    for (const row of page) {
      findings.count('consignments', row.consignments.length);
      const subject = `order ${row.id}`;
      const { fencesOf, ...of } = done;
      const fences = fencesOf(row.id);
      for (const detail of orderProblems(row, fences)) findings.report('O2', subject, detail);
      const others = of.stockOf(row.id)?.tenants.filter((tenant) => tenant !== row.tenant) ?? [];
      if (others.length > 0) findings.report('O2', subject, `goods of ${others.join(', ')} were reserved for it`);
      if (row.has_case_of_another) findings.report('O2', subject, 'a case of it is of another tenant');
      for (const consignment of row.consignments) {
        const { n } = consignment;
        const found: Done = {
          pivot: fences.get(`goods:${n}`)?.outcome,
          transfer: of.transferOf(consignment.transferId),
          invoice: of.invoiceOf(consignmentId(row.id, n)),
          shipment: of.shipmentOf(shipmentId(consignmentId(row.id, n))),
        };
        for (const [invariant, detail] of consignmentProblems(row, consignment, found))
          findings.report(invariant, subject, `its consignment ${n} ${detail}`);
      }
      if (row.id !== orderId(row.idempotency_key, row.tenant))
        findings.report('O6', subject, `its id does not follow from its key ${JSON.stringify(row.idempotency_key)}`);
      if (!bodyHashesOf(row).includes(row.body_hash))
        findings.report('O6', subject, 'its body is not the one that was acknowledged');
    }
  }
}

/** The hashes of the bodies that may have led to this row: the request may have named the total, and then it was this one. */
function bodyHashesOf(row: OrderRow): string[] {
  const total = formatUnits(parseUnits(row.goods_amount) + parseUnits(row.shipping_amount));
  return [undefined, total].map((expectedTotal) =>
    orderBodyHash({
      ...{ buyerWalletId: row.buyer, sellerWalletId: row.seller, currency: row.currency, lines: row.lines },
      ...{ shippingAmount: row.shipping_amount, allowSplit: row.allow_split, expectedTotal },
      ...{ reference: row.reference, metadata: row.metadata },
    }),
  );
}

/** What the other services did for the orders of a page. */
async function doneFor(page: readonly OrderRow[], { inventory, accounting, delivery, transfer }: OrderReaders) {
  const ids = page.map(({ id }) => id);
  const transferIds = page.flatMap((row) =>
    row.consignments.flatMap((each) => [each.transferId, transferId(holdKey(row.id, each.n), row.tenant)]),
  );
  const fences = await rowsOf<StepFence & { id: string; step: string }>(
    inventory,
    sql`SELECT saga_id AS id, step, outcome, detail FROM step_fences WHERE saga_id = ANY(${uuids(ids)}) AND step NOT LIKE 'return:%'`,
  );
  const fencesOf = Map.groupBy(fences, ({ id }) => id);
  return {
    /** Whose stock the order's goods are, or were before they left or were given back. */
    stockOf: await byId<{ id: string; tenants: readonly string[] }>(
      inventory,
      sql`SELECT order_id AS id, array_agg(DISTINCT tenant) AS tenants FROM reservations WHERE order_id = ANY(${uuids(ids)}) GROUP BY 1`,
    ),
    fencesOf: (id: string): ReadonlyMap<string, StepFence> =>
      new Map((fencesOf.get(id) ?? []).map((fence) => [fence.step, fence])),
    transferOf: await transfersSeen(transfer, transferIds),
    invoiceOf: await byId<Invoice>(
      accounting,
      sql`SELECT invoice_id AS id, tenant, seller_wallet_id AS seller, buyer_wallet_id AS buyer, number, currency, amount, status, transfer_id
        FROM invoices WHERE order_id = ANY(${uuids(ids)})`,
    ),
    shipmentOf: await byId<{ id: string; tenant: string; status: string }>(
      delivery,
      sql`SELECT shipment_id AS id, tenant, status FROM shipments WHERE order_id = ANY(${uuids(ids)})`,
    ),
  };
}

async function byId<Row extends { readonly id: string }>(
  reader: Reader,
  statement: SQL,
): Promise<(id: string) => Row | undefined> {
  const rows = new Map((await rowsOf<Row>(reader, statement)).map((row) => [row.id, row]));
  return (id) => rows.get(id);
}

function ordersAfter(id: string, limit: number): SQL {
  return sql`
    SELECT order_id AS id, tenant, status, cancel_reason, compensating, buyer_wallet_id AS buyer, seller_wallet_id AS seller, currency,
      goods_amount, shipping_amount, allow_split, reference, metadata, idempotency_key, encode(body_hash, 'hex') AS body_hash,
      coalesce((SELECT json_agg(json_build_object('line', line, 'sku', sku, 'quantity', quantity, 'unitPrice', unit_price::text) ORDER BY line)
        FROM order_lines WHERE order_lines.order_id = orders.order_id), '[]') AS lines,
      coalesce((SELECT json_agg(json_build_object('n', n, 'lines', lines, 'goods', goods, 'money', money, 'amount', amount::text,
          'transferId', transfer_id, 'invoiceNumber', invoice_number) ORDER BY n)
        FROM consignments WHERE consignments.order_id = orders.order_id), '[]') AS consignments,
      EXISTS (SELECT FROM order_cases WHERE order_cases.order_id = orders.order_id AND order_cases.tenant <> orders.tenant) AS has_case_of_another,
      ARRAY(SELECT step FROM order_steps WHERE order_steps.order_id = orders.order_id AND n = 0 ORDER BY created_at, step) AS steps
    FROM orders WHERE order_id > ${id} ORDER BY order_id LIMIT ${limit}`;
}
