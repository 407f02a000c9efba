/** The table of batches, of the transfer service. Their items are rows of `transfers`. */
import { sql } from 'drizzle-orm';
import { check, index, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { BATCH_STATUSES } from '../../domain/transfer/batch.ts';
import type { BatchId } from '../../domain/ids.ts';
import { ofOtherTenants, sha256 } from '../database.ts';
import { acceptedColumns } from './accepted-columns.ts';

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
    /** SHA-256 of the hashes of its items' bodies, in their order. */
    bodyHash: sha256('body_hash').notNull(),
    ...acceptedColumns(),
  },
  (t) => [
    index('transfer_batches_created').on(t.createdAt.desc().nullsFirst(), t.batchId.desc().nullsFirst()),
    index('transfer_batches_of_tenant')
      .on(t.tenant, t.createdAt.desc().nullsFirst(), t.batchId.desc().nullsFirst())
      .where(ofOtherTenants),
    // By these, lists and the reconciliation find the items that are open, and those that have changed.
    index('transfer_batches_open')
      .on(t.createdAt, t.batchId)
      .where(sql`status = 'PROCESSING'`),
    index('transfer_batches_updated').on(t.updatedAt, t.batchId),
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
