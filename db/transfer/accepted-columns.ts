/**
 * The columns that transfers, one-sided transactions and batches share: each is accepted by a key and carried out by a workflow.
 */
import { text, uuid } from 'drizzle-orm/pg-core';
import type { CaseId } from '../../domain/ids.ts';
import { instant, tenantColumn } from '../database.ts';

export const acceptedColumns = () => ({
  tenant: tenantColumn(),
  idempotencyKey: text('idempotency_key').notNull(),
  requestId: text('request_id').notNull(),
  traceparent: text('traceparent'),
  createdAt: instant('created_at').notNull().defaultNow(),
  updatedAt: instant('updated_at').notNull().defaultNow(),
  /** When the money that has not arrived is given up and compensated. */
  deadlineAt: instant('deadline_at').notNull(),
  /** When the sweep is to start the workflow; null once the workflow is known to be started. */
  startDueAt: instant('start_due_at'),
  /**
   * Set while the compensation cannot finish by itself: the case, the reason, since when, and the last error. The case stays
   * afterwards.
   */
  attentionCaseId: uuid('attention_case_id').$type<CaseId>(),
  attentionReason: text('attention_reason'),
  attentionSince: instant('attention_since'),
  attentionError: text('attention_error'),
});
