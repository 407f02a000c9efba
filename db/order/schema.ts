/**
 * The tables of the order service: products with their prices, orders with lines, consignments and steps, returns, and the cases of
 * orders that wait for an operator.
 */
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uuid,
} from 'drizzle-orm/pg-core';
import type { Currency } from '../../domain/currency.ts';
import type { CaseId, OrderId, ReturnId, ShipmentId, TransferId, WalletId } from '../../domain/ids.ts';
import {
  CANCEL_REASONS,
  GOODS_STATES,
  MONEY_STATES,
  ORDER_STATUSES,
  RETURN_STATUSES,
} from '../../domain/order/order.ts';
import { amount, balance, instant, ofOtherTenants, sha256, tenantColumn } from '../database.ts';

export { installation } from '../installation.ts';
export { outboxEvents, outboxSealProgress, outboxSeals, outboxTruncation } from '../outbox.ts';

const oneOf = (texts: readonly string[]) => sql.raw(texts.map((each) => `'${each}'`).join(', '));

export const products = pgTable(
  'products',
  {
    tenant: tenantColumn(),
    sku: text('sku').notNull(),
    name: text('name'),
    unitPrice: amount('unit_price').notNull(),
    currency: text('currency').$type<Currency>().notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.tenant, t.sku] }), check('products_unit_price_positive', sql`${t.unitPrice} > 0`)],
);

export const orders = pgTable(
  'orders',
  {
    orderId: uuid('order_id').$type<OrderId>().primaryKey(),
    tenant: tenantColumn(),
    buyerWalletId: uuid('buyer_wallet_id').$type<WalletId>().notNull(),
    sellerWalletId: uuid('seller_wallet_id').$type<WalletId>().notNull(),
    currency: text('currency').$type<Currency>().notNull(),
    goodsAmount: balance('goods_amount').notNull(),
    shippingAmount: amount('shipping_amount').notNull(),
    allowSplit: boolean('allow_split').notNull(),
    status: text('status', { enum: ORDER_STATUSES }).notNull().default('PENDING'),
    cancelReason: text('cancel_reason', { enum: CANCEL_REASONS }),
    /** What is undone is not confirmed any more: an order is confirmed or begins to be undone, whichever is written first. */
    compensating: boolean('compensating').notNull().default(false),
    reference: text('reference'),
    metadata: jsonb('metadata').$type<Record<string, string>>(),
    idempotencyKey: text('idempotency_key').notNull(),
    bodyHash: sha256('body_hash').notNull(),
    requestId: text('request_id').notNull(),
    traceparent: text('traceparent'),
    deadlineAt: instant('deadline_at').notNull(),
    /** How long the holds last that pay for it. */
    holdSeconds: integer('hold_seconds').notNull(),
    startDueAt: instant('start_due_at'),
    attentionCaseId: uuid('attention_case_id').$type<CaseId>(),
    attentionReason: text('attention_reason'),
    attentionSince: instant('attention_since'),
    attentionError: text('attention_error'),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (t) => [
    check('orders_status', sql`${t.status} IN (${oneOf(ORDER_STATUSES)})`),
    check('orders_cancel_reason', sql`${t.cancelReason} IN (${oneOf(CANCEL_REASONS)})`),
    check('orders_two_wallets', sql`${t.buyerWalletId} <> ${t.sellerWalletId}`),
    check('orders_amounts', sql`${t.goodsAmount} > 0 AND ${t.shippingAmount} >= 0`),
    index('orders_created').on(t.createdAt, t.orderId),
    index('orders_of_tenant').on(t.tenant, t.createdAt, t.orderId).where(ofOtherTenants),
    index('orders_of_tenant_status').on(t.tenant, t.status, t.createdAt, t.orderId).where(ofOtherTenants),
    index('orders_status_created').on(t.status, t.createdAt, t.orderId),
    index('orders_buyer_created').on(t.buyerWalletId, t.createdAt, t.orderId),
    index('orders_buyer_status_created').on(t.buyerWalletId, t.status, t.createdAt, t.orderId),
    index('orders_compensating')
      .on(t.createdAt, t.orderId)
      .where(sql`compensating AND status IN ('PENDING', 'CONFIRMED')`),
    index('orders_attention')
      .on(t.createdAt, t.orderId)
      .where(sql`attention_since IS NOT NULL`),
    // The reconciliation's way through what is open.
    index('orders_open')
      .on(t.orderId)
      .where(sql`status IN ('PENDING', 'CONFIRMED')`),
    index('orders_start_due')
      .on(t.startDueAt)
      .where(sql`status IN ('PENDING', 'CONFIRMED')`),
  ],
);

export const orderLines = pgTable(
  'order_lines',
  {
    orderId: uuid('order_id')
      .$type<OrderId>()
      .notNull()
      .references(() => orders.orderId),
    line: integer('line').notNull(),
    sku: text('sku').notNull(),
    quantity: bigint('quantity', { mode: 'number' }).notNull(),
    unitPrice: amount('unit_price').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.orderId, t.line] }),
    check('order_lines_positive', sql`${t.quantity} > 0 AND ${t.unitPrice} > 0`),
  ],
);

