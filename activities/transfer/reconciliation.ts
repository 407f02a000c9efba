/**
 * The reconciliation's activities: they look at a place for subjects that disagree, look at these again, repair what is safe to
 * repair, and keep a case of the rest. Each may be repeated at any time, and several runs may be under way: a repeated start finds
 * the workflow that is there, and a subject has at most one open case. The ledger is the wallet service's, behind a port.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../db/database.ts';
import { closeDisagreement, closeLeftOver, findCase, openDisagreement } from '../../db/transfer/case-queries.ts';
import { logOutcome } from '../../db/transfer/case-log.ts';
import { findTransfer } from '../../db/transfer/queries.ts';
import {
  beginRun,
  finishRun,
  listRunsUnderWay,
  noteShardWindows,
  removeOldRuns,
} from '../../db/transfer/run-queries.ts';
import type { CaseId, RunId, TransferId } from '../../domain/ids.ts';
import { MOVEMENTS_MAX, type Ledger } from '../../domain/ledger.ts';
import {
  EMPTY_TALLY,
  isPatrolled,
  placesOf,
  subjectOf,
  type Cursor,
  type Finding,
  type Patrol,
  type Place,
  type PlaceInRun,
  type RunScope,
  type RunStatus,
  type Tally,
  type Window,
} from '../../domain/transfer/reconciliation.ts';
import { tellGivenBack } from '../../domain/transfer/given-back.ts';
import { halfDone, type HalfDone } from '../../domain/transfer/half-done.ts';
import { examiner, type WorkflowStates } from './examination.ts';
import { placeReader, type Look, type WorkflowLists } from './reconciliation-places.ts';
import { isRepairable, repair, type Repairs } from './repair.ts';

export type { Look };

/** Temporal, as far as the reconciliation needs it: temporal/transfer/movement-workflows.ts and tend-recurring.ts. */
export interface Workflows extends WorkflowStates, WorkflowLists, Repairs {}

export type ReconciliationActivities = ReturnType<typeof createReconciliationActivities>;

/** How long one call goes on reading the pages of its place, so that the history stays short. */
const LOOK_MS = 5_000;
const ENDED_PAGES_A_RUN = 4;
const REPAIR_LOOKS = 10;
const REPAIR_LOOK_MS = 500;
const isBehind = ({ reason }: Finding): boolean => reason === 'workflow_behind';

