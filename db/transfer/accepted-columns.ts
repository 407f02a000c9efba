/**
 * The columns of whatever is accepted by a key and carried out by a workflow of its own: transfers, one-sided transactions
 * and batches.
 */
import { text, uuid } from 'drizzle-orm/pg-core';
import type { CaseId } from '../../domain/ids.ts';
import { instant } from '../database.ts';

export const acceptedColumns = () => ({
  idempotencyKey: text('idempotency_key').notNull(),
  requestId: text('request_id').notNull(),
  traceparent: text('traceparent'),
  createdAt: instant('created_at').notNull().defaultNow(),
  updatedAt: instant('updated_at').notNull().defaultNow(),
  /** When what has not arrived of its money is given up and compensated. */
  deadlineAt: instant('deadline_at').notNull(),
  /** When the sweep is to start its workflow, unless that is known to be started: null. */
  startDueAt: instant('start_due_at'),
  /** Set while its compensation cannot finish by itself: the case, why, since when, and the last error. */
  attentionCaseId: uuid('attention_case_id').$type<CaseId>(),
  attentionReason: text('attention_reason'),
  attentionSince: instant('attention_since'),
  attentionError: text('attention_error'),
});
