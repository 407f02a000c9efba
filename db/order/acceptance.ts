/** The acceptance of orders: an order is stored once for its key, at the prices of that moment. */
import { and, eq, inArray, sql } from 'drizzle-orm';
import type { Currency } from '../../domain/currency.ts';
import type { OrderId, WalletId } from '../../domain/ids.ts';
import { formatUnits, parseUnits } from '../../domain/money.ts';
import { orderEvent } from '../../domain/order/events.ts';
import type { Line, OrderLine } from '../../domain/order/order.ts';
import { tenantOf, type OfTenant } from '../../domain/tenant.ts';
import type { TraceContext } from '../../domain/trace-context.ts';
import type { Database } from '../database.ts';
import type { Order } from './queries.ts';
import { orderLines, orders, orderSteps, outboxEvents, products } from './schema.ts';

/** The products are the tenant's. */
export interface AskedOrder extends OfTenant {
  readonly orderId: OrderId;
  readonly buyerWalletId: WalletId;
  readonly sellerWalletId: WalletId;
  readonly currency: Currency;
  /** Each SKU once. */
  readonly lines: readonly Line[];
  readonly shippingAmount: string;
  /** What the buyer was shown, goods and shipping together. */
  readonly expectedTotal: string | undefined;
  readonly allowSplit: boolean;
  readonly reference: string | undefined;
  readonly metadata: Record<string, string> | undefined;
  readonly idempotencyKey: string;
  /** SHA-256 in hex of the validated, normalized body. */
  readonly bodyHash: string;
  readonly deadlineSeconds: number;
  readonly holdSeconds: number;
}

/** Why a new order is not accepted; nothing is stored, and its key is not used up. */
export type OrderRefusal =
  | { readonly refused: 'sku_unknown'; readonly lines: readonly number[] }
  | { readonly refused: 'currency_mismatch'; readonly lines: readonly number[] }
  | { readonly refused: 'amount_too_large' }
  | { readonly refused: 'price_changed'; readonly total: string };

/** Longer than the API waits for a start, so that the sweep rarely repeats a start that is under way. */
const START_DUE_SECONDS = 3;
/** The largest amount of one movement, in units: an order may be paid by one hold. */
const AMOUNT_MAX = 10n ** 19n - 1n;

/**
 * Writes the order as PENDING with its lines, its first step and `order.placed`. Returns undefined, and changes nothing, if the id is
 * taken; a call that races another waits for the other's transaction, so it can then read the row.
 */
export async function acceptOrder(
  database: Database,
  asked: AskedOrder,
  trace: TraceContext,
): Promise<Order | OrderRefusal | undefined> {
  return database.transaction(async (tx) => {
    const priced = await pricesOf(tx, asked);
    if ('refused' in priced) return priced;
    const { orderId } = asked;
    const { expectedTotal: _, lines: __, deadlineSeconds, ...row } = asked;
    const [stored] = await tx
      .insert(orders)
      .values({
        ...row,
        tenant: tenantOf(asked),
        goodsAmount: formatUnits(priced.goods),
        reference: asked.reference ?? null,
        metadata: asked.metadata ?? null,
        requestId: trace.requestId,
        traceparent: trace.traceparent ?? null,
        deadlineAt: sql`now() + make_interval(secs => ${deadlineSeconds})`,
        startDueAt: sql`now() + make_interval(secs => ${START_DUE_SECONDS})`,
      })
      .onConflictDoNothing()
      .returning();
    if (stored === undefined) return undefined;
    const lines = await tx
      .insert(orderLines)
      .values(priced.lines.map((line, index) => ({ orderId, ...line, line: index + 1 })))
      .returning();
    await tx.insert(orderSteps).values({ orderId, n: 0, step: 'PENDING' });
    const event = orderEvent(
      'order.placed',
      stored,
      {
        buyer_wallet_id: asked.buyerWalletId,
        seller_wallet_id: asked.sellerWalletId,
        amount: formatUnits(priced.total),
        currency: asked.currency,
      },
      trace,
    );
    await tx
      .insert(outboxEvents)
      .values({ eventId: event.id, type: event.type, subject: event.subject, payload: event });
    return { ...stored, lines, consignments: [] };
  });
}

type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];

interface Priced {
  readonly lines: readonly OrderLine[];
  /** In units, as the total. */
  readonly goods: bigint;
  readonly total: bigint;
}

/** The lines at the present prices, which stay until the transaction ends; or why the order is refused. */
async function pricesOf(tx: Transaction, asked: AskedOrder): Promise<Priced | OrderRefusal> {
  const skus = asked.lines.map(({ sku }) => sku);
  const prices = await tx
    .select()
    .from(products)
    .where(and(eq(products.tenant, tenantOf(asked)), inArray(products.sku, skus)))
    .orderBy(products.sku)
    .for('share');
  const priced = asked.lines.map((line) => ({ ...line, product: prices.find(({ sku }) => sku === line.sku) }));
  const without = (isFine: (line: (typeof priced)[number]) => boolean): number[] =>
    priced.flatMap((line, index) => (isFine(line) ? [] : [index]));
  const unknown = without(({ product }) => product !== undefined);
  if (unknown.length > 0) return { refused: 'sku_unknown', lines: unknown };
  const foreign = without(({ product }) => product!.currency === asked.currency);
  if (foreign.length > 0) return { refused: 'currency_mismatch', lines: foreign };
  const lines = priced.map(({ sku, quantity, product }) => ({ sku, quantity, unitPrice: product!.unitPrice }));
  const goods = lines.reduce((sum, { quantity, unitPrice }) => sum + BigInt(quantity) * parseUnits(unitPrice), 0n);
  const total = goods + parseUnits(asked.shippingAmount);
  if (total > AMOUNT_MAX) return { refused: 'amount_too_large' };
  if (asked.expectedTotal !== undefined && parseUnits(asked.expectedTotal) !== total)
    return { refused: 'price_changed', total: formatUnits(total) };
  return { lines, goods, total };
}
