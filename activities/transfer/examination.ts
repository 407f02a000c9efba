/**
 * The judgment whether a subject of the reconciliation disagrees, as it is now. The row is read first: if it has ended, its money
 * was settled in the shards before that, for ever, so what the shards return afterwards must be complete. And a movement is stored
 * before anything moves, so a row that is not found after its fences were read is not there at all.
 */
import type { Database } from '../../db/database.ts';
import { activeRecurring } from '../../db/transfer/recurring-queries.ts';
import {
  batchesToJudge,
  transactionsToJudge,
  transfersToJudge,
  type JudgedBatch,
  type JudgedTransaction,
  type JudgedTransfer,
} from '../../db/transfer/reconciliation-queries.ts';
import { findWatermark } from '../../db/transfer/watermark-queries.ts';
import type { RecurringTransferId } from '../../domain/ids.ts';
import { MOVEMENTS_MAX, type Ledger } from '../../domain/ledger.ts';
import { subjectOf, workflowSubject, type Disagreement, type Finding } from '../../domain/transfer/reconciliation.ts';
import { neverRuns } from '../../domain/transfer/run-times.ts';
import { isSettledHold, transactionProblems, transferProblems, type Moved } from '../../domain/transfer/settlement.ts';
import { forEach } from '../../process/for-each.ts';
import { shardFinding } from './shard-watermarks.ts';

export interface WorkflowStates {
  /** Whether the workflow is open now, or has closed, or Temporal knows of none. */
  readonly stateOf: (workflowId: string) => Promise<'open' | 'closed' | 'none'>;
  /** Whether the Schedule of a recurring transfer runs, or somebody has paused or deleted it. */
  readonly scheduleOf: (id: RecurringTransferId) => Promise<'runs' | 'paused' | 'missing'>;
}

type Judged = JudgedTransfer | JudgedTransaction | JudgedBatch;

const NOTHING: Moved = { entries: [], fences: [] };
const DESCRIBED_AT_ONCE = 16;

export type Examine = (subjects: readonly string[]) => Promise<Map<string, Finding>>;

/**
 * Returns a function that finds the subjects which disagree; for items of a batch without a workflow, it finds that batch instead.
 */
