/**
 * The table of batches, of the transfer service. Their items are rows of `transfers`. Imported by schema.ts.
 */
import { sql } from 'drizzle-orm';
import { check, index, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { BATCH_STATUSES } from '../../domain/batch.ts';
import type { BatchId, CaseId } from '../../domain/ids.ts';
import { instant, sha256 } from '../database.ts';

/** Many transfers that were accepted by one request and are moved by one workflow. Its items are rows of `transfers`. */
export const transferBatches = pgTable(
  'transfer_batches',
  {
    batchId: uuid('batch_id').$type<BatchId>().primaryKey(),
    itemCount: integer('item_count').notNull(),
    /** How many items have ended COMPLETED, and how many otherwise; written together with their statuses. */
    completedCount: integer('completed_count').notNull().default(0),
    failedCount: integer('failed_count').notNull().default(0),
    status: text('status', { enum: BATCH_STATUSES }).notNull().default('PROCESSING'),
    idempotencyKey: text('idempotency_key').notNull(),
    /** SHA-256 of the hashes of its items' bodies, in their order. */
    bodyHash: sha256('body_hash').notNull(),
    requestId: text('request_id').notNull(),
    traceparent: text('traceparent'),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
    /** When the items whose money has not arrived are given up and compensated. */
    deadlineAt: instant('deadline_at').notNull(),
    /** When the sweep is to start its workflow, unless that is known to be started: null. */
    startDueAt: instant('start_due_at'),
    /** Set while its compensation cannot finish by itself: the case, why, since when, and the last error. */
    attentionCaseId: uuid('attention_case_id').$type<CaseId>(),
    attentionReason: text('attention_reason'),
    attentionSince: instant('attention_since'),
    attentionError: text('attention_error'),
  },
  (t) => [
    index('transfer_batches_created').on(t.createdAt.desc().nullsFirst(), t.batchId.desc().nullsFirst()),
    index('transfer_batches_start_due')
      .on(t.startDueAt)
      .where(sql`status = 'PROCESSING' and start_due_at is not null`),
    check('transfer_batches_status', sql`status in ('PROCESSING', 'COMPLETED')`),
    check(
      'transfer_batches_counts',
      sql`completed_count >= 0 and failed_count >= 0 and completed_count + failed_count <= item_count`,
    ),
    check('transfer_batches_completed', sql`(status = 'COMPLETED') = (completed_count + failed_count = item_count)`),
  ],
);
