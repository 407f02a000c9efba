/**
 * A run of the reconciliation: it looks at every place where something happened since the last mark, and at a bounded part of
 * the rest. A subject that seems to disagree is looked at again two seconds later, then repaired or kept as a case.
 *
 *   begin ──▶ look at a place ──suspects──▶ pause ──▶ second look: repair, open a case, close one
 *                 ▲   │  └─ next page                        │
 *                 └───┴──────── next place ◀─────────────────┘ ──▶ finish: CLEAN | REPAIRED | FOUND
 *
 * Runs may overlap: whatever they write is written once. A run that cannot finish is FAILED and moves no mark, so the next
 * run looks at the same changes. Only ids of suspects and counts pass through this workflow, never rows.
 */
import {
  ActivityFailure,
  CancellationScope,
  continueAsNew,
  isCancellation,
  log,
  proxyActivities,
  rootCause,
  setCurrentDetails,
  sleep,
  uuid4,
  workflowInfo,
  type ActivityOptions,
} from '@temporalio/workflow';
import type { ReconciliationActivities } from '../../activities/transfer/reconciliation.ts';
import type { RunId } from '../../domain/ids.ts';
import {
  addTallies,
  EMPTY_TALLY,
  formerPlacesOf,
  isPatrolled,
  nameOf,
  runStatus,
  type Cursor,
  type Patrol,
  type PlaceInRun,
  type RunScope,
  type Tally,
} from '../../domain/transfer/reconciliation.ts';
import { TRANSFER_TASK_QUEUE, type ReconciliationInput, type ReconciliationProgress } from './messages.ts';

const options = {
  taskQueue: TRANSFER_TASK_QUEUE,
  // A look lasts five seconds and one more page, whose queries the databases end after a few seconds.
  startToCloseTimeout: '30 seconds',
  // The schedule starts no run while this one is open; the next run tries again what this one could not do.
  scheduleToCloseTimeout: '10 minutes',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '30 seconds' },
} as const satisfies ActivityOptions;
const { beginReconciliation, lookAt, finishReconciliation, subjectOfCase } =
  proxyActivities<ReconciliationActivities>(options);
/** It looks, repairs for fifteen seconds, looks again for five, and keeps cases. */
const { settleSuspects } = proxyActivities<ReconciliationActivities>({
  ...options,
  startToCloseTimeout: '60 seconds',
});

/** Long enough for a write that is under way to finish, so that the subject agrees again. */
const SECOND_LOOK_AFTER = '2 seconds';
/** How many subjects a run remembers having dealt with, so that none is counted twice. */
const REMEMBERED_MAX = 1_000;
/** After how many looks a run continues as new, with a history of some thousand events behind it. */
const LOOKS_MAX = 100;

/** Ends Completed in Temporal's sense even if the run has failed, once its row says so. */
export async function reconciliation(input: ReconciliationInput = {}): Promise<Tally> {
  if (input.caseId !== undefined) {
    const subject = await subjectOfCase({ caseId: input.caseId });
    return subject === null ? EMPTY_TALLY : settleSuspects({ subjects: [subject] });
  }
  const runId = input.progress?.runId ?? input.runId ?? (uuid4() as RunId);
  const trigger = input.runId === undefined ? 'schedule' : 'request';
  let tally = input.progress?.tally ?? EMPTY_TALLY;
  try {
    const progress = input.progress ?? { runId, trigger, tally, place: 0, cursor: null, patrol: {}, settled: [] };
    const patrol = await run(progress, input.scope, (latest) => {
      tally = latest;
    });
    await finishReconciliation({ runId, status: runStatus(tally), tally, patrol });
  } catch (error) {
    if (!(error instanceof ActivityFailure) && !isCancellation(error)) throw error;
    const cause = isCancellation(error) ? 'it was canceled' : (rootCause(error) ?? String(error));
    log.warn('the reconciliation could not come to its end', { cause });
    await CancellationScope.nonCancellable(() =>
      finishReconciliation({ runId, status: 'FAILED', tally, error: cause }),
    );
  }
  return tally;
}

/** Makes the looks of a run, and returns how far its patrol has come. */
async function run(
  progress: ReconciliationProgress,
  scope: RunScope | undefined,
  tell: (tally: Tally) => void,
): Promise<Patrol> {
  const { runId, trigger } = progress;
  const {
    window,
    patrol: before,
    shardCount,
    places = formerPlacesOf(shardCount, window),
  } = await beginReconciliation({
    runId,
    trigger,
    workflowId: workflowInfo().workflowId,
    ...(scope === undefined ? {} : { scope }),
  });
  const examined = new Set(progress.settled);
  let { tally, patrol } = progress;
  let { index, cursor } = resumed(progress, places);
  let looks = 0;

  while (index < places.length) {
    const { place, window: looked } = places[index]!;
    const name = nameOf(place);
    setCurrentDetails(`Looks at ${name}`);
    if (isPatrolled(place)) cursor = before[name] ?? null;
    const { checked, suspects, next } = await lookAt({ place, window: looked, cursor });
    looks += 1;
    tally = addTallies(tally, { checked });

    const subjects = suspects.filter((subject) => !examined.has(subject));
    if (subjects.length > 0) {
      await sleep(SECOND_LOOK_AFTER);
      tally = addTallies(tally, await settleSuspects({ subjects }));
      for (const subject of subjects) if (examined.size < REMEMBERED_MAX) examined.add(subject);
    }
    tell(tally);

    if (isPatrolled(place)) patrol = { ...patrol, [name]: next };
    const isDone = next === null || isPatrolled(place);
    cursor = isDone ? null : next;
    if (isDone) index += 1;
    if (looks >= LOOKS_MAX && index < places.length) {
      const placeName = nameOf(places[index]!.place);
      const carried = { runId, trigger, tally, place: index, placeName, cursor, patrol, settled: [...examined] };
      await continueAsNew<typeof reconciliation>({
        progress: carried,
        ...(scope === undefined ? {} : { scope }),
      });
    }
  }
  return patrol;
}

/** Where a run goes on that has continued as new. The worker that it goes on under may know other places than the one before. */
function resumed(
  { place, placeName, cursor }: ReconciliationProgress,
  places: readonly PlaceInRun[],
): { index: number; cursor: Cursor | null } {
  if (placeName === undefined) return { index: place, cursor };
  const index = places.findIndex((each) => nameOf(each.place) === placeName);
  // The place is there no more: what followed it has taken its number.
  return index < 0 ? { index: place, cursor: null } : { index, cursor };
}
