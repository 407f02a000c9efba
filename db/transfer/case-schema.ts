/** The tables of cases, with their log. */
import { sql } from 'drizzle-orm';
import { bigint, check, index, integer, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import type { CaseId, TransactionId, TransferId } from '../../domain/ids.ts';
import { CASE_ACTIONS } from '../../domain/transfer/case.ts';
import { instant, ofOtherTenants, tenantColumn } from '../database.ts';

/**
 * The cases that wait for an operator: movements whose compensation keeps failing, and findings of the reconciliation that it
 * could not repair.
 */
export const cases = pgTable(
  'cases',
  {
    caseId: uuid('case_id').$type<CaseId>().primaryKey().defaultRandom(),
    /** That of the movement, or the default one, which is the installation's own, of what has no row. */
    tenant: tenantColumn(),
    /** The movement that the case is about. A case about anything else is named by `subject` alone. */
    transferId: uuid('transfer_id').$type<TransferId>(),
    transactionId: uuid('transaction_id').$type<TransactionId>(),
    /** `transfer/<id>`, `transaction/<id>`, or another subject of a finding. A subject has at most one open case. */
    subject: text('subject').notNull(),
    /** A stable code, such as `refund_failing`. */
    reason: text('reason').notNull(),
    status: text('status', { enum: ['OPEN', 'RESOLVED'] })
      .notNull()
      .default('OPEN'),
    lastError: text('last_error'),
    /** How often the reconciliation has tried the repair. */
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
    index('cases_of_tenant')
      .on(t.tenant, t.openedAt.desc().nullsFirst(), t.caseId.desc().nullsFirst())
      .where(ofOtherTenants),
    index('cases_status_opened').on(t.status, t.openedAt, t.caseId),
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
    /** The principal whose key asked for the action; `counterpoise` if it happened by itself. */
    actor: text('actor').notNull(),
    onBehalfOf: text('on_behalf_of'),
    comment: text('comment').notNull(),
    /** Names the request, so that a repeated request is logged once; null for an action without such a key. */
    requestKey: text('request_key').unique('case_actions_request_key'),
    createdAt: instant('created_at')
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (t) => [index('case_actions_case').on(t.caseId, t.actionId)],
);
