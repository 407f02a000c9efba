/**
 * Compares what clients were told of orders with what is stored: each order has ended as they were told, the goods and the money of
 * each consignment have come to an allowed pair, which its hold confirms, and each SKU's stock is what the clients' own records sum
 * to. Pure.
 */
import { endOfOrder } from '../domain/order/money.ts';
import { mayEndAs, type GoodsState, type MoneyState } from '../domain/order/order.ts';
import type { Book, Entry } from './book.ts';
import type { Report } from './compare.ts';
import type { OrderBook, SeenConsignment, SeenOrder } from './order-book.ts';
import type { Line } from './order-terms.ts';
import { told } from './sightings.ts';

export interface StoredReturn {
  readonly id: string;
  readonly orderId: string;
  readonly key: string;
  readonly status: string;
  readonly amount: string;
  readonly lines: readonly (Line & { readonly disposition: string | null })[];
}

export interface StoredOrders {
  readonly orders: readonly (SeenOrder & { readonly key: string })[];
  readonly returns: readonly StoredReturn[];
  readonly stock: readonly { readonly sku: string; readonly onHand: number; readonly reserved: number }[];
  /** The ids of the changes of stock. */
  readonly changes: ReadonlySet<string>;
}

/** The states of transfers are in the book, those of orders in their own, after everything has ended. */
export function compareOrders(book: Book, orders: OrderBook, stored: StoredOrders, report: Report): void {
  const claimed = new Set(book.entries().map(({ id }) => id));
  const returns = Map.groupBy(stored.returns, ({ orderId }) => orderId);
  for (const { id, key } of [...stored.orders, ...stored.returns])
    if (!claimed.has(id)) report(id, `it is stored by key ${JSON.stringify(key)}, but nobody asked for it`);
  for (const order of stored.orders) {
    if (order.status === 'PENDING' || order.status === 'CONFIRMED') {
      report(order.id, `it is still ${order.status}`);
      continue;
    }
    compareEnd(order, orders, report);
    for (const part of order.consignments) comparePart(book, orders, order, part, report);
    compareHolds(book, orders, order, report);
    compareReturned(order, returns.get(order.id) ?? [], report);
  }
  for (const entry of book.entries()) compareRefunds(book, entry, stored.returns, report);
  compareStock(book, stored, report);
}

function compareEnd({ id, status, consignments }: SeenOrder, orders: OrderBook, report: Report): void {
  if (orders.wasConfirmed(id) && consignments.length === 0)
    report(id, `it was CONFIRMED, but is ${status} without consignments`);
  const end = consignments.length === 0 ? 'CANCELED' : endOfOrder(consignments as readonly { goods: GoodsState }[]);
  if (end !== status) report(id, `it is ${status}, but its consignments say ${end}`);
  const cancel = orders.cancelAnswerOf(id);
  if (cancel === 'canceled' && status === 'COMPLETED')
    report(id, 'somebody was told that it is canceled, but it is COMPLETED');
  if (cancel === 'not canceled' && status === 'CANCELED')
    report(id, 'somebody was told that it cannot be canceled, but it is CANCELED');
}

function comparePart(
  book: Book,
  orders: OrderBook,
  { id }: SeenOrder,
  { n, goods, money, transferId, amount }: SeenConsignment,
  report: Report,
): void {
  const isAllowed = mayEndAs(goods as GoodsState, money as MoneyState);
  if (!isAllowed) report(id, `its consignment ${n} has ended with its goods ${goods} and its money ${money}`);
  const wasTold = orders.decisionOf(id, n);
  if (wasTold !== undefined && wasTold !== (goods === 'RELEASED' ? 'released' : 'issued'))
    report(id, `the goods of its consignment ${n} were told to be ${wasTold}, and are ${goods}`);
  const paid = book.sightings.latest(transferId);
  const isPaid = paid?.status === 'COMPLETED' && paid.captured === amount;
  if (isPaid !== (money === 'CAPTURED' || money === 'COLLECTED') && !(isPaid && goods === 'RELEASED'))
    report(
      id,
      `the money of its consignment ${n} is ${money}, but transfer ${transferId} ${paid ? `is ${told(paid)}` : 'was never seen'}`,
    );
}

