/** The answers about products, orders and returns: their schemas, and their rendering from rows. */
import { z } from '@hono/zod-openapi';
import type { Product } from '../../db/order/products.ts';
import type { ConsignmentRow, Order, OrderLineRow } from '../../db/order/queries.ts';
import type { Return } from '../../db/order/returns.ts';
import { formatUnits, parseUnits } from '../../domain/money.ts';
import {
  CANCEL_REASONS,
  GOODS_STATES,
  MONEY_STATES,
  ORDER_STATUS_RANKS,
  ORDER_STATUSES,
  RETURN_STATUSES,
} from '../../domain/order/order.ts';
import {
  amountAnswer,
  exampleCaseId,
  exampleMovementId,
  exampleReceiverId,
  exampleRunId,
  exampleWalletId,
  idAnswer,
  instantAnswer,
} from '../http/fields.ts';

const sku = z.string().openapi({ example: 'TEAPOT-1L' });
const quantity = z.int().openapi({ type: 'integer', example: 2 });
const currency = z.string().openapi({ example: 'USD' });

export const productAnswer = z
  .object({
    sku,
    name: z.string().nullable(),
    unit_price: amountAnswer,
    currency,
    created_at: instantAnswer,
    updated_at: instantAnswer,
  })
  .openapi('Product');

export function renderProduct(row: Product): z.input<typeof productAnswer> {
  return {
    sku: row.sku,
    name: row.name,
    unit_price: row.unitPrice,
    currency: row.currency,
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
  };
}

const lineAnswer = z.object({ sku, quantity, unit_price: amountAnswer, amount: amountAnswer }).openapi('OrderLine');

const consignmentAnswer = z
  .object({
    n: z.int().openapi({ type: 'integer', example: 1 }),
    goods: z
      .enum(GOODS_STATES)
      .openapi({ description: 'ISSUED: they have left. RELEASED: they are back on the shelf, for ever.' }),
    money: z.enum(MONEY_STATES).openapi({
      description: 'DUE: the goods have left, and the hold can no longer be captured; an operator decides.',
    }),
    amount: amountAnswer,
    transfer_id: idAnswer(exampleMovementId).openapi({ description: 'The transfer that holds or has paid it.' }),
    hold_expires_at: instantAnswer.nullable(),
    shipment_id: idAnswer(exampleRunId).nullable(),
    carrier_reference: z.string().nullable(),
    release_reason: z.string().nullable(),
    invoice_number: z
      .int()
      .nullable()
      .openapi({ type: ['integer', 'null'] }),
    lines: z.array(z.object({ sku, quantity })),
  })
  .openapi('Consignment');

export const orderAnswer = z
  .object({
    order_id: idAnswer(exampleMovementId),
    buyer_wallet_id: idAnswer(exampleWalletId),
    seller_wallet_id: idAnswer(exampleReceiverId),
    status: z.enum(ORDER_STATUSES).openapi({ description: 'COMPLETED, PARTLY_COMPLETED and CANCELED are final.' }),
    cancel_reason: z.enum(CANCEL_REASONS).nullable().openapi({ description: 'Why the order is CANCELED.' }),
    compensating: z.boolean().openapi({ description: 'Whether it is being undone now, before it is CANCELED.' }),
    currency,
    goods_amount: amountAnswer,
    shipping_amount: amountAnswer,
    total_amount: amountAnswer,
    allow_split: z.boolean(),
    lines: z.array(lineAnswer),
    consignments: z.array(consignmentAnswer).openapi({ description: 'Empty until the order is confirmed.' }),
    reference: z.string().nullable(),
    metadata: z.record(z.string(), z.string()),
    attention: z
      .object({
        case_id: idAnswer(exampleCaseId).nullable(),
        reason: z.string(),
        since: instantAnswer,
        last_error: z.string().nullable(),
      })
      .nullable()
      .openapi({ description: 'Set while an operator should look. What keeps failing goes on being tried.' }),
    created_at: instantAnswer,
    updated_at: instantAnswer,
    deadline_at: instantAnswer.openapi({ description: 'When the order is given up unless it is confirmed.' }),
  })
  .openapi('Order');

