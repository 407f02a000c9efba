/**
 * O3 and O5, transfer by transfer: the money that moves in the name of an order. Such a transfer is known by its key
 * (domain/order/money.ts), and those of an order by what they refer to. What another tenant has under such a key is no order's.
 *
 * O3: nothing is held or collected for an order that has ended, as the order's snapshot, the oldest, shows it; and what was captured was
 * for goods that have left, which the inventory's snapshot, the youngest, shows, or was given back. O5: of an order that has ended,
 * the books have each transfer that has moved money into the seller's wallet or out of it; and each transfer that they name has
 * moved just that in the wallet's ledger. With what books.ts checks, each `wallet:` account so is the sum of its transfers' ledger
 * entries: exactly at rest, and under load but for what is still to be posted.
 */
import { sql } from 'drizzle-orm';
import { hasOrderEnded, type ReturnStatus } from '../../domain/order/order.ts';
import { parseUnits } from '../../domain/money.ts';
import { walletPostings } from '../books.ts';
import type { Findings, Invariant } from '../findings.ts';
import { pagesOf, rowsOf, uuids, type Reader } from '../reader.ts';
import { knownOrders, pivotsOf, tenantsOf, type KnownOrder, type OrderReaders } from './known-orders.ts';

interface OrderTransfer {
  readonly id: string;
  readonly tenant: string;
  readonly key: string;
  readonly status: string;
  readonly isReversal: boolean;
  /** Whether all of it was given back, or is being given back. */
  readonly isReversed: boolean;
}

/** `hold` and `collection` pay a consignment, `void` gives a hold back that somebody has captured, `refund` pays a return back. */
type Purpose =
  | { readonly kind: 'hold' | 'void' | 'collection'; readonly orderId: string; readonly n: number }
  | { readonly kind: 'refund'; readonly returnId: string };

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const KEYS = `^(?:order/(${UUID})/([0-9]{1,4})(/collection/[0-9]+|/void/[0-9]+)?|return/(${UUID})/refund/[0-9]+)$`;

export async function checkOrderMoney(readers: OrderReaders, findings: Findings): Promise<void> {
  for await (const page of pagesOf(readers.transfer, orderTransfersAfter, ({ id }: OrderTransfer) => id)) {
    const known = await knownFor(page, readers);
    for (const transfer of page)
      for (const [invariant, detail] of problemsOf(transfer, known))
        findings.report(invariant, `transfer ${transfer.id}`, detail);
  }
  await checkPostings(readers, findings);
}

type Known = Awaited<ReturnType<typeof knownFor>>;

async function knownFor(page: readonly OrderTransfer[], readers: OrderReaders) {
  const purposes = page.map(purposeOf);
  const returns = await returnsOf(
    readers,
    purposes.flatMap((each) => (each.kind === 'refund' ? [each.returnId] : [])),
  );
  const orderIds = [
    ...new Set([...purposes.flatMap((each) => (each.kind === 'refund' ? [] : [each.orderId])), ...returns.orderIds]),
  ];
  const holds = page.filter((_, index) => purposes[index]!.kind === 'hold');
  const posted = await rowsOf<{ id: string }>(
    readers.accounting,
    sql`SELECT transfer_id AS id FROM journals WHERE order_id = ANY(${uuids(orderIds)}) AND transfer_id IS NOT NULL`,
  );
  const postedIds = new Set(posted.map(({ id }) => id));
  const tenantOfOrder = await tenantsOf(readers.orderNow, 'orders', orderIds);
  return {
    isOfAnother(transfer: OrderTransfer): boolean {
      const purpose = purposeOf(transfer);
      const tenant = purpose.kind === 'refund' ? returns.tenantOf(purpose.returnId) : tenantOfOrder(purpose.orderId);
      return tenant !== undefined && tenant !== transfer.tenant;
    },
    orderOf: await knownOrders(readers, orderIds),
    returnOf: returns.of,
    pivotOf: await pivotsOf(readers.inventory, orderIds),
    isGivenBack: await givenBack(
      readers.transfer,
      holds.map(({ id }) => id),
    ),
    isPosted: (id: string) => postedIds.has(id),
  };
}

function purposeOf({ key, isReversal }: OrderTransfer): Purpose {
  const [, orderId, n, further, returnId] = new RegExp(KEYS).exec(key)!;
  if (returnId !== undefined) return { kind: 'refund', returnId };
  const kind = isReversal ? 'void' : further === undefined ? 'hold' : 'collection';
  return { kind, orderId: orderId!, n: Number(n) };
}

function problemsOf(transfer: OrderTransfer, known: Known): (readonly [Invariant, string])[] {
  const { id, status } = transfer;
  if (status === 'FAILED' || status === 'CANCELED' || known.isOfAnother(transfer)) return [];
  const purpose = purposeOf(transfer);
  const hasMoved = status === 'COMPLETED';
  if (purpose.kind === 'refund') {
    const seen = known.returnOf(purpose.returnId);
    if (seen === undefined) return [['O3', `it is ${status} for the return ${purpose.returnId}, which does not exist`]];
    if (seen === 'since' || (seen !== 'REFUNDED' && seen !== 'REFUND_DUE')) return [];
    if (!hasMoved) return [['O3', `it is ${status}, but its return is ${seen}`]];
    return known.isPosted(id) ? [] : [['O5', `it has paid the return ${purpose.returnId} back, which no book says`]];
  }
  const { kind, orderId, n } = purpose;
  const order = known.orderOf(orderId);
  if (kind === 'hold') return holdProblems(transfer, { order, orderId, n }, known);
  if (order === undefined) return [['O3', `it is ${status} for the order ${orderId}, which does not exist`]];
  if (order === 'since' || !hasOrderEnded(order)) return [];
  if (!hasMoved) return [['O3', `it is ${status}, but its order is ${order.status}`]];
  if (kind === 'void' || known.isPosted(id)) return [];
  return [['O5', `it has collected what was due of ${orderId}/${n}, which no book says`]];
}

