/** The tables of approvals: the policies, what waits for votes, and the votes. */
import { sql } from 'drizzle-orm';
import {
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import type { Currency } from '../../domain/currency.ts';
import type { ApiKeyId, CaseId, PrincipalId, TransferId } from '../../domain/ids.ts';
import {
  APPROVAL_KINDS,
  APPROVAL_REASONS,
  APPROVAL_STATUSES,
  VOTES,
  type Proposal,
} from '../../domain/transfer/approval.ts';
import { amount, instant, ofOtherTenants, sha256, tenantColumn } from '../database.ts';

/** Every policy there ever was; of each currency at most one has not ended. Nothing but its end is changed. */
export const approvalPolicies = pgTable(
  'approval_policies',
  {
    policyId: uuid('policy_id').primaryKey().defaultRandom(),
    tenant: tenantColumn(),
    currency: text('currency').$type<Currency>().notNull(),
    /** 1, 2, 3 … within a currency. */
    version: integer('version').notNull(),
    /** A transfer of more needs approvals; null for no such bound. */
    above: amount('above'),
    /** So does one by which its sender has sent more within 24 hours without an approval; null for no such bound. */
    above24h: amount('above_24h'),
    /** How many principals have to approve. */
    approvals: integer('approvals').notNull(),
    expiresInSeconds: integer('expires_in_seconds').notNull(),
    setBy: text('set_by').notNull(),
    createdAt: instant('created_at')
      .notNull()
      .default(sql`clock_timestamp()`),
    endedAt: instant('ended_at'),
    /** The approval of the change that has ended it; null where it was ended before changes needed one. */
    endedById: uuid('ended_by_id').references(() => approvals.approvalId),
  },
  (t) => [
    unique('approval_policies_version').on(t.tenant, t.currency, t.version),
    uniqueIndex('approval_policies_present')
      .on(t.tenant, t.currency)
      .where(sql`ended_at is null`),
    check('approval_policies_bounds', sql`above >= 0 or above_24h >= 0`),
    check('approval_policies_approvals', sql`approvals between 1 and 5`),
    // Not validated, for what was ended before has none.
    check('approval_policies_ended', sql`ended_at is null or ended_by_id is not null`),
  ],
);

/**
 * What waits for approvals or has waited: a transfer, by its id, or a decision or a change that is kept here until it is approved.
 */
export const approvals = pgTable(
  'approvals',
  {
    approvalId: uuid('approval_id').$type<TransferId>().primaryKey(),
    tenant: tenantColumn(),
    kind: text('kind', { enum: APPROVAL_KINDS }).notNull().default('transfer'),
    status: text('status', { enum: APPROVAL_STATUSES }).notNull().default('AWAITING'),
    reason: text('reason', { enum: APPROVAL_REASONS }).notNull(),
    /** The principal who asks, and who has no vote; null where nobody does, as for the run of a recurring transfer. */
    askedById: uuid('asked_by_id').$type<PrincipalId>(),
    askedBy: text('asked_by'),
    /** That of the transfer, or of the proposal. */
    bodyHash: sha256('body_hash').notNull(),
    /** Null where nobody knows it before it is done. */
    amount: amount('amount'),
    currency: text('currency').$type<Currency>().notNull(),
    policyVersion: integer('policy_version').notNull(),
    needed: integer('needed').notNull(),
    createdAt: instant('created_at')
      .notNull()
      .default(sql`clock_timestamp()`),
    expiresAt: instant('expires_at').notNull(),
    decidedAt: instant('decided_at'),
    /** Of a decision about a case. */
    caseId: uuid('case_id').$type<CaseId>(),
    /** What is done once it is approved, where that is no row of its own. */
    proposal: jsonb('proposal').$type<Proposal>(),
    /** When it is to be carried out, if it is not known to be. */
    startDueAt: instant('start_due_at'),
  },
  (t) => [
    uniqueIndex('approvals_waiting_decision')
      .on(t.caseId, t.kind)
      .where(sql`status = 'AWAITING'`),
    uniqueIndex('approvals_waiting_policy')
      .on(t.tenant, t.currency)
      .where(sql`status = 'AWAITING' and kind = 'policy'`),
    uniqueIndex('approvals_waiting_grant')
      .on(t.tenant, sql`(proposal ->> 'principal_id')`)
      .where(sql`status = 'AWAITING' and kind = 'grant'`),
    index('approvals_start_due')
      .on(t.startDueAt)
      .where(sql`start_due_at is not null`),
    index('approvals_created').on(t.createdAt, t.approvalId),
    index('approvals_status_created').on(t.status, t.createdAt, t.approvalId),
    index('approvals_of_tenant').on(t.tenant, t.createdAt, t.approvalId).where(ofOtherTenants),
    index('approvals_of_tenant_status').on(t.tenant, t.status, t.createdAt, t.approvalId).where(ofOtherTenants),
    index('approvals_due')
      .on(t.expiresAt)
      .where(sql`status = 'AWAITING'`),
    check('approvals_decided', sql`(status = 'AWAITING') = (decided_at is null)`),
  ],
);

/** Append-only. A principal has one vote under each version of the policy, and may override all. */
export const approvalVotes = pgTable(
  'approval_votes',
  {
    approvalId: uuid('approval_id')
      .$type<TransferId>()
      .notNull()
      .references(() => approvals.approvalId),
    principalId: uuid('principal_id').$type<PrincipalId>().notNull(),
    principal: text('principal').notNull(),
    apiKeyId: uuid('api_key_id').$type<ApiKeyId>().notNull(),
    vote: text('vote', { enum: VOTES }).notNull(),
    policyVersion: integer('policy_version').notNull(),
    comment: text('comment').notNull(),
    /** Who could have given it: the principal, and who has made its keys. */
    makers: uuid('makers')
      .array()
      .$type<PrincipalId[]>()
      .notNull()
      .default(sql`'{}'`),
    createdAt: instant('created_at')
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (t) => [
    primaryKey({ columns: [t.approvalId, t.policyVersion, t.principalId, t.vote] }),
    index('approval_votes_override')
      .on(t.createdAt)
      .where(sql`vote = 'override'`),
  ],
);
