/** The tables of the inventory service: stock with its entries, and what orders have reserved of it. */
import { sql } from 'drizzle-orm';
import { bigint, check, foreignKey, index, integer, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import type { OrderId } from '../../domain/ids.ts';
import { STOCK_ENTRY_TYPES } from '../../domain/inventory/stock.ts';
import { amount, instant, tenantColumn } from '../database.ts';

export { installation } from '../installation.ts';
export { outboxEvents, outboxSealProgress, outboxSeals, outboxTruncation } from '../outbox.ts';
export { stepFences } from '../step-fences.ts';

const oneOf = (texts: readonly string[]) => sql.raw(texts.map((each) => `'${each}'`).join(', '));

export const stock = pgTable(
  'stock',
  {
    tenant: tenantColumn(),
    sku: text('sku').notNull(),
    onHand: bigint('on_hand', { mode: 'number' }).notNull().default(0),
    /** The part of it that is promised to orders. */
    reserved: bigint('reserved', { mode: 'number' }).notNull().default(0),
    /** Of the last entry. */
    sequence: bigint('sequence', { mode: 'number' }).notNull().default(0),
    updatedAt: instant('updated_at')
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (t) => [
    primaryKey({ columns: [t.tenant, t.sku] }),
    check('stock_reserved_is_on_hand', sql`0 <= ${t.reserved} AND ${t.reserved} <= ${t.onHand}`),
    // JavaScript's numbers are exact up to 2^53.
    check('stock_on_hand_max', sql`${t.onHand} <= 1000000000000`),
  ],
);

/** Append-only: the service's role cannot change them. */
export const stockEntries = pgTable(
  'stock_entries',
  {
    tenant: tenantColumn(),
    sku: text('sku').notNull(),
    /** Without gaps within the SKU, from 1. */
    sequence: bigint('sequence', { mode: 'number' }).notNull(),
    type: text('type', { enum: STOCK_ENTRY_TYPES }).notNull(),
    onHandChange: bigint('on_hand_change', { mode: 'number' }).notNull(),
    reservedChange: bigint('reserved_change', { mode: 'number' }).notNull(),
    onHandAfter: bigint('on_hand_after', { mode: 'number' }).notNull(),
    reservedAfter: bigint('reserved_after', { mode: 'number' }).notNull(),
    /** Of an order, a return, a receipt or an adjustment; null for a count. */
    causeId: uuid('cause_id'),
    /** The consignment, of an order. */
    n: integer('n'),
    /** How many came back, of what was scrapped: they change nothing. */
    quantity: bigint('quantity', { mode: 'number' }),
    unitCost: amount('unit_cost'),
    reason: text('reason'),
    createdAt: instant('created_at')
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (t) => [
    primaryKey({ columns: [t.tenant, t.sku, t.sequence] }),
    foreignKey({ columns: [t.tenant, t.sku], foreignColumns: [stock.tenant, stock.sku] }),
    check('stock_entries_type', sql`${t.type} IN (${oneOf(STOCK_ENTRY_TYPES)})`),
    index('stock_entries_cause').on(t.causeId),
  ],
);

export const reservations = pgTable(
  'reservations',
  {
    orderId: uuid('order_id').$type<OrderId>().notNull(),
    /** The consignment. */
    n: integer('n').notNull(),
    /** Whose stock it is, and so whose the order. */
    tenant: tenantColumn(),
    sku: text('sku').notNull(),
    quantity: bigint('quantity', { mode: 'number' }).notNull(),
    state: text('state', { enum: ['RESERVED', 'ISSUED', 'RELEASED'] })
      .notNull()
      .default('RESERVED'),
    createdAt: instant('created_at')
      .notNull()
      .default(sql`clock_timestamp()`),
    updatedAt: instant('updated_at')
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (t) => [
    primaryKey({ columns: [t.orderId, t.n, t.sku] }),
    foreignKey({ columns: [t.tenant, t.sku], foreignColumns: [stock.tenant, stock.sku] }),
    check('reservations_state', sql`${t.state} IN ('RESERVED', 'ISSUED', 'RELEASED')`),
    check('reservations_quantity_positive', sql`${t.quantity} > 0`),
    index('reservations_open')
      .on(t.orderId)
      .where(sql`state = 'RESERVED'`),
    index('reservations_sku')
      .on(t.tenant, t.sku)
      .where(sql`state = 'RESERVED'`),
  ],
);
