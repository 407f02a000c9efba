/** What clients ask for of goods: orders, returns, changes of stock; and the parts that an order has by its terms alone. Pure. */
import { transferId } from '../domain/derived-id.ts';
import type { OrderId } from '../domain/ids.ts';
import { formatUnits, parseUnits } from '../domain/money.ts';
import { holdKey } from '../domain/order/money.ts';
import { CONSIGNMENTS_MAX } from '../domain/order/order.ts';
import { tenantOf, type OfTenant } from '../domain/tenant.ts';

export interface Line {
  readonly sku: string;
  readonly quantity: number;
}

/** The goods of a request, by what it is. */
export type GoodsTerms =
  | ({ readonly of: 'order' } & OrderedGoods)
  | { readonly of: 'return'; readonly orderId: string; readonly lines: readonly Line[]; readonly amount: string }
  | { readonly of: 'stock'; readonly sku: string; readonly change: number };

export interface OrderedGoods {
  readonly buyer: string;
  readonly seller: string;
  readonly lines: readonly Line[];
  /** Goods and shipping, with four decimals. */
  readonly total: string;
  /** The consignments that it has once it is confirmed. */
  readonly parts: readonly Part[];
}

export interface Part {
  readonly n: number;
  readonly lines: readonly Line[];
  readonly amount: string;
  /** Of the transfer that holds its money. */
  readonly transferId: string;
}

/** Each SKU for itself, or all together; the shipping is paid with the first. */
export function partsOf(
  orderId: string,
  lines: readonly Line[],
  { allowSplit, shipping, priceOf, ...of }: PartTerms,
): readonly Part[] {
  const groups = allowSplit
    ? Map.groupBy(lines, (line) => Math.min(lines.indexOf(line) + 1, CONSIGNMENTS_MAX))
    : [[1, lines] as const];
  return [...groups].map(([n, own]) => ({
    n,
    lines: own,
    amount: formatUnits(unitsOf(own, priceOf) + (n === 1 ? parseUnits(shipping) : 0n)),
    transferId: transferId(holdKey(orderId as OrderId, n), tenantOf(of)),
  }));
}

interface PartTerms extends OfTenant {
  readonly allowSplit: boolean;
  readonly shipping: string;
  readonly priceOf: (sku: string) => string;
}

export function unitsOf(lines: readonly Line[], priceOf: (sku: string) => string): bigint {
  return lines.reduce((sum, { sku, quantity }) => sum + BigInt(quantity) * parseUnits(priceOf(sku)), 0n);
}

/** The lines in words, in the order of their SKUs, so that equal goods are told equally. */
export function toldLines(lines: readonly Line[]): string {
  return lines
    .map(({ sku, quantity }) => `${quantity} × ${sku}`)
    .toSorted()
    .join(', ');
}
