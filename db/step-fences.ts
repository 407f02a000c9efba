/**
 * The fences of saga steps, the same in each service that takes part in sagas. A step's first call decides it, done or refused, and
 * so does its undo, if that comes first: a step that arrives later finds the row and does nothing. No row is ever removed.
 */
import { sql } from 'drizzle-orm';
import { check, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { instant, type Database } from './database.ts';

export const stepFences = pgTable(
  'step_fences',
  {
    sagaId: uuid('saga_id').notNull(),
    step: text('step').notNull(),
    outcome: text('outcome', { enum: ['done', 'refused', 'undone'] }).notNull(),
    /** Why it was refused or undone. */
    reason: text('reason'),
    /** What was asked for; a repeat with other terms raises. Null if the undo came first. */
    terms: jsonb('terms'),
    /** What a repeat returns. */
    detail: jsonb('detail'),
    createdAt: instant('created_at')
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (t) => [
    primaryKey({ columns: [t.sagaId, t.step] }),
    check('step_fences_outcome', sql`${t.outcome} IN ('done', 'refused', 'undone')`),
  ],
);

/** More than a saga has: an order has some per consignment and per return. */
const FENCES_MAX = 500;

export interface SeenStepFence {
  readonly step: string;
  readonly outcome: 'done' | 'refused' | 'undone';
  readonly reason: string | null;
  readonly at: string;
}

/** What a service has decided of a saga, the oldest first, as one snapshot shows it. */
export async function seeStepFences(database: Database, sagaId: string): Promise<SeenStepFence[]> {
  const { rows } = await database.execute<SeenStepFence & Record<string, unknown>>(sql`
    SELECT step, outcome, reason, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at
    FROM step_fences WHERE saga_id = ${sagaId} ORDER BY created_at, step LIMIT ${FENCES_MAX}`);
  return rows;
}
