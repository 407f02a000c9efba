/**
 * The tables of the transfer service: transfers with their steps, one-sided transactions, and its outbox.
 * Imported by this folder and by the audit.
 */
import { sql } from 'drizzle-orm';
import { bigint, check, index, jsonb, pgTable, text, unique, uuid } from 'drizzle-orm/pg-core';
import type { Currency } from '../../domain/currency.ts';
import type { TransactionId, TransferId, WalletId } from '../../domain/ids.ts';
import { TRANSACTION_FAILURE_REASONS, TRANSACTION_STATUSES } from '../../domain/transaction.ts';
import { TRANSFER_FAILURE_REASONS, TRANSFER_STATUSES } from '../../domain/transfer.ts';
import { amount, instant, sha256 } from '../database.ts';

export { outboxEvents } from '../outbox.ts';

/** What every movement's row has: what was asked for, by which key, and how far it is. */
const movementColumns = () => ({
  amount: amount('amount').notNull(),
  currency: text('currency').$type<Currency>().notNull(),
  reference: text('reference'),
  metadata: jsonb('metadata').$type<Record<string, string>>(),
  idempotencyKey: text('idempotency_key').notNull(),
  /** SHA-256 of the validated, normalised body: the same key with another body is refused, years later too. */
  bodyHash: sha256('body_hash').notNull(),
  requestId: text('request_id').notNull(),
  traceparent: text('traceparent'),
  createdAt: instant('created_at').notNull().defaultNow(),
  updatedAt: instant('updated_at').notNull().defaultNow(),
  /** When it is given up and compensated unless its money has arrived. */
  deadlineAt: instant('deadline_at').notNull(),
  /** When the sweep is to start its workflow, unless that is known to be started: null. */
  startDueAt: instant('start_due_at'),
  /** Set while its compensation cannot finish by itself: why, since when, and the last error. */
  attentionReason: text('attention_reason'),
  attentionSince: instant('attention_since'),
  attentionError: text('attention_error'),
});

export const transfers = pgTable(
  'transfers',
  {
    transferId: uuid('transfer_id').$type<TransferId>().primaryKey(),
    senderWalletId: uuid('sender_wallet_id').$type<WalletId>().notNull(),
    receiverWalletId: uuid('receiver_wallet_id').$type<WalletId>().notNull(),
    status: text('status', { enum: TRANSFER_STATUSES }).notNull().default('PENDING'),
    failureReason: text('failure_reason', { enum: TRANSFER_FAILURE_REASONS }),
    ...movementColumns(),
  },
  (t) => [
    index('transfers_created').on(t.createdAt.desc().nullsFirst(), t.transferId.desc().nullsFirst()),
    index('transfers_sender_created').on(
      t.senderWalletId,
      t.createdAt.desc().nullsFirst(),
      t.transferId.desc().nullsFirst(),
    ),
    index('transfers_receiver_created').on(
      t.receiverWalletId,
      t.createdAt.desc().nullsFirst(),
      t.transferId.desc().nullsFirst(),
    ),
    index('transfers_status_created').on(t.status, t.createdAt.desc().nullsFirst(), t.transferId.desc().nullsFirst()),
    index('transfers_start_due')
      .on(t.startDueAt)
      .where(sql`status = 'PENDING' and start_due_at is not null`),
    check('transfers_amount_positive', sql`amount > 0`),
    check('transfers_two_wallets', sql`sender_wallet_id <> receiver_wallet_id`),
    check('transfers_status', sql`status in ('SCHEDULED', 'PENDING', 'DEBITED', 'COMPLETED', 'FAILED', 'CANCELED')`),
    check('transfers_failure_reason', sql`(status = 'FAILED') = (failure_reason is not null)`),
  ],
);

export const STEPS = [...TRANSFER_STATUSES, 'ATTENTION'] as const;

/** What happened to a transfer and when. Append-only, kept for ever: histories in Temporal go with its retention. */
export const transferSteps = pgTable(
  'transfer_steps',
  {
    stepId: bigint('step_id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    transferId: uuid('transfer_id')
      .$type<TransferId>()
      .notNull()
      .references(() => transfers.transferId),
    /** The status that it reached, or ATTENTION when its compensation first could not finish. */
    step: text('step', { enum: STEPS }).notNull(),
    /** The failure reason of FAILED, or why it needs attention. */
    reason: text('reason'),
    createdAt: instant('created_at')
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (t) => [unique('transfer_steps_transfer_step').on(t.transferId, t.step)],
);

export const transactions = pgTable(
  'transactions',
  {
    transactionId: uuid('transaction_id').$type<TransactionId>().primaryKey(),
    walletId: uuid('wallet_id').$type<WalletId>().notNull(),
    type: text('type', { enum: ['CREDIT', 'DEBIT'] }).notNull(),
    status: text('status', { enum: TRANSACTION_STATUSES }).notNull().default('PENDING'),
    failureReason: text('failure_reason', { enum: TRANSACTION_FAILURE_REASONS }),
    ...movementColumns(),
  },
  (t) => [
    index('transactions_created').on(t.createdAt.desc().nullsFirst(), t.transactionId.desc().nullsFirst()),
    index('transactions_wallet_created').on(
      t.walletId,
      t.createdAt.desc().nullsFirst(),
      t.transactionId.desc().nullsFirst(),
    ),
    index('transactions_status_created').on(
      t.status,
      t.createdAt.desc().nullsFirst(),
      t.transactionId.desc().nullsFirst(),
    ),
    index('transactions_start_due')
      .on(t.startDueAt)
      .where(sql`status = 'PENDING' and start_due_at is not null`),
    check('transactions_amount_positive', sql`amount > 0`),
    check('transactions_type', sql`type in ('CREDIT', 'DEBIT')`),
    check('transactions_status', sql`status in ('PENDING', 'PROCESSED', 'FAILED')`),
    check('transactions_failure_reason', sql`(status = 'FAILED') = (failure_reason is not null)`),
  ],
);
