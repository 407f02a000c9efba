/**
 * The table of the reconciliation's runs, part of the transfer service's schema: each with the window that it looked at and
 * its result.
 */
import { sql } from 'drizzle-orm';
import { bigint, check, index, integer, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import type { RunId } from '../../domain/ids.ts';
import {
  RUN_SCOPES,
  RUN_STATUSES,
  type Finding,
  type Patrol,
  type ShardWindows,
} from '../../domain/transfer/reconciliation.ts';
import { instant } from '../database.ts';

export const reconciliationRuns = pgTable(
  'reconciliation_runs',
  {
    runId: uuid('run_id').$type<RunId>().primaryKey(),
    /** In the order in which runs began, whatever the clock said. */
    runNumber: bigint('run_number', { mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
    workflowId: text('workflow_id').notNull(),
    trigger: text('trigger', { enum: ['schedule', 'request'] }).notNull(),
    /** Whether it looks at what changed and at a part of the rest, or at everything. */
    scope: text('scope', { enum: RUN_SCOPES }).notNull().default('changes'),
    status: text('status', { enum: RUN_STATUSES }).notNull().default('RUNNING'),
    /**
     * The beginning of the window in which the run looks at what changed. It lies before the mark of the run before it; with the
     * scope `all`, the run looks at the rest, too.
     */
    fromMark: instant('from_mark').notNull(),
    /** The end of that window, and the run's own mark once it has come to its end. */
    toMark: instant('to_mark').notNull(),
    /** The window that it looks at in each shard, on the clock of the shard; null until it has asked for the clocks. */
    shardWindows: jsonb('shard_windows').$type<ShardWindows>(),
    checked: integer('checked').notNull().default(0),
    repaired: integer('repaired').notNull().default(0),
    casesOpened: integer('cases_opened').notNull().default(0),
    casesClosed: integer('cases_closed').notNull().default(0),
    /** How many subjects disagree; `findings` has the first of them. */
    found: integer('found').notNull().default(0),
    findings: jsonb('findings').$type<readonly Finding[]>().notNull().default([]),
    /** Why it could not come to its end. */
    error: text('error'),
    /** How far the patrol has come; the next run goes on from there. */
    patrol: jsonb('patrol').$type<Patrol>().notNull().default({}),
    startedAt: instant('started_at')
      .notNull()
      .default(sql`clock_timestamp()`),
    finishedAt: instant('finished_at'),
  },
  (t) => [
    index('reconciliation_runs_started').on(t.startedAt.desc().nullsFirst(), t.runId.desc().nullsFirst()),
    uniqueIndex('reconciliation_runs_number').on(t.runNumber),
    index('reconciliation_runs_running')
      .on(t.startedAt)
      .where(sql`status = 'RUNNING'`),
    check('reconciliation_runs_scope', sql`scope in ('changes', 'all')`),
    check('reconciliation_runs_status', sql`status in ('RUNNING', 'CLEAN', 'REPAIRED', 'FOUND', 'FAILED')`),
    check('reconciliation_runs_finished', sql`(status = 'RUNNING') = (finished_at is null)`),
  ],
);
