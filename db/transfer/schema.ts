/**
 * The tables of the transfer service: transfers with their steps, one-sided transactions, and its outbox.
 * Imported by this folder and by the audit.
 */
import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  text,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import type { Currency } from '../../domain/currency.ts';
import type {
  BatchId,
  CaseId,
  RecurringTransferId,
  RunId,
  TransactionId,
  TransferId,
  WalletId,
} from '../../domain/ids.ts';
import { TRANSACTION_FAILURE_REASONS, TRANSACTION_STATUSES } from '../../domain/transaction.ts';
import { CASE_ACTIONS } from '../../domain/case.ts';
import { RUN_STATUSES, type Finding, type Patrol } from '../../domain/reconciliation.ts';
import {
  CAPTURE_METHODS,
  TRANSFER_FAILURE_REASONS,
  TRANSFER_STATUSES,
  type FailureDetail,
} from '../../domain/transfer.ts';
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
  /** What a refusal tells beside its reason: of `limit_exceeded`, which limit and what remains of it. */
  failureDetail: jsonb('failure_detail').$type<FailureDetail>(),
  /** Set while its compensation cannot finish by itself: the case, why, since when, and the last error. */
  attentionCaseId: uuid('attention_case_id').$type<CaseId>(),
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
    captureMethod: text('capture_method', { enum: CAPTURE_METHODS }).notNull().default('automatic'),
    /** When a manual transfer is refunded unless it was captured or canceled. */
    expiresAt: instant('expires_at'),
    /** What is captured of a manual transfer, once that is decided, for ever: 0 where it is canceled or has expired. */
    capturedAmount: amount('captured_amount'),
    /** When a scheduled transfer begins. */
    scheduledAt: instant('scheduled_at'),
    /** The transfer that this one gives back, as a whole or in part. */
    reversesTransferId: uuid('reverses_transfer_id').$type<TransferId>(),
    /** What reversals have given back or are giving back. */
    reversedAmount: amount('reversed_amount').notNull().default('0'),
    recurringTransferId: uuid('recurring_transfer_id').$type<RecurringTransferId>(),
    /** The batch whose workflow moves this transfer, and its place in it, from 0. */
    batchId: uuid('batch_id').$type<BatchId>(),
    batchIndex: integer('batch_index'),
    ...movementColumns(),
  },
  (t) => [
    foreignKey({ columns: [t.reversesTransferId], foreignColumns: [t.transferId] }),
    // What can be reversed is what arrived. Concurrent reversals meet in this row, so their sum never passes it.
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
    index('transfers_reverses')
      .on(t.reversesTransferId)
      .where(sql`reverses_transfer_id is not null`),
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
    // For the reconciliation, which reads what changed.
    index('transfers_updated').on(t.updatedAt),
    index('transfers_start_due')
      .on(t.startDueAt)
      .where(sql`status in ('SCHEDULED', 'PENDING') and start_due_at is not null`),
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
    index('transactions_updated').on(t.updatedAt),
    index('transactions_start_due')
      .on(t.startDueAt)
      .where(sql`status = 'PENDING' and start_due_at is not null`),
    check('transactions_amount_positive', sql`amount > 0`),
    check('transactions_type', sql`type in ('CREDIT', 'DEBIT')`),
    check('transactions_status', sql`status in ('PENDING', 'PROCESSED', 'FAILED')`),
    check('transactions_failure_reason', sql`(status = 'FAILED') = (failure_reason is not null)`),
  ],
);

/**
 * What cannot finish by itself and waits for an operator: a movement whose compensation keeps failing, or what the
 * reconciliation found and could not repair.
 */
