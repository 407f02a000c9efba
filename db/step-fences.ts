/**
 * The fences of saga steps, the same in each service that takes part in sagas. A step's first call decides it, done or refused, and
 * so does its undo, if that comes first: a step that arrives later finds the row and does nothing. No row is ever removed.
 */
import { sql } from 'drizzle-orm';
import { check, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { instant } from './database.ts';

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
