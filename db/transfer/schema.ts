/**
 * The tables of the transfer service: transfers with their steps, one-sided transactions, and metadata. Others have files of their
 * own.
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
  unique,
  uniqueIndex,
  uuid,
  type AnyPgColumn,
} from 'drizzle-orm/pg-core';
import type { Currency } from '../../domain/currency.ts';
import type { BatchId, GroupId, RecurringTransferId, TransactionId, TransferId, WalletId } from '../../domain/ids.ts';
import { TRANSACTION_FAILURE_REASONS, TRANSACTION_STATUSES } from '../../domain/transfer/transaction.ts';
import {
  CAPTURE_METHODS,
  TRANSFER_FAILURE_REASONS,
  TRANSFER_STATUSES,
  type FailureDetail,
} from '../../domain/transfer/transfer.ts';
import { amount, instant, ofOtherTenants, sha256 } from '../database.ts';
import { acceptedColumns } from './accepted-columns.ts';
import { recurringTransfers } from './recurring-schema.ts';

export { installation } from '../installation.ts';
export { outboxEvents, outboxSealProgress, outboxSeals, outboxTruncation } from '../outbox.ts';
export { approvalPolicies, approvals, approvalVotes } from './approval-schema.ts';
export { batchProposals, transferBatches } from './batch-schema.ts';
export { caseActions, cases } from './case-schema.ts';
export { reconciliationRuns } from './run-schema.ts';
export { approvalVoters, voterRolls } from './voter-schema.ts';
export { shardWatermarks } from './watermark-schema.ts';
export { recurringTransferChanges, recurringTransfers, recurringTransferSkips } from './recurring-schema.ts';

/** The columns of every movement: what was asked for, by which key, and how far it is. */
const movementColumns = () => ({
  amount: amount('amount').notNull(),
  currency: text('currency').$type<Currency>().notNull(),
  reference: text('reference'),
  metadata: jsonb('metadata').$type<Record<string, string>>(),
  /** SHA-256 of the validated, normalized body: the same key with another body is refused, even years later. */
  bodyHash: sha256('body_hash').notNull(),
  /** The detail of a refusal: for `limit_exceeded`, which limit and what remains of it. */
  failureDetail: jsonb('failure_detail').$type<FailureDetail>(),
  ...acceptedColumns(),
});

/** The UTC day of an instant, as the indexes of amounts have it. */
const createdDay = (column: AnyPgColumn) => sql`((${column} AT TIME ZONE 'UTC')::date)`;

