/** The answers about stock: their schemas, and their rendering from rows. */
import { z } from '@hono/zod-openapi';
import type { Stock, StockEntry } from '../../db/inventory/queries.ts';
import { STOCK_ENTRY_TYPES } from '../../domain/inventory/stock.ts';
import { amountAnswer, exampleMovementId, idAnswer, instantAnswer } from '../http/fields.ts';

const sku = z.string().openapi({ example: 'TEAPOT-1L' });
const whole = (example: number) => z.int().openapi({ type: 'integer', example });

export const stockAnswer = z
  .object({
    sku,
    on_hand: whole(100),
    reserved: whole(3).openapi({ description: 'The part of it that is promised to orders.' }),
    available: whole(97).openapi({ description: 'On hand and not reserved.' }),
    updated_at: instantAnswer,
  })
  .openapi('Stock');

export function renderStock({ sku, onHand, reserved, updatedAt }: Stock): z.input<typeof stockAnswer> {
  return { sku, on_hand: onHand, reserved, available: onHand - reserved, updated_at: updatedAt.toISOString() };
}

export const entryAnswer = z
  .object({
    sku,
    sequence: whole(7).openapi({ description: 'Without gaps within the SKU, from 1.' }),
    type: z.enum(STOCK_ENTRY_TYPES),
    quantity: whole(100).openapi({
      description: 'How many it is about; of what was scrapped, which changes nothing, too.',
    }),
    on_hand_change: whole(100),
    reserved_change: whole(0),
    on_hand_after: whole(100),
    reserved_after: whole(3),
    cause_id: idAnswer(exampleMovementId)
      .nullable()
      .openapi({ description: 'The order, the return, the receipt or the adjustment; null for a count.' }),
    consignment: z
      .int()
      .nullable()
      .openapi({ type: ['integer', 'null'] }),
    unit_cost: amountAnswer.nullable(),
    reason: z.string().nullable(),
    created_at: instantAnswer,
  })
  .openapi('StockEntry');

export function renderEntry(row: StockEntry): z.input<typeof entryAnswer> {
  return {
    sku: row.sku,
    sequence: row.sequence,
    type: row.type,
    quantity: Math.abs(row.quantity ?? (row.onHandChange || row.reservedChange)),
    on_hand_change: row.onHandChange,
    reserved_change: row.reservedChange,
    on_hand_after: row.onHandAfter,
    reserved_after: row.reservedAfter,
    cause_id: row.causeId,
    consignment: row.n,
    unit_cost: row.unitCost,
    reason: row.reason,
    created_at: row.createdAt.toISOString(),
  };
}