export function renderOrder(row: Order): z.input<typeof orderAnswer> {
  const { attentionReason: reason, attentionSince: since } = row;
  return {
    order_id: row.orderId,
    buyer_wallet_id: row.buyerWalletId,
    seller_wallet_id: row.sellerWalletId,
    status: row.status,
    cancel_reason: row.status === 'CANCELED' ? row.cancelReason : null,
    // The row notes for ever that it was undone.
    compensating: row.compensating && ORDER_STATUS_RANKS[row.status] < ORDER_STATUS_RANKS.COMPLETED,
    currency: row.currency,
    goods_amount: row.goodsAmount,
    shipping_amount: row.shippingAmount,
    total_amount: formatUnits(parseUnits(row.goodsAmount) + parseUnits(row.shippingAmount)),
    allow_split: row.allowSplit,
    lines: row.lines.map(renderLine),
    consignments: row.consignments.map((each) => renderConsignment(each, row.lines)),
    reference: row.reference,
    metadata: row.metadata ?? {},
    attention:
      reason === null || since === null
        ? null
        : { case_id: row.attentionCaseId, reason, since: since.toISOString(), last_error: row.attentionError },
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
    deadline_at: row.deadlineAt.toISOString(),
  };
}

function renderLine({ sku, quantity, unitPrice }: Pick<OrderLineRow, 'sku' | 'quantity' | 'unitPrice'>) {
  const amount = formatUnits(BigInt(quantity) * parseUnits(unitPrice));
  return { sku, quantity, unit_price: unitPrice, amount };
}

function renderConsignment(row: ConsignmentRow, lines: readonly OrderLineRow[]): z.input<typeof consignmentAnswer> {
  return {
    n: row.n,
    goods: row.goods,
    money: row.money,
    amount: row.amount,
    transfer_id: row.transferId,
    hold_expires_at: row.holdExpiresAt?.toISOString() ?? null,
    shipment_id: row.shipmentId,
    carrier_reference: row.carrierReference,
    release_reason: row.releaseReason,
    invoice_number: row.invoiceNumber,
    lines: lines.filter(({ line }) => row.lines.includes(line)).map(({ sku, quantity }) => ({ sku, quantity })),
  };
}

export const returnAnswer = z
  .object({
    return_id: idAnswer(exampleRunId),
    order_id: idAnswer(exampleMovementId),
    status: z.enum(RETURN_STATUSES).openapi({
      description:
        'REFUND_DUE: the seller’s wallet could not pay for thirty days. Send the receipt again to have it tried again.',
    }),
    currency,
    amount: amountAnswer.openapi({ description: 'What goes back to the buyer: the goods at the prices of the order.' }),
    lines: z.array(
      z.object({
        sku,
        quantity,
        unit_price: amountAnswer,
        amount: amountAnswer,
        disposition: z.enum(['restock', 'scrap']).nullable().openapi({ description: 'Null until they are back.' }),
      }),
    ),
    credit_note_number: z
      .int()
      .nullable()
      .openapi({ type: ['integer', 'null'] }),
    refund_transfer_id: idAnswer(exampleMovementId).nullable(),
    attention: z.object({ reason: z.string(), since: instantAnswer, last_error: z.string().nullable() }).nullable(),
    received_at: instantAnswer.nullable(),
    created_at: instantAnswer,
    updated_at: instantAnswer,
  })
  .openapi('Return');

export function renderReturn(row: Return): z.input<typeof returnAnswer> {
  const { attentionReason: reason, attentionSince: since, attentionError } = row;
  return {
    return_id: row.returnId,
    order_id: row.orderId,
    status: row.status,
    currency: row.currency,
    amount: row.amount,
    lines: row.lines.map(({ disposition, ...line }) => ({ ...renderLine(line), disposition })),
    credit_note_number: row.creditNoteNumber,
    refund_transfer_id: row.refundTransferId,
    attention:
      reason === null || since === null ? null : { reason, since: since.toISOString(), last_error: attentionError },
    received_at: row.receivedAt?.toISOString() ?? null,
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
  };
}