export const transfers = pgTable(
  'transfers',
  {
    transferId: uuid('transfer_id').$type<TransferId>().primaryKey(),
    senderWalletId: uuid('sender_wallet_id').$type<WalletId>().notNull(),
    receiverWalletId: uuid('receiver_wallet_id').$type<WalletId>().notNull(),
    status: text('status', { enum: TRANSFER_STATUSES }).notNull().default('PENDING'),
    failureReason: text('failure_reason', { enum: TRANSFER_FAILURE_REASONS }),
    captureMethod: text('capture_method', { enum: CAPTURE_METHODS }).notNull().default('automatic'),
    /** When a manual transfer is refunded unless it was captured or canceled. */
    expiresAt: instant('expires_at'),
    /** The captured amount of a manual transfer, once that is decided, for ever: 0 if it was canceled or has expired. */
    capturedAmount: amount('captured_amount'),
    /** When a scheduled transfer begins. */
    scheduledAt: instant('scheduled_at'),
    /** The transfer that this one gives back, as a whole or in part. */
    reversesTransferId: uuid('reverses_transfer_id').$type<TransferId>(),
    /** The sum that reversals have given back or are giving back. */
    reversedAmount: amount('reversed_amount').notNull().default('0'),
    recurringTransferId: uuid('recurring_transfer_id').$type<RecurringTransferId>(),
    /** The time at which its recurring transfer was to run; null if somebody triggered the run. */
    nominalAt: instant('nominal_at'),
    /** The batch whose workflow moves this transfer, and its place in it, from 0. */
    batchId: uuid('batch_id').$type<BatchId>(),
    batchIndex: integer('batch_index'),
    /** Whether it was canceled before it was created: its key is taken, and no money of it moves. */
    beginsCanceled: boolean('begins_canceled').notNull().default(false),
    /** In place of `start_due_at`, for a transfer that begins canceled: a sweep of a version before must not start it. */
    cancelDueAt: instant('cancel_due_at'),
    /** The group that it was accepted in, whose workflow moves it; null if it has had a workflow of its own from the first. */
    groupId: uuid('group_id').$type<GroupId>(),
    /**
     * The status and the time of the last change, for indexes: neither changes when an item of a batch is completed, so that ten
     * thousand ends are heap-only updates (docs/decisions/0012-batches.md). A trigger writes both, whichever version's statement it
     * is. Null for COMPLETED; for items of a batch, null but for FAILED and CANCELED: open ones are found by their batch.
     */
    listedStatus: text('listed_status', { enum: TRANSFER_STATUSES }),
    /** Null for items of a batch: their changes are found by their batch. */
    changedAt: instant('changed_at'),
    ...movementColumns(),
  },
  (t) => [
    foreignKey({ columns: [t.reversesTransferId], foreignColumns: [t.transferId] }),
    // Only money that arrived can be reversed. Concurrent reversals meet in this row, so their sum never exceeds it.
    check(
      'transfers_reversed_at_most_moved',
      sql`reversed_amount >= 0 and (reversed_amount = 0 or (status = 'COMPLETED' and reversed_amount <= coalesce(captured_amount, amount)))`,
    ),
    check('transfers_captured_at_most_held', sql`captured_amount between 0 and amount`),
    check('transfers_capture_method', sql`capture_method in ('automatic', 'manual')`),
    check('transfers_expires', sql`(capture_method = 'manual') = (expires_at is not null)`),
    check('transfers_scheduled', sql`status <> 'SCHEDULED' or scheduled_at is not null`),
    check('transfers_batch', sql`(batch_id is null) = (batch_index is null)`),
    uniqueIndex('transfers_batch_index')
      .on(t.batchId, t.batchIndex)
      .where(sql`batch_id is not null`),
    foreignKey({
      name: 'transfers_of_recurring',
      columns: [t.recurringTransferId],
      foreignColumns: [recurringTransfers.recurringTransferId],
    }),
    // A run never pays twice.
    uniqueIndex('transfers_recurring_run')
      .on(t.recurringTransferId, t.nominalAt)
      .where(sql`nominal_at is not null`),
    // The indexes that lists walk, see list-queries.ts: each in the order of creation for one value of a filter. None has `status` or
    // `updated_at`, not even in a condition: no update of them would be heap-only.
    index('transfers_created').on(t.createdAt, t.transferId),
    index('transfers_of_tenant').on(t.tenant, t.createdAt, t.transferId).where(ofOtherTenants),
    index('transfers_listed_created')
      .on(t.listedStatus, t.createdAt, t.transferId)
      .where(sql`batch_id is null or listed_status is not null`),
    index('transfers_sender_created').on(t.senderWalletId, t.createdAt, t.transferId),
    index('transfers_receiver_created').on(t.receiverWalletId, t.createdAt, t.transferId),
    index('transfers_sender_listed')
      .on(t.senderWalletId, t.listedStatus, t.createdAt, t.transferId)
      .where(sql`listed_status in ('FAILED', 'CANCELED')`),
    index('transfers_receiver_listed')
      .on(t.receiverWalletId, t.listedStatus, t.createdAt, t.transferId)
      .where(sql`listed_status in ('FAILED', 'CANCELED')`),
    index('transfers_reference_created')
      .on(t.reference, t.createdAt, t.transferId)
      .where(sql`reference is not null`),
    index('transfers_reverses_created')
      .on(t.reversesTransferId, t.createdAt, t.transferId)
      .where(sql`reverses_transfer_id is not null`),
    index('transfers_recurring_created')
      .on(t.recurringTransferId, t.createdAt, t.transferId)
      .where(sql`recurring_transfer_id is not null`),
    index('transfers_day_amount').on(createdDay(t.createdAt), t.amount),
    // For the reconciliation, which reads what changed.
    index('transfers_changed')
      .on(t.changedAt)
      .where(sql`changed_at is not null`),
    index('transfers_listed_due')
      .on(t.startDueAt)
      .where(sql`listed_status in ('SCHEDULED', 'PENDING') and start_due_at is not null`),
    index('transfers_sender_scheduled')
      .on(t.senderWalletId, t.scheduledAt)
      .where(sql`scheduled_at is not null`),
    index('transfers_cancel_due')
      .on(t.cancelDueAt)
      .where(sql`listed_status = 'PENDING' and cancel_due_at is not null`),
    check('transfers_amount_positive', sql`amount > 0`),
    check('transfers_two_wallets', sql`sender_wallet_id <> receiver_wallet_id`),
    check(
      'transfers_status',
      sql`status in ('AWAITING_APPROVAL', 'SCHEDULED', 'PENDING', 'DEBITED', 'COMPLETED', 'FAILED', 'CANCELED')`,
    ),
    check('transfers_failure_reason', sql`(status = 'FAILED') = (failure_reason is not null)`),
  ],
);