/** What an order has asked to be held: kept if its goods have left, given back otherwise, and not before the goods were released. */
function compareHolds(book: Book, orders: OrderBook, { id, consignments }: SeenOrder, report: Report): void {
  for (const { n, transferId } of orders.termsOf(id)?.parts ?? []) {
    const hold = book.sightings.latest(transferId);
    if (hold === undefined) continue;
    const part = consignments.find((each) => each.n === n);
    const haveLeft = part?.goods === 'ISSUED' || part?.goods === 'DELIVERED';
    // Captured and then reversed is as good as never captured: the audit looks at that.
    if (hold.status === 'COMPLETED' && part === undefined)
      report(id, `the hold of its part ${n} was captured, but it was undone`);
    // A hold that has expired, or that an operator has canceled, is no order's fault.
    if (hold.status === 'CANCELED' && haveLeft && !book.isTouched(transferId))
      report(id, `the hold of its consignment ${n} was voided, although its goods have left`);
  }
}

/** Never more comes back than was delivered, and what came back is paid. */
function compareReturned({ id, consignments }: SeenOrder, returns: readonly StoredReturn[], report: Report): void {
  const delivered = unitsBySku(consignments.filter(({ goods }) => goods === 'DELIVERED').flatMap(({ lines }) => lines));
  for (const [sku, back] of unitsBySku(returns.flatMap(({ lines }) => lines)))
    if (back > (delivered.get(sku) ?? 0))
      report(id, `${back} of ${sku} come back, of which ${delivered.get(sku) ?? 0} were delivered`);
}

function compareRefunds(book: Book, entry: Entry, returns: readonly StoredReturn[], report: Report): void {
  const { goods, id, moves } = entry;
  const row = goods?.of === 'return' ? returns.find((each) => each.id === id) : undefined;
  if (row === undefined || goods?.of !== 'return') return;
  if (row.amount !== goods.amount) report(id, `it is stored with amount ${row.amount} where ${goods.amount} was due`);
  const paid = moves.filter((move) => book.sightings.latest(move.id)?.status === 'COMPLETED').length;
  const due = row.status === 'REFUNDED' ? 1 : 0;
  if (row.status === 'RECEIVED') report(id, 'it is still RECEIVED');
  if (paid !== due) report(id, `it is ${row.status}, and was paid ${paid} times`);
}

/** Whatever of it is stored counts; that nothing else is stored, and nothing less, the comparison of keys says. */
function compareStock(book: Book, { orders, returns, stock, changes }: StoredOrders, report: Report): void {
  const expected = new Map<string, number>();
  const add = (sku: string, change: number): void => void expected.set(sku, (expected.get(sku) ?? 0) + change);
  for (const { goods, id } of book.entries())
    if (goods?.of === 'stock' && changes.has(id)) add(goods.sku, goods.change);
  for (const { goods, lines } of orders.flatMap(({ consignments }) => consignments))
    if (goods !== 'RELEASED' && goods !== 'RESERVED') for (const { sku, quantity } of lines) add(sku, -quantity);
  for (const { lines, status } of returns)
    for (const { sku, quantity, disposition } of status === 'REQUESTED' ? [] : lines)
      if (disposition !== 'scrap') add(sku, quantity);
  for (const [sku, units] of expected)
    if (units < 0) report(sku, `${-units} more of it have left than there were, by what clients were told`);
  for (const { sku, onHand, reserved } of stock) {
    const units = expected.get(sku) ?? 0;
    if (units !== onHand) report(sku, `by what clients were told ${units} are on hand, but its row says ${onHand}`);
    if (reserved !== 0) report(sku, `${reserved} of it are reserved, although every order has ended`);
  }
}

function unitsBySku(lines: readonly Line[]): Map<string, number> {
  const units = new Map<string, number>();
  for (const { sku, quantity } of lines) units.set(sku, (units.get(sku) ?? 0) + quantity);
  return units;
}

/** The counts of orders and consignments by how they ended, for the report. */
export function orderEnds(orders: OrderBook): Record<string, number> {
  const ends: Record<string, number> = {};
  const count = (what: string): void => void (ends[what] = (ends[what] ?? 0) + 1);
  for (const id of orders.ids()) {
    const order = orders.latest(id);
    if (order === undefined) continue;
    count(['order', order.status, order.cancelReason].filter(Boolean).join(' '));
    for (const { goods, money } of order.consignments) count(`consignment ${goods} and ${money}`);
  }
  return ends;
}
