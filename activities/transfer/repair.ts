/**
 * The repairs of a reconciliation: workflows are started again from their rows or asked to end, and Schedules are put right. Each may
 * be repeated, and those that are done are not found again, so a call that gives up has got further.
 */
import type { Database } from '../../db/database.ts';
import { findBatch } from '../../db/transfer/batch-queries.ts';
import { findTransfer } from '../../db/transfer/queries.ts';
import { findRecurringTransfer, type RecurringTransfer } from '../../db/transfer/recurring-queries.ts';
import { findTransaction } from '../../db/transfer/transaction-queries.ts';
import type { BatchId, RecurringTransferId, TransactionId, TransferId } from '../../domain/ids.ts';
import { subjectOf, type Disagreement, type Finding } from '../../domain/transfer/reconciliation.ts';
import { forEach } from '../../process/for-each.ts';

/** Temporal, as far as repairs need it: temporal/transfer/movement-workflows.ts and tend-recurring.ts. */
export interface Repairs {
  /** Asks an open workflow to settle its movement as the fences say, and to end. */
  readonly requestCancel: (workflowId: string) => Promise<void>;
  readonly startTransfer: (row: NonNullable<Awaited<ReturnType<typeof findTransfer>>>) => Promise<void>;
  readonly startTransaction: (row: NonNullable<Awaited<ReturnType<typeof findTransaction>>>) => Promise<void>;
  readonly startBatch: (row: NonNullable<Awaited<ReturnType<typeof findBatch>>>) => Promise<void>;
  /** Makes a recurring transfer's Schedule agree with its row, and makes up for the runs that it missed within a day. */
  readonly tendRecurring: (row: RecurringTransfer) => Promise<void>;
}

/** Few, because a page of suspects may have some hundreds, each with several calls, and payments want Temporal, too. */
export const REPAIRS_AT_ONCE = 8;
/** How long one call goes on; the attempt after it does the rest. */
const REPAIR_MS = 15_000;

const REPAIRED: ReadonlySet<Disagreement> = new Set(['workflow_missing', 'workflow_behind', 'schedule_stopped']);

export function isRepairable({ reason }: Finding): boolean {
  return REPAIRED.has(reason);
}

/** Repairs what was found. Throws if that is not done within `limitMs`, and then begins no further repair. */
export async function repair(
  findings: readonly Finding[],
  {
    database,
    workflows,
    limitMs = REPAIR_MS,
  }: { readonly database: Database; readonly workflows: Repairs; readonly limitMs?: number },
): Promise<void> {
  const until = performance.now() + limitMs;
  await forEach(findings, REPAIRS_AT_ONCE, async ({ subject, reason }) => {
    if (performance.now() > until)
      throw new Error(`not everything was repaired within ${limitMs} ms: the rest is next`);
    if (reason === 'workflow_behind') await workflows.requestCancel(subjectOf(subject).id);
    else await restart(subject, database, workflows);
  });
}

/** Starts the workflow of a movement or a batch from its row, or tends a Schedule. What has ended meanwhile stays as it is. */
async function restart(subject: string, database: Database, workflows: Repairs): Promise<void> {
  const { kind, id } = subjectOf(subject);
  if (kind === 'transfer') {
    const row = await findTransfer(database, id as TransferId);
    // A transfer of a batch never gets a workflow of its own: its batch's workflow is the one that is missing.
    if (row !== undefined && row.batchId === null) await workflows.startTransfer(row);
  } else if (kind === 'transaction') {
    const row = await findTransaction(database, id as TransactionId);
    if (row !== undefined) await workflows.startTransaction(row);
  } else if (kind === 'batch') {
    const row = await findBatch(database, id as BatchId);
    if (row !== undefined) await workflows.startBatch(row);
  } else if (kind === 'recurring') {
    const row = await findRecurringTransfer(database, id as RecurringTransferId);
    if (row !== undefined) await workflows.tendRecurring(row);
  }
}