/** Written when the order is confirmed, or is undone after its goods were reserved. */
export const consignments = pgTable(
  'consignments',
  {
    orderId: uuid('order_id')
      .$type<OrderId>()
      .notNull()
      .references(() => orders.orderId),
    n: integer('n').notNull(),
    /** The lines of the order that it has, by their numbers. */
    lines: integer('lines').array().notNull(),
    goods: text('goods', { enum: GOODS_STATES }).notNull(),
    money: text('money', { enum: MONEY_STATES }).notNull(),
    amount: amount('amount').notNull(),
    transferId: uuid('transfer_id').$type<TransferId>().notNull(),
    holdExpiresAt: instant('hold_expires_at'),
    shipmentId: uuid('shipment_id').$type<ShipmentId>(),
    carrierReference: text('carrier_reference'),
    releaseReason: text('release_reason'),
    invoiceNumber: bigint('invoice_number', { mode: 'number' }),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.orderId, t.n] }),
    check('consignments_goods', sql`${t.goods} IN (${oneOf(GOODS_STATES)})`),
    check('consignments_money', sql`${t.money} IN (${oneOf(MONEY_STATES)})`),
  ],
);

/** Append-only; each step of an order, or of one of its consignments, once. */
export const orderSteps = pgTable(
  'order_steps',
  {
    orderId: uuid('order_id')
      .$type<OrderId>()
      .notNull()
      .references(() => orders.orderId),
    /** 0 for a step of the order as a whole. */
    n: integer('n').notNull(),
    step: text('step').notNull(),
    reason: text('reason'),
    createdAt: instant('created_at')
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (t) => [primaryKey({ columns: [t.orderId, t.n, t.step] })],
);

export const orderCases = pgTable(
  'order_cases',
  {
    caseId: uuid('case_id').$type<CaseId>().primaryKey().defaultRandom(),
    orderId: uuid('order_id')
      .$type<OrderId>()
      .notNull()
      .references(() => orders.orderId),
    /** That of the order. */
    tenant: tenantColumn(),
    reason: text('reason').notNull(),
    lastError: text('last_error'),
    openedAt: instant('opened_at').notNull().defaultNow(),
    closedAt: instant('closed_at'),
  },
  (t) => [
    index('order_cases_open')
      .on(t.openedAt, t.caseId)
      .where(sql`closed_at IS NULL`),
    index('order_cases_opened').on(t.openedAt, t.caseId),
    index('order_cases_of_tenant').on(t.tenant, t.openedAt, t.caseId).where(ofOtherTenants),
    index('order_cases_order').on(t.orderId, t.openedAt),
  ],
);

/** Append-only: what operators did about orders that waited for them. */
export const orderActions = pgTable(
  'order_actions',
  {
    orderId: uuid('order_id')
      .$type<OrderId>()
      .notNull()
      .references(() => orders.orderId),
    /** The update that carried it, so that a repeat of the activity writes it once; of a request, what it asks for and by which key. */
    requestKey: text('request_key').notNull(),
    action: text('action').notNull(),
    actor: text('actor').notNull(),
    onBehalfOf: text('on_behalf_of'),
    comment: text('comment').notNull(),
    createdAt: instant('created_at')
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (t) => [primaryKey({ columns: [t.orderId, t.requestKey] })],
);

export const returns = pgTable(
  'returns',
  {
    returnId: uuid('return_id').$type<ReturnId>().primaryKey(),
    orderId: uuid('order_id')
      .$type<OrderId>()
      .notNull()
      .references(() => orders.orderId),
    /** That of the order. */
    tenant: tenantColumn(),
    status: text('status', { enum: RETURN_STATUSES }).notNull().default('REQUESTED'),
    idempotencyKey: text('idempotency_key').notNull(),
    bodyHash: sha256('body_hash').notNull(),
    requestId: text('request_id').notNull(),
    traceparent: text('traceparent'),
    amount: amount('amount').notNull(),
    creditNoteNumber: bigint('credit_note_number', { mode: 'number' }),
    refundTransferId: uuid('refund_transfer_id').$type<TransferId>(),
    startDueAt: instant('start_due_at'),
    attentionReason: text('attention_reason'),
    attentionSince: instant('attention_since'),
    attentionError: text('attention_error'),
    receivedAt: instant('received_at'),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (t) => [
    check('returns_status', sql`${t.status} IN (${oneOf(RETURN_STATUSES)})`),
    index('returns_order').on(t.orderId, t.createdAt),
    // As of orders.
    index('returns_open')
      .on(t.returnId)
      .where(sql`status = 'RECEIVED'`),
    index('returns_created').on(t.createdAt, t.returnId),
    index('returns_status_created').on(t.status, t.createdAt, t.returnId),
    index('returns_of_tenant').on(t.tenant, t.createdAt, t.returnId).where(ofOtherTenants),
    index('returns_of_tenant_status').on(t.tenant, t.status, t.createdAt, t.returnId).where(ofOtherTenants),
    index('returns_with_attention')
      .on(t.createdAt, t.returnId)
      .where(sql`attention_since IS NOT NULL`),
    index('returns_start_due')
      .on(t.startDueAt)
      .where(sql`status = 'RECEIVED'`),
  ],
);

export const returnLines = pgTable(
  'return_lines',
  {
    returnId: uuid('return_id')
      .$type<ReturnId>()
      .notNull()
      .references(() => returns.returnId),
    orderId: uuid('order_id').$type<OrderId>().notNull(),
    /** The line of the order. */
    line: integer('line').notNull(),
    quantity: bigint('quantity', { mode: 'number' }).notNull(),
    /** Known once the goods are received. */
    disposition: text('disposition', { enum: ['restock', 'scrap'] }),
  },
  (t) => [
    primaryKey({ columns: [t.returnId, t.line] }),
    foreignKey({ columns: [t.orderId, t.line], foreignColumns: [orderLines.orderId, orderLines.line] }),
    check('return_lines_positive', sql`${t.quantity} > 0`),
    index('return_lines_order').on(t.orderId, t.line),
  ],
);
