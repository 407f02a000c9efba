/**
 * The tables of recurring transfers: the standing orders, the changes of their status, and the runs that were skipped. The runs
 * that were not skipped are transfers.
 */
import { sql } from 'drizzle-orm';
import { bigint, check, foreignKey, index, integer, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import type { Currency } from '../../domain/currency.ts';
import type { RecurringTransferId, WalletId } from '../../domain/ids.ts';
import type { Calendar } from '../../domain/transfer/calendar.ts';
import { RECURRING_STATUSES } from '../../domain/transfer/recurring.ts';
import { amount, instant, ofOtherTenants, sha256, tenantColumn } from '../database.ts';

/** The standing orders. Each one's Temporal Schedule is made to agree with its row (temporal/transfer/tend-recurring.ts). */
export const recurringTransfers = pgTable(
  'recurring_transfers',
  {
    recurringTransferId: uuid('recurring_transfer_id').$type<RecurringTransferId>().primaryKey(),
    tenant: tenantColumn(),
    senderWalletId: uuid('sender_wallet_id').$type<WalletId>().notNull(),
    receiverWalletId: uuid('receiver_wallet_id').$type<WalletId>().notNull(),
    amount: amount('amount').notNull(),
    currency: text('currency').$type<Currency>().notNull(),
    reference: text('reference'),
    metadata: jsonb('metadata').$type<Record<string, string>>().notNull(),
    everySeconds: integer('every_seconds'),
    calendar: jsonb('calendar').$type<Calendar>(),
    timeZone: text('time_zone').notNull(),
    startsAt: instant('starts_at'),
    endsAt: instant('ends_at'),
    status: text('status', { enum: RECURRING_STATUSES }).notNull().default('ACTIVE'),
    /**
     * Counts the changes of the status, so that a process that made the Schedule agree with an older status does not take it for
     * done.
     */
    version: integer('version').notNull().default(1),
    idempotencyKey: text('idempotency_key').notNull(),
    bodyHash: sha256('body_hash').notNull(),
    requestId: text('request_id').notNull(),
    traceparent: text('traceparent'),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
    /** Each run up to here has its transfer, is listed as skipped, or was not due. */
    accountedUntil: instant('settled_until').notNull().defaultNow(),
    /** When the sweep is to look after its Schedule and its missed runs again; null once it is over. */
    tendDueAt: instant('tend_due_at'),
  },
  (t) => [
    index('recurring_transfers_created').on(t.createdAt.desc().nullsFirst(), t.recurringTransferId.desc().nullsFirst()),
    index('recurring_transfers_of_tenant')
      .on(t.tenant, t.createdAt.desc().nullsFirst(), t.recurringTransferId.desc().nullsFirst())
      .where(ofOtherTenants),
    index('recurring_transfers_status_created').on(t.status, t.createdAt, t.recurringTransferId),
    index('recurring_transfers_sender_created').on(t.senderWalletId, t.createdAt, t.recurringTransferId),
    index('recurring_transfers_receiver_created').on(t.receiverWalletId, t.createdAt, t.recurringTransferId),
    index('recurring_transfers_tend_due')
      .on(t.tendDueAt)
      .where(sql`tend_due_at is not null`),
    check('recurring_transfers_amount_positive', sql`amount > 0`),
    check('recurring_transfers_two_wallets', sql`sender_wallet_id <> receiver_wallet_id`),
    check('recurring_transfers_status', sql`status in ('ACTIVE', 'PAUSED', 'DELETED')`),
    check('recurring_transfers_one_rhythm', sql`(every_seconds is null) <> (calendar is null)`),
    check('recurring_transfers_every', sql`every_seconds >= 60`),
    check('recurring_transfers_ends', sql`ends_at > starts_at`),
  ],
);

/**
 * The statuses of each, with their times: they tell whether a late run was due, and which request paused it. Append-only, kept
 * for ever.
 */
export const recurringTransferChanges = pgTable(
  'recurring_transfer_changes',
  {
    changeId: bigint('change_id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    recurringTransferId: uuid('recurring_transfer_id').$type<RecurringTransferId>().notNull(),
    status: text('status', { enum: RECURRING_STATUSES }).notNull(),
    requestId: text('request_id').notNull(),
    createdAt: instant('created_at')
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (t) => [
    foreignKey({
      name: 'recurring_transfer_changes_of_recurring',
      columns: [t.recurringTransferId],
      foreignColumns: [recurringTransfers.recurringTransferId],
    }),
    index('recurring_transfer_changes_of').on(t.recurringTransferId, t.createdAt, t.changeId),
  ],
);

/** Runs that were due and that nobody will make up for. Append-only, kept for ever. */
export const recurringTransferSkips = pgTable(
  'recurring_transfer_skips',
  {
    recurringTransferId: uuid('recurring_transfer_id').$type<RecurringTransferId>().notNull(),
    nominalAt: instant('nominal_at').notNull(),
    createdAt: instant('created_at')
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (t) => [
    foreignKey({
      name: 'recurring_transfer_skips_of_recurring',
      columns: [t.recurringTransferId],
      foreignColumns: [recurringTransfers.recurringTransferId],
    }),
    primaryKey({ name: 'recurring_transfer_skips_pkey', columns: [t.recurringTransferId, t.nominalAt] }),
  ],
);
