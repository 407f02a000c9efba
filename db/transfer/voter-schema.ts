/** The tables of who may vote: the rolls, one for each time that a tenant has been under policies, and the principals on them. */
import { sql } from 'drizzle-orm';
import { foreignKey, integer, pgTable, primaryKey, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import type { PrincipalId, TransferId } from '../../domain/ids.ts';
import { instant, tenantColumn } from '../database.ts';
import { approvals } from './approval-schema.ts';

/** A tenant has at most one that has not ended. It ends with the last policy. */
export const voterRolls = pgTable(
  'voter_rolls',
  {
    tenant: tenantColumn(),
    /** 1, 2, 3 … within a tenant. */
    roll: integer('roll').notNull(),
    createdAt: instant('created_at')
      .notNull()
      .default(sql`clock_timestamp()`),
    endedAt: instant('ended_at'),
  },
  (t) => [
    primaryKey({ columns: [t.tenant, t.roll] }),
    uniqueIndex('voter_rolls_present')
      .on(t.tenant)
      .where(sql`ended_at is null`),
  ],
);

/** Append-only. */
export const approvalVoters = pgTable(
  'approval_voters',
  {
    tenant: tenantColumn(),
    roll: integer('roll').notNull(),
    principalId: uuid('principal_id').$type<PrincipalId>().notNull(),
    /** The approval of kind `grant`; null for a principal that had a key with which to vote when the roll began. */
    grantedById: uuid('granted_by_id')
      .$type<TransferId>()
      .references(() => approvals.approvalId),
    createdAt: instant('created_at')
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (t) => [
    primaryKey({ columns: [t.tenant, t.roll, t.principalId] }),
    foreignKey({
      name: 'approval_voters_roll',
      columns: [t.tenant, t.roll],
      foreignColumns: [voterRolls.tenant, voterRolls.roll],
    }),
  ],
);
