/**
 * The normalized body of an order, and of a return: its Idempotency-Key stands for this body, and the hash in its row is taken of it.
 * Acceptance and audit share this one place. The hash is compared for ever: what goes into it, and in which form, must not change. Not
 * for workflows: derived-id.ts hashes with a Node built-in.
 */
import { bodyHash } from '../derived-id.ts';
import type { Line, OrderTerms } from './order.ts';

export interface OrderBody extends Omit<OrderTerms, 'orderId' | 'lines' | 'tenant'> {
  /** In the order of the request. */
  readonly lines: readonly Line[];
  readonly expectedTotal?: string | null | undefined;
  /** A missing reference and null are the same; so are missing metadata and `{}`. */
  readonly reference?: string | null | undefined;
  readonly metadata?: Readonly<Record<string, string>> | null | undefined;
}

/** SHA-256 in hex. The body is normalized: ids in lower case, amounts with four decimals, defaults filled in. */
export function orderBodyHash(body: OrderBody): string {
  const { buyerWalletId, sellerWalletId, currency, shippingAmount, allowSplit } = body;
  return bodyHash({
    ...{ buyerWalletId, sellerWalletId, currency, shippingAmount, allowSplit },
    lines: body.lines.map(({ sku, quantity }) => ({ sku, quantity })),
    expectedTotal: body.expectedTotal ?? null,
    reference: body.reference ?? null,
    metadata: body.metadata ?? {},
  });
}

/** SHA-256 in hex. The order of its lines says nothing, and a return does not keep it. */
export function returnBodyHash(lines: readonly Line[]): string {
  const sorted = lines.map(({ sku, quantity }) => ({ sku, quantity })).sort((a, b) => (a.sku < b.sku ? -1 : 1));
  return bodyHash({ lines: sorted });
}