export const STEPS = [...TRANSFER_STATUSES, 'ATTENTION'] as const;

/** The steps of each transfer. Append-only, kept for ever, while Temporal deletes histories after its retention. */
export const transferSteps = pgTable(
  'transfer_steps',
  {
    stepId: bigint('step_id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    /** No foreign key: a step is written by the statement that writes the transfer's row. */
    transferId: uuid('transfer_id').$type<TransferId>().notNull(),
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
    /** Whether its approval was refused: its workflow only makes sure that nothing moves. */
    beginsCanceled: boolean('begins_canceled').notNull().default(false),
    ...movementColumns(),
  },
  (t) => [
    // The indexes that lists walk, see list-queries.ts.
    index('transactions_created').on(t.createdAt, t.transactionId),
    index('transactions_of_tenant').on(t.tenant, t.createdAt, t.transactionId).where(ofOtherTenants),
    index('transactions_status_created').on(t.status, t.createdAt, t.transactionId),
    index('transactions_type_created').on(t.type, t.createdAt, t.transactionId),
    index('transactions_wallet_created').on(t.walletId, t.createdAt, t.transactionId),
    index('transactions_wallet_unsuccessful')
      .on(t.walletId, t.status, t.createdAt, t.transactionId)
      .where(sql`status = 'FAILED'`),
    index('transactions_reference_created')
      .on(t.reference, t.createdAt, t.transactionId)
      .where(sql`reference is not null`),
    index('transactions_day_amount').on(createdDay(t.createdAt), t.amount),
    index('transactions_updated').on(t.updatedAt),
    index('transactions_start_due')
      .on(t.startDueAt)
      .where(sql`status = 'PENDING' and start_due_at is not null`),
    check('transactions_amount_positive', sql`amount > 0`),
    check('transactions_type', sql`type in ('CREDIT', 'DEBIT')`),
    check('transactions_status', sql`status in ('AWAITING_APPROVAL', 'PENDING', 'PROCESSED', 'FAILED')`),
    check('transactions_failure_reason', sql`(status = 'FAILED') = (failure_reason is not null)`),
  ],
);

/**
 * The metadata of transfers and transactions, one row for each pair. It is the index of lists by a pair in the order of creation,
 * which an index of the jsonb cannot give. The statement that accepts the movement writes it.
 */
export const movementMetadata = pgTable(
  'movement_metadata',
  {
    movement: text('movement', { enum: ['transfer', 'transaction'] }).notNull(),
    key: text('key').notNull(),
    value: text('value').notNull(),
    createdAt: instant('created_at').notNull(),
    movementId: uuid('movement_id').notNull(),
  },
  (t) => [primaryKey({ columns: [t.movement, t.key, t.value, t.createdAt, t.movementId] })],
);