export function examiner({
  database,
  ledger,
  workflows,
}: {
  database: Database;
  ledger: Ledger;
  workflows: WorkflowStates;
}): Examine {
  return async (subjects) => {
    const found = new Map<string, Finding>();
    for (let start = 0; start < subjects.length; start += MOVEMENTS_MAX) {
      for (const finding of await examineSome(subjects.slice(start, start + MOVEMENTS_MAX)))
        found.set(finding.subject, finding);
    }
    return found;
  };

  async function examineSome(subjects: readonly string[]): Promise<Finding[]> {
    const named = subjects.map((subject) => ({ subject, ...subjectOf(subject) }));
    const workflowsOf = named.flatMap(({ kind, id }) => (kind === 'workflow' ? [subjectOf(id)] : []));
    const idsOf = (...kinds: string[]): string[] =>
      [...named, ...workflowsOf].flatMap(({ kind, id }) => (kinds.includes(kind) ? [id] : []));
    const movements = idsOf('transfer', 'transaction', 'movement');
    const [transfers, transactions] =
      movements.length === 0
        ? [[], []]
        : await Promise.all([
            transfersToJudge(database, idsOf('transfer', 'movement')),
            transactionsToJudge(database, idsOf('transaction', 'movement')),
          ]);
    const rows = new Map<string, JudgedTransfer | JudgedTransaction>(
      [...transfers, ...transactions].map((row) => [row.id, row]),
    );
    // An open movement may have moved any part, so there is nothing to compare; but if it is DEBITED, the debit must be there.
    const needed = movements.filter((id) => !rows.get(id)?.isOpen || rows.get(id)?.status === 'DEBITED');
    const moved = needed.length === 0 ? new Map<string, Moved>() : await ledger.movements(needed);
    const batchIds = idsOf('batch');
    const batches = batchIds.length === 0 ? [] : await batchesToJudge(database, batchIds);
    const withoutWorkflow = await closedOnes([
      ...transfers.filter(hasBegun),
      ...transactions.filter(hasBegun),
      ...batches,
    ]);

    const stopped = await stoppedSchedules(idsOf('recurring'));

    const findings: Finding[] = [];
    const report = (subject: string, reason: Disagreement, details: readonly string[]): void => {
      if (details.length > 0) findings.push({ subject, reason, detail: details.join('; ') });
    };
    const endedBatches = new Map(batches.map((row) => [row.id as string, row]));
    for (const { subject, kind, id } of named) {
      const row = rows.get(id);
      if (kind === 'workflow') {
        const of = subjectOf(id);
        const its = of.kind === 'batch' ? endedBatches.get(of.id) : rows.get(of.id);
        report(subject, 'workflow_behind', its === undefined ? [] : await behind(id, its, moved.get(of.id) ?? NOTHING));
      } else if (kind === 'shard') {
        const problem = await shardProblem(Number(id));
        report(subject, 'shard_behind', problem === undefined ? [] : [problem.detail]);
      } else if (kind === 'wallet') {
        const problem = await ledger.walletProblem(id);
        report(subject, 'balance_disagrees', problem === undefined ? [] : [problem]);
      } else if (kind === 'recurring') {
        const state = stopped.get(id);
        report(subject, 'schedule_stopped', state === undefined ? [] : [`it is ACTIVE, and its Schedule is ${state}`]);
      } else if (kind === 'batch') {
        report(subject, 'workflow_missing', withoutWorkflow.has(id) ? [NO_WORKFLOW] : []);
      } else if (row === undefined) {
        report(subject, 'entries_without_movement', orphans(moved.get(id)));
      } else if (kind !== 'movement') {
        // Ten thousand items of a batch lack one workflow: that is one finding, and one case.
        const movedBy = row.batchId === null ? subject : `batch/${row.batchId}`;
        const its = moved.get(id) ?? NOTHING;
        if (row.isOpen && withoutWorkflow.has(id)) report(movedBy, 'workflow_missing', [NO_WORKFLOW]);
        else if ('sender' in row && row.isOpen && isSettledHold(row, its))
          report(workflowSubject(workflowIdOf(row)), 'workflow_behind', [STILL_HELD]);
        else if (!row.isOpen || row.status === 'DEBITED') report(subject, 'entries_disagree', problemsOf(row, its));
      }
    }
    return findings;
  }

  /** The problems of an open workflow whose movement has ended, or whose hold is settled. */
  async function behind(workflowId: string, row: Judged, moved: Moved): Promise<string[]> {
    if ('sender' in row && isSettledHold(row, moved)) return [STILL_HELD];
    return row.isLongOver && (await workflows.stateOf(workflowId)) === 'open' ? [STILL_OPEN] : [];
  }

  /** The states of the Schedules that do not run although their recurring transfers are active. */
  async function stoppedSchedules(ids: readonly string[]): Promise<Map<string, 'paused' | 'missing'>> {
    const stopped = new Map<string, 'paused' | 'missing'>();
    const { rows: active } = ids.length === 0 ? { rows: [] } : await activeRecurring(database, { ids });
    // Temporal itself removes a Schedule that has nothing left to run.
    const rows = active.filter((row) => neverRuns(row, new Date(), row.createdAt) === undefined);
    await forEach(rows, DESCRIBED_AT_ONCE, async ({ recurringTransferId: id }) => {
      const state = await workflows.scheduleOf(id);
      if (state !== 'runs') stopped.set(id, state);
    });
    return stopped;
  }

  async function shardProblem(shard: number): Promise<Finding | undefined> {
    const known = await findWatermark(database, shard);
    if (known === undefined) return undefined;
    const { isKnownThere } = await ledger.watermark(shard, known);
    return isKnownThere ? undefined : shardFinding(shard, known);
  }

  /**
   * The ids of the rows that have not ended though no workflow of theirs is open. Left out are young rows whose workflow Temporal
   * does not know: it may not have been started yet.
   */
  async function closedOnes(rows: readonly Judged[]): Promise<Set<string>> {
    const due = rows.filter(({ isOpen }) => isOpen);
    const workflowIds = [...new Set(due.map(workflowIdOf))];
    const states = new Map<string, 'open' | 'closed' | 'none'>();
    await forEach(workflowIds, DESCRIBED_AT_ONCE, async (workflowId) => {
      states.set(workflowId, await workflows.stateOf(workflowId));
    });
    const isMissing = (row: Judged): boolean => {
      const state = states.get(workflowIdOf(row));
      return state === 'closed' || (state === 'none' && row.isPastGrace);
    };
    return new Set(due.filter(isMissing).map(({ id }) => id));
  }
}

const STILL_HELD = 'its transfer is settled in the shards, and it holds it';
const STILL_OPEN = 'what it moves has ended, and it is open';
const NO_WORKFLOW = 'it has not ended, and no workflow of it is open';

/** What waits for approvals has no workflow before them. */
function hasBegun({ status }: JudgedTransfer | JudgedTransaction): boolean {
  return status !== 'AWAITING_APPROVAL';
}

/** The id of the workflow that moves it: its own, or its batch's. */
function workflowIdOf(row: Judged): string {
  if (row.batchId !== null) return `batch/${row.batchId}`;
  return `${'sender' in row ? 'transfer' : 'transaction'}/${row.id}`;
}

function problemsOf(row: JudgedTransfer | JudgedTransaction, moved: Moved): string[] {
  return 'sender' in row ? transferProblems(row, moved) : transactionProblems(row, moved);
}

/** The problem that shards have entries or fences of a movement that nobody asked for. */
function orphans(moved: Moved | undefined): string[] {
  if (moved === undefined) return [];
  const entries = moved.entries.map(
    ({ type, amount, currency, wallet }) => `${type} ${amount} ${currency} on wallet ${wallet}`,
  );
  const fences = moved.fences.map(({ leg, outcome, amount, currency }) => `${leg} ${outcome} ${amount} ${currency}`);
  return [`nobody asked for it, but there is: ${[...entries, ...fences].sort().join(', ')}`];
}
