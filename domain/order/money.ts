/** What a consignment costs, by which key its money moves, and how an order has ended. */
import { formatUnits, parseUnits } from '../money.ts';
import type { OrderId, ReturnId, TransferId } from '../ids.ts';
import type { Consignment, ConsignmentState, OrderLine, OrderStatus, OrderTerms } from './order.ts';

/** Goods, and with the first consignment the shipping. A decimal string. */
export function amountOf(terms: OrderTerms, consignment: Consignment): string {
  const goods = pricedLines(terms, consignment).reduce(
    (sum, { quantity, unitPrice }) => sum + BigInt(quantity) * parseUnits(unitPrice),
    0n,
  );
  return formatUnits(goods + parseUnits(shippingOf(terms, consignment)));
}

/** The shipping that is paid with this consignment: all of it with the first, nothing with the others. */
export function shippingOf({ shippingAmount }: OrderTerms, { n }: Pick<Consignment, 'n'>): string {
  return n === 1 ? shippingAmount : formatUnits(0n);
}

/** The lines of a consignment with the prices of the order. */
export function pricedLines({ lines }: OrderTerms, consignment: Consignment): OrderLine[] {
  return consignment.lines.map(({ sku, quantity }) => {
    const ordered = lines.find((line) => line.sku === sku);
    if (ordered === undefined) throw new Error(`the order has no ${sku}`);
    return { sku, quantity, unitPrice: ordered.unitPrice };
  });
}

/** The Idempotency-Key of the hold that pays for a consignment. */
export function holdKey(orderId: OrderId, n: number): string {
  return `order/${orderId}/${n}`;
}

/** The key of a reversal that gives a hold back which somebody has captured; the first one is the hold's, each further try is another. */
export function voidKey(orderId: OrderId, n: number, attempt: number): string {
  return attempt === 1 ? holdKey(orderId, n) : `${holdKey(orderId, n)}/void/${attempt}`;
}

/** The key of a reversal that gives back the part of a hold which somebody has captured by hand; each further try is another. */
export function partReversalKey(orderId: OrderId, hold: TransferId, attempt: number): string {
  return `order/${orderId}/part-of/${hold}/${attempt}`;
}

/** The key of the transfer that collects what is due; each time an operator asks for it is another one. */
export function collectionKey(orderId: OrderId, n: number, attempt: number): string {
  return `order/${orderId}/${n}/collection/${attempt}`;
}

/** The key of a reversal that pays a return back; each try is another one, because a refused one is refused for ever. */
export function refundKey(returnId: ReturnId, attempt: number): string {
  return `return/${returnId}/refund/${attempt}`;
}

/** The status that an order has once all of its consignments have ended. */
export function endOfOrder(
  consignments: readonly Pick<ConsignmentState, 'goods'>[],
): Extract<OrderStatus, 'COMPLETED' | 'PARTLY_COMPLETED' | 'CANCELED'> {
  const released = consignments.filter(({ goods }) => goods === 'RELEASED').length;
  if (released === consignments.length) return 'CANCELED';
  return released === 0 ? 'COMPLETED' : 'PARTLY_COMPLETED';
}