export const cases = pgTable(
  'cases',
  {
    caseId: uuid('case_id').$type<CaseId>().primaryKey().defaultRandom(),
    /** The movement that it is about. What is found without one is named by `subject` alone. */
    transferId: uuid('transfer_id').$type<TransferId>(),
    transactionId: uuid('transaction_id').$type<TransactionId>(),
    /** `transfer/<id>`, `transaction/<id>`, or what else a finding is about: it has one open case at most. */
    subject: text('subject').notNull(),
    /** A stable code, such as `refund_failing`. */
    reason: text('reason').notNull(),
    status: text('status', { enum: ['OPEN', 'RESOLVED'] })
      .notNull()
      .default('OPEN'),
    lastError: text('last_error'),
    /** How often what fails had been tried when that was last told. */
    attempts: integer('attempts').notNull().default(0),
    openedAt: instant('opened_at')
      .notNull()
      .default(sql`clock_timestamp()`),
    updatedAt: instant('updated_at')
      .notNull()
      .default(sql`clock_timestamp()`),
    resolvedAt: instant('resolved_at'),
  },
  (t) => [
    uniqueIndex('cases_open_subject')
      .on(t.subject)
      .where(sql`status = 'OPEN'`),
    index('cases_subject').on(t.subject),
    index('cases_opened').on(t.openedAt.desc().nullsFirst(), t.caseId.desc().nullsFirst()),
    index('cases_status_opened').on(t.status, t.openedAt.desc().nullsFirst(), t.caseId.desc().nullsFirst()),
    check('cases_status', sql`status in ('OPEN', 'RESOLVED')`),
    check('cases_resolved', sql`(status = 'RESOLVED') = (resolved_at is not null)`),
  ],
);

/** The audit log of the cases: who did what, when and why. Append-only, kept for ever. */
export const caseActions = pgTable(
  'case_actions',
  {
    actionId: bigint('action_id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    caseId: uuid('case_id')
      .$type<CaseId>()
      .notNull()
      .references(() => cases.caseId),
    action: text('action', { enum: CASE_ACTIONS }).notNull(),
    /** Who asked for it; `counterpoise` for what happened by itself. */
    actor: text('actor').notNull(),
    comment: text('comment').notNull(),
    /** Names the request, so that one which is repeated is logged once; null for what happened by itself. */
    requestKey: text('request_key').unique('case_actions_request_key'),
    createdAt: instant('created_at')
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (t) => [index('case_actions_case').on(t.caseId, t.actionId)],
);

/** The runs of the reconciliation, each with its result. */
export const reconciliationRuns = pgTable(
  'reconciliation_runs',
  {
    runId: uuid('run_id').$type<RunId>().primaryKey(),
    workflowId: text('workflow_id').notNull(),
    trigger: text('trigger', { enum: ['schedule', 'request'] }).notNull(),
    status: text('status', { enum: RUN_STATUSES }).notNull().default('RUNNING'),
    /** It looks at what changed from here, which lies before the mark of the run before it, */
    fromMark: instant('from_mark').notNull(),
    /** until here: its own mark, once it has come to its end. */
    toMark: instant('to_mark').notNull(),
    checked: integer('checked').notNull().default(0),
    repaired: integer('repaired').notNull().default(0),
    casesOpened: integer('cases_opened').notNull().default(0),
    casesClosed: integer('cases_closed').notNull().default(0),
    /** How many subjects disagree; `findings` has the first of them. */
    found: integer('found').notNull().default(0),
    findings: jsonb('findings').$type<readonly Finding[]>().notNull().default([]),
    /** Why it could not come to its end. */
    error: text('error'),
    /** Where its looks at what did not change have come to; the next one goes on from there. */
    patrol: jsonb('patrol').$type<Patrol>().notNull().default({}),
    startedAt: instant('started_at')
      .notNull()
      .default(sql`clock_timestamp()`),
    finishedAt: instant('finished_at'),
  },
  (t) => [
    index('reconciliation_runs_started').on(t.startedAt.desc().nullsFirst(), t.runId.desc().nullsFirst()),
    index('reconciliation_runs_running')
      .on(t.startedAt)
      .where(sql`status = 'RUNNING'`),
    check('reconciliation_runs_status', sql`status in ('RUNNING', 'CLEAN', 'REPAIRED', 'FOUND', 'FAILED')`),
    check('reconciliation_runs_finished', sql`(status = 'RUNNING') = (finished_at is null)`),
  ],
);
