/** What a request for an order or a return says: its schema, its normal form, and the hash of that. */
import { z } from '@hono/zod-openapi';
import { decimalsMax, isWithinDecimals, type AmountPrecision } from '../../domain/amount-precision.ts';
import type { Currency } from '../../domain/currency.ts';
import { orderId } from '../../domain/derived-id.ts';
import { amountProblem, formatUnits, parseUnits } from '../../domain/money.ts';
import { orderBodyHash } from '../../domain/order/order-body.ts';
import { ORDER_LINES_MAX, QUANTITY_MAX } from '../../domain/order/order.ts';
import type { Tenant } from '../../domain/tenant.ts';
import {
  amountField,
  currencyField,
  exampleReceiverId,
  metadataField,
  referenceField,
  skuField,
  walletIdField,
} from '../http/fields.ts';
import { forbiddenCharacter } from '../http/plain-text.ts';
import type { Fault } from '../http/problem.ts';
import { bodyFault, faultCode, faultSaying } from '../http/validation.ts';
import type { AskedOrder } from '../../db/order/acceptance.ts';

const quantityField = z
  .int({ error: faultCode('quantity_invalid') })
  .min(1, 'quantity_invalid')
  .max(QUANTITY_MAX, 'quantity_invalid')
  .openapi({ type: 'integer', minimum: 1, maximum: QUANTITY_MAX, example: 2 });

/** An amount that may be zero. */
const amountOrZeroField = z
  .string({ error: faultCode('amount_invalid') })
  .superRefine((text, context) => {
    const problem = amountProblem(text);
    const isZero = problem === 'amount_not_positive' && !text.startsWith('-');
    if (problem !== undefined && !isZero) context.addIssue({ code: 'custom', message: problem });
  })
  .transform((text) => formatUnits(parseUnits(text)))
  .openapi({ type: 'string', example: '4.90' });

/** The lines of a request, each SKU once. */
export const linesField = z
  .array(z.strictObject({ sku: skuField, quantity: quantityField }, { error: faultCode('item_invalid') }), {
    error: faultCode('lines_invalid'),
  })
  .min(1, 'lines_invalid')
  .max(ORDER_LINES_MAX, 'lines_invalid')
  .superRefine((lines, context) => {
    const seen = new Set<string>();
    for (const [index, { sku }] of lines.entries()) {
      if (seen.has(sku)) context.addIssue({ code: 'custom', message: 'sku_repeated', path: [index, 'sku'] });
      seen.add(sku);
    }
  })
  .openapi({ minItems: 1, maxItems: ORDER_LINES_MAX });

export const orderRequest = z
  .strictObject(
    {
      buyer_wallet_id: walletIdField,
      seller_wallet_id: walletIdField.openapi({ example: exampleReceiverId }),
      currency: currencyField,
      lines: linesField,
      shipping_amount: amountOrZeroField.default('0.0000').openapi({
        type: 'string',
        example: '4.90',
        description: 'Paid with the first consignment. Zero if it is left out.',
      }),
      expected_total: amountField.optional().openapi({
        example: '44.70',
        description:
          'What the buyer was shown. If the prices make another total, the order is refused with `price_changed`.',
      }),
      allow_split: z
        .boolean({ error: faultCode('flag_invalid') })
        .default(false)
        .openapi({
          description: 'Whether each SKU may be delivered, and is paid, by itself: at most ten consignments.',
        }),
      reference: referenceField,
      metadata: metadataField,
    },
    { error: faultCode('body_invalid') },
  )
  .refine((body) => body.buyer_wallet_id !== body.seller_wallet_id, {
    error: faultSaying('same_wallet', 'Buyer and seller must be two wallets.'),
    path: ['seller_wallet_id'],
  })
  .openapi('OrderRequest');

/** The order that the tenant's key names if it is used with this body. */
export function askedOrder(
  tenant: Tenant,
  idempotencyKey: string,
  body: z.output<typeof orderRequest>,
  settings: Pick<AskedOrder, 'deadlineSeconds' | 'holdSeconds'>,
): AskedOrder {
  const terms = {
    buyerWalletId: body.buyer_wallet_id,
    sellerWalletId: body.seller_wallet_id,
    currency: body.currency,
    lines: body.lines.map(({ sku, quantity }) => ({ sku, quantity })),
    shippingAmount: body.shipping_amount,
    allowSplit: body.allow_split,
    expectedTotal: body.expected_total,
    reference: body.reference,
    metadata: body.metadata,
  };
  return {
    orderId: orderId(idempotencyKey, tenant),
    tenant,
    ...terms,
    idempotencyKey,
    bodyHash: orderBodyHash(terms),
    ...settings,
  };
}

/** The faults for which an order is refused only if it is new: a setting may have changed since. */
export function faultsOfNew(asked: AskedOrder, precision: AmountPrecision): Fault[] {
  const { reference, metadata = {}, shippingAmount, currency } = asked;
  const notes = [
    [['reference'], reference ?? ''],
    ...Object.entries(metadata).flatMap(([key, value]) => [
      [['metadata'], key],
      [['metadata'], value],
    ]),
  ] as [string[], string][];
  return [
    ...finerFaults(shippingAmount, currency, precision, ['shipping_amount']),
    ...notes.flatMap(([path, text]) =>
      forbiddenCharacter(text) === undefined ? [] : [bodyFault('character_forbidden', path)],
    ),
  ].slice(0, 20);
}

/** The fault of an amount that is finer than its currency allows. */
export function finerFaults(amount: string, currency: Currency, precision: AmountPrecision, path: string[]): Fault[] {
  const decimals = decimalsMax(currency, 'between_wallets', precision);
  if (isWithinDecimals(amount, decimals)) return [];
  return [bodyFault('amount_too_precise', path, `${currency} has ${decimals} decimals.`)];
}