export function createReconciliationActivities({
  database,
  ledger,
  workflows,
}: {
  database: Database;
  ledger: Ledger;
  workflows: Workflows;
}) {
  const examine = examiner({ database, ledger, workflows });
  const pageOf = placeReader({ database, ledger, workflows, examine });

  return {
    /** Records that a run begins, and that earlier runs whose workflow is gone have failed. Removes some of the oldest runs. */
    async beginReconciliation(run: {
      runId: RunId;
      workflowId: string;
      trigger: 'schedule' | 'request';
      scope?: RunScope;
    }): Promise<{ window: Window; patrol: Patrol; shardCount: number; places?: readonly PlaceInRun[] }> {
      for (const { runId, workflowId } of await listRunsUnderWay(database)) {
        if (workflowId === run.workflowId || (await workflows.stateOf(workflowId)) === 'open') continue;
        await finishRun(database, runId, {
          status: 'FAILED',
          tally: EMPTY_TALLY,
          error: 'its workflow was terminated',
        });
      }
      const row = await beginRun(database, run);
      if (row === undefined) throw new Error(`the run ${run.runId} could not begin`);
      await removeOldRuns(database);
      const window = { fromMs: row.fromMark.getTime(), untilMs: row.toMark.getTime() };
      const { shardCount } = ledger;
      const clocks = await Promise.all(Array.from({ length: shardCount }, (_, shard) => ledger.clock(shard)));
      const places = placesOf(row.scope, window, await noteShardWindows(database, row, clocks));
      return { window, patrol: row.patrol, shardCount, places };
    },

    /** Looks at a place from the cursor on, for some seconds or to its end, or until many subjects seem to disagree. */
    async lookAt({ place, window, cursor }: { place: Place; window: Window; cursor: Cursor | null }): Promise<Look> {
      const startedAt = performance.now();
      let [checked, next, suspects] = [0, cursor, new Set<string>()];
      let pages = 0;
      do {
        pages += 1;
        const page = await pageOf(place, window, next);
        checked += page.checked;
        next = page.next;
        suspects = new Set([...suspects, ...page.suspects]);
      } while (
        next !== null &&
        pages < pagesMax(place) &&
        suspects.size < MOVEMENTS_MAX &&
        performance.now() - startedAt < LOOK_MS
      );
      return { checked, suspects: [...suspects], next };
    },

    /**
     * Looks at these subjects again: repairs those that can be repaired, keeps a case of those that still disagree, and closes the
     * case of those that do not. After a refund of a case, first writes the outcome into its log, once a run.
     */
    async settleSuspects({
      subjects,
      refunded,
    }: {
      subjects: readonly string[];
      refunded?: { readonly caseId: CaseId; readonly runId: string };
    }): Promise<Tally> {
      if (refunded !== undefined) await noteRefund(refunded);
      const problems = await examine(subjects);
      const repairable = [...problems.values()].filter(isRepairable);
      await repair(repairable, { database, workflows });
      const unrepaired = await untilRepaired(repairable.map(({ subject }) => subject));

      const found: Finding[] = [];
      let [repaired, casesOpened, casesClosed] = [0, 0, 0];
      // `problems` may have further subjects: the batches of items.
      for (const subject of new Set([...subjects, ...problems.keys()])) {
        const first = problems.get(subject);
        const isRepaired = first !== undefined && isRepairable(first) && !unrepaired.has(subject);
        if (isRepaired) repaired += 1;
        // A disagreement about a movement that has ended is another case than the one of its compensation.
        if (await closeLeftOver(database, subject)) casesClosed += 1;
        const problem = isRepaired ? undefined : (unrepaired.get(subject) ?? first);
        if (problem === undefined) {
          if (await closeDisagreement(database, subject)) casesClosed += 1;
          continue;
        }
        const known = await openDisagreement(database, problem, problem.reason === 'workflow_missing' ? 1 : 0);
        if (known !== 'resolved') found.push(problem);
        if (known === 'opened') casesOpened += 1;
      }
      return { checked: 0, repaired, casesOpened, casesClosed, found: found.length, findings: found };
    },

    /** Writes the result of a run, unless it has one. */
    finishReconciliation: ({
      runId,
      ...result
    }: {
      runId: RunId;
      status: Exclude<RunStatus, 'RUNNING'>;
      tally: Tally;
      error?: string;
      patrol?: Patrol;
    }): Promise<void> => finishRun(database, runId, result),

    /** The subject of a case; null if the case is not open. */
    async subjectOfCase({ caseId }: { caseId: CaseId }): Promise<string | null> {
      const row = await findCase(database, caseId);
      return row?.status === 'OPEN' ? row.subject : null;
    },

    /**
     * The debits that a transfer has left half done, if its row is lost or says that its id was another's before; none if its row
     * knows them. A workflow of the transfer may be open: the second of the two to settle a debit adopts what the fences say.
     */
    async leftHalfDone({ subject }: { subject: string }): Promise<HalfDone[]> {
      const { kind, id } = subjectOf(subject);
      if (kind !== 'transfer' && kind !== 'movement') return [];
      const row = await findTransfer(database, id as TransferId);
      if (row !== undefined && row.failureReason !== 'terms_conflict') return [];
      const moved = (await ledger.movements([id])).get(id);
      return moved === undefined ? [] : halfDone(id as TransferId, moved);
    },
  };

  async function noteRefund({ caseId, runId }: { caseId: CaseId; runId: string }): Promise<void> {
    const row = await findCase(database, caseId);
    if (row === undefined) return;
    const { id } = subjectOf(row.subject);
    const comment = tellGivenBack((await ledger.movements([id])).get(id));
    await logOutcome(database, caseId, { action: 'refund', comment, requestKey: `refund-case/${caseId}/${runId}` });
  }

  /** Looks again until no workflow is behind, for five seconds at most: a workflow takes a moment to do what it was asked. */
  async function untilRepaired(subjects: readonly string[]): Promise<Map<string, Finding>> {
    let unrepaired = await examine(subjects);
    for (let look = 0; look < REPAIR_LOOKS && [...unrepaired.values()].some(isBehind); look += 1) {
      await sleep(REPAIR_LOOK_MS);
      unrepaired = await examine(subjects);
    }
    return unrepaired;
  }
}

/** How many pages one call reads: some of a place that a run patrols, all of any other place. */
function pagesMax(place: Place): number {
  if (!isPatrolled(place)) return Number.POSITIVE_INFINITY;
  return place.of === 'ended' ? ENDED_PAGES_A_RUN : 1;
}