function holdProblems(
  { id, status, isReversed }: OrderTransfer,
  of: { readonly order: KnownOrder | 'since' | undefined; readonly orderId: string; readonly n: number },
  known: Known,
): (readonly [Invariant, string])[] {
  const { order, orderId, n } = of;
  const hasMoved = status === 'COMPLETED';
  const pivot = known.pivotOf(orderId, n);
  if (order === undefined)
    return isReversed ? [] : [['O3', `it is ${status} for the order ${orderId}, which does not exist`]];
  const consignment = order === 'since' ? undefined : order.consignments.find((each) => each.n === n);
  const isOver = order !== 'since' && (hasOrderEnded(order) || consignment?.money === 'VOIDED');
  if (!isOver) {
    // What was captured by hand is given back once the goods are.
    const isEarly = hasMoved && pivot === undefined && !isReversed;
    return isEarly ? [['O3', `it was captured for ${orderId}/${n}, whose goods have not left`]] : [];
  }
  if (!hasMoved) return [['O3', `it is ${status}, but its order is ${order.status}`]];
  if (pivot !== 'done')
    return known.isGivenBack(id) ? [] : [['O3', `it was captured for ${orderId}/${n}, whose goods have not left`]];
  return known.isPosted(id) ? [] : [['O5', `it has paid ${orderId}/${n}, which no book says`]];
}

/** Whether all of a transfer is back, by whatever reversals. */
async function givenBack(transfer: Reader, ids: readonly string[]): Promise<(id: string) => boolean> {
  const rows = await rowsOf<{ id: string }>(
    transfer,
    sql`SELECT paid.transfer_id AS id
      FROM transfers paid JOIN transfers back ON back.reverses_transfer_id = paid.transfer_id AND back.status = 'COMPLETED'
      WHERE paid.transfer_id = ANY(${uuids(ids)})
      GROUP BY paid.transfer_id HAVING sum(back.amount) >= coalesce(paid.captured_amount, paid.amount)`,
  );
  const seen = new Set(rows.map(({ id }) => id));
  return (id) => seen.has(id);
}

/** The returns by the order database's snapshot and, of those announced since, as it is now; and the orders whose they are. */
async function returnsOf({ order, orderNow }: OrderReaders, ids: readonly string[]) {
  const select = (reader: Reader, some: readonly string[]) =>
    rowsOf<{ id: string; order_id: string; status: ReturnStatus }>(
      reader,
      sql`SELECT return_id AS id, order_id, status FROM returns WHERE return_id = ANY(${uuids(some)})`,
    );
  const seen = new Map((await select(order, ids)).map((row) => [row.id, row]));
  const unknown = ids.filter((id) => !seen.has(id));
  const since = new Set((unknown.length === 0 ? [] : await select(orderNow, unknown)).map(({ id }) => id));
  return {
    tenantOf: await tenantsOf(orderNow, 'returns', ids),
    orderIds: [...seen.values()].map((row) => row.order_id),
    of: (id: string) => seen.get(id)?.status ?? (since.has(id) ? ('since' as const) : undefined),
  };
}

async function checkPostings({ accounting, shards }: OrderReaders, findings: Findings): Promise<void> {
  for await (const page of walletPostings(accounting)) {
    const ids = uuids(page.map((posting) => posting.transfer_id));
    const moved = await Promise.all(
      shards.map((reader) =>
        rowsOf<{ id: string; wallet: string; amount: string }>(
          reader,
          sql`SELECT transaction_id AS id, wallet_id AS wallet, sum(CASE type WHEN 'DEBIT' THEN -amount ELSE amount END) AS amount
            FROM ledger_entries WHERE transaction_id = ANY(${ids}) GROUP BY 1, 2`,
        ),
      ),
    );
    const amounts = new Map(moved.flat().map(({ id, wallet, amount }) => [`${id}/${wallet}`, amount]));
    for (const { transfer_id: id, seller_wallet_id: seller, amount } of page) {
      const inLedger = amounts.get(`${id}/${seller}`) ?? '0.0000';
      if (parseUnits(inLedger) !== parseUnits(amount))
        findings.report(
          'O5',
          `the account wallet:${seller}`,
          `the books say that the transfer ${id} has moved ${amount}, and the wallet's ledger ${inLedger}`,
        );
    }
  }
}

function orderTransfersAfter(id: string, limit: number) {
  return sql`
    SELECT transfer_id AS id, tenant, idempotency_key AS key, status, reverses_transfer_id IS NOT NULL AS "isReversal",
      reversed_amount = coalesce(captured_amount, amount) AS "isReversed"
    FROM transfers
    WHERE transfer_id > ${id} AND idempotency_key ~ ${KEYS.replaceAll('(?:', '(')}
      AND (reverses_transfer_id IS NOT NULL OR reference = 'order ' || split_part(idempotency_key, '/', 2))
      AND batch_id IS NULL AND recurring_transfer_id IS NULL
    ORDER BY transfer_id LIMIT ${limit}`;
}
