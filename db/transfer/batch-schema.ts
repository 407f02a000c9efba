/**
 * The tables of batches, of the transfer service. Their items are rows of `transfers`, once nothing has to be approved any more.
 */
import { sql } from 'drizzle-orm';
import { check, index, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { BATCH_STATUSES } from '../../domain/transfer/batch.ts';
import type { Currency } from '../../domain/currency.ts';
import type { BatchId, WalletId } from '../../domain/ids.ts';
import { amount, ofOtherTenants, sha256 } from '../database.ts';
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
    // Those that are approved, and whose items are due to be accepted.
    index('transfer_batches_accept_due')
      .on(t.startDueAt)
      .where(sql`status = 'AWAITING_APPROVAL' and start_due_at is not null`),
    check('transfer_batches_status', sql`status in ('AWAITING_APPROVAL', 'PROCESSING', 'COMPLETED', 'CANCELED')`),
    check(
      'transfer_batches_counts',
      sql`completed_count >= 0 and failed_count >= 0 and completed_count + failed_count <= item_count`,
    ),
    check(
      'transfer_batches_completed',
      sql`(status in ('COMPLETED', 'CANCELED')) = (completed_count + failed_count = item_count)`,
    ),
  ],
);

/**
 * What a batch asks for that waits for approvals or has waited: its items, column by column, in their order. Nothing of it is ever
 * changed. Once it is approved, its items are rows of `transfers` too, and the database lets no others become those.
 */
export const batchProposals = pgTable(
  'batch_proposals',
  {
    batchId: uuid('batch_id')
      .$type<BatchId>()
      .primaryKey()
      .references(() => transferBatches.batchId),
    /** Whose policy demands the approval. */
    judgedCurrency: text('judged_currency').$type<Currency>().notNull(),
    /** That of the batch. */
    bodyHash: sha256('body_hash').notNull(),
    senders: uuid('senders').array().$type<WalletId[]>().notNull(),
    receivers: uuid('receivers').array().$type<WalletId[]>().notNull(),
    amounts: amount('amounts').array().notNull(),
    currencies: text('currencies').array().notNull(),
    itemReferences: text('item_references').array().notNull(),
    /** Of the items' bodies: SHA-256 in hex. */
    itemHashes: text('item_hashes').array().notNull(),
  },
  () => [check('batch_proposals_body', sql`body_hash = sha256(convert_to(array_to_json(item_hashes)::text, 'UTF8'))`)],
);
