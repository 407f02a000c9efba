/**
 * Requests to the workflow of a transfer: each sends an update and waits until the transfer's row shows the effect. If a transfer
 * that has not ended has no run, because none was started yet or somebody terminated it, a run is started from the row first. The
 * answer is always read from the row. Requests about a case have its subject tried or looked at again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
  type WorkflowHandle,
} from '@temporalio/client';
import { ApplicationFailure, WorkflowNotFoundError, type UpdateDefinition } from '@temporalio/common';
import type { Context } from 'hono';
import { findTransfer, type Transfer } from '../../db/transfer/queries.ts';
import { LATE, within } from '../../process/deadline.ts';
import type { CaseId } from '../../domain/ids.ts';
import type { TraceContext } from '../../domain/trace-context.ts';
import { isTerminal, PASSING_REFUSALS, type PassingRefusal } from '../../domain/transfer/transfer.ts';
import { takesNoMoreUpdates } from '../../temporal/exhausted-updates.ts';
import { answerWithin } from '../../temporal/health.ts';
import type { NamespaceBinding } from '../../temporal/namespace-binding.ts';
import { isGroupUnderWay } from '../../temporal/transfer/start-group.ts';
import { cancelUnlessClosed, RunOfAnotherBody } from '../../temporal/run-of-another-body.ts';
import { startTransfer } from '../../temporal/transfer/start-movement.ts';
import { startLookAtCase, startRefundOfCase } from '../../temporal/transfer/start-reconciliation.ts';
import {
  cancelUpdate,
  captureUpdate,
  caseWorkflowId,
  refundCaseWorkflowId,
  retryUpdate,
  transferWorkflowId,
  type MovementMemo,
  type UpdateRefusal,
} from '../../workflows/transfer/messages.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { MovementDeps } from './movement.ts';
import { waitPreference, waitForRow } from '../http/prefer-wait.ts';
import { ProblemError } from '../http/problem.ts';
import type { ApiEnv } from '../http/env.ts';

/** The workflow has taken the request or refused it, or the transfer had ended before. */
export type Outcome = 'taken' | 'ended' | Refusal;
type Refusal = Exclude<UpdateRefusal, 'run_of_another_body'> | PassingRefusal;

/** The limits for the start of a case's workflow, and for its result. */
const START_LIMIT_MS = 1_500;
const RETRY_LIMIT_MS = 5_000;
/** The limit until a worker has judged the request, whatever wait the client prefers. */
const TAKEN_LIMIT_MS = 10_000;
/** How long a group's attempt is waited for before the transfer gets a workflow of its own beside it. */
const GROUP_LIMIT_MS = 3_000;
const SHOWN_SECONDS_DEFAULT = 10;
/** The wait if too many requests wait already, while this one counts as at work: enough for the row to show the effect. */
const CROWDED_WAIT_MS = 1_000;
/** Without an answer for this long, Temporal may be down. */
const SUSPECT_AFTER_MS = 500;
/** The pause between two looks: a run that is just ending has ended by then, and its row says so. */
const LOOK_AGAIN_MS = 100;

/**
 * Returns the row once the transfer has ended, or as it is after ten seconds or the wait that the client prefers. Throws
 * `temporal_unavailable` if it is not known whether the request was taken, or if it was taken but the row is not `isKept`; it is
 * safe to repeat. If somebody terminates the run that took the request, the next run does what the row keeps.
 */
export async function askTransfer<Asked extends object>(
  c: Context<ApiEnv>,
  { database, starter, acceptance: { client, monitor, draining } }: MovementDeps,
  { transferId, bodyHash }: Transfer,
  update: UpdateDefinition<void, [Asked & Partial<MovementMemo>]>,
  asked: Asked,
  isKept: (row: Transfer) => boolean = () => true,
): Promise<{ row: Transfer; outcome: Outcome }> {
  const receivedAt = performance.now();
  // A failed read does not tell whether the request was taken, so it counts as a write.
  const look = async (): Promise<Transfer> =>
    (await boundedQuery(database, () => findTransfer(database, transferId), { isWrite: true }))!;
  const gone = AbortSignal.any([c.req.raw.signal, draining]);
  const handle = client.workflow.getHandle(transferWorkflowId(transferId));

  const outcome = await untilTaken();
  const row = await look();
  if (outcome !== 'taken') return { row, outcome };
  const hasEnded = ({ status }: Transfer): boolean => isTerminal(status);
  const kept = await until((seen) => hasEnded(seen) || isKept(seen), row, leftOf(TAKEN_LIMIT_MS));
  if (!hasEnded(kept) && !isKept(kept)) throw notKnown();
  const leftMs = leftOf((waitPreference(c.req.header('prefer')) ?? SHOWN_SECONDS_DEFAULT) * 1_000);
  const limitMs = c.var.slot.becomeWaiter() ? leftMs : Math.min(leftMs, CROWDED_WAIT_MS);
  return { row: await until(hasEnded, kept, limitMs), outcome };

  function leftOf(ms: number): number {
    return ms - (performance.now() - receivedAt);
  }

  function until(isWaitOver: (row: Transfer) => boolean, known: Transfer, limitMs: number): Promise<Transfer> {
    return waitForRow({
      row: known,
      isWaitOver,
      look: () => findTransfer(database, transferId),
      untilNews: async (signal) => {
        await client.connection.withAbortSignal(signal, () => handle.result());
      },
      limitMs,
      signal: gone,
    });
  }

  async function untilTaken(): Promise<Outcome> {
    const givenUp = new AbortController();
    const signal = AbortSignal.any([gone, givenUp.signal, AbortSignal.timeout(TAKEN_LIMIT_MS)]);
    const suspicion = setTimeout(() => monitor.suspect(), SUSPECT_AFTER_MS);
    // A server that is known to be down is not waited for.
    const watch = setInterval(() => monitor.isDown() && givenUp.abort(), LOOK_AGAIN_MS);
    try {
      while (!signal.aborted && !monitor.isDown()) {
        if (!(await isOwnNamespace())) continue;
        const answer = await client.connection.withAbortSignal(signal, ask);
        if (answer !== 'no_run') return answer;
        const row = await look();
        if (isTerminal(row.status)) return 'ended';
        if (!(await isOwnNamespace()) || (await isMovedByGroup(client, row, receivedAt))) continue;
        await client.connection.withAbortSignal(signal, () => startUnlessHeldUp(row));
        await sleep(LOOK_AGAIN_MS);
      }
    } catch (error) {
      if (!signal.aborted && !monitor.isDown()) throw error;
    } finally {
      clearTimeout(suspicion);
      clearInterval(watch);
    }
    throw notKnown();
  }

  /** Starts a run. If a run of another body is in the way, it has been asked to end, and the next look finds it gone. */
  async function startUnlessHeldUp(row: Transfer): Promise<void> {
    try {
      await startTransfer({ ...starter, client, isEager: false }, row);
    } catch (error) {
      if (!(error instanceof RunOfAnotherBody)) throw error;
      await sleep(LOOK_AGAIN_MS);
    }
  }

  /** Whether Temporal is this installation's: another may have this transfer id. If Temporal is late, the caller asks again. */
  async function isOwnNamespace(): Promise<boolean> {
    try {
      await starter.binding.verify();
      return true;
    } catch {
      monitor.suspect();
      await sleep(LOOK_AGAIN_MS);
      return false;
    }
  }

  async function ask(): Promise<'taken' | 'no_run' | Refusal> {
    try {
      await handle.executeUpdate<void, [unknown, ...unknown[]]>(update as never, { args: [{ ...asked, bodyHash }] });
      return 'taken';
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return 'no_run';
      if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) throw notKnown();
      if (!(error instanceof WorkflowUpdateFailedError)) return withoutUpdate(error, update.name, handle, bodyHash);
      // Otherwise the run was ended from outside after it had taken the request, and the next one may not know of it; or the run is
      // of another body, and has not taken it.
      return refusalIn(error.cause) ?? 'no_run';
    }
  }
}

/**
 * Does without an update what a run that takes no more of them is asked for: sends it Temporal's own cancel request, which does as the
 * `cancel` update does, and has no bound. Whether that came in time is for the row to say: nobody judges it before it is taken.
 * Throws the error if it is another one.
 */
async function withoutUpdate(
  error: unknown,
  updateName: string,
  handle: WorkflowHandle,
  bodyHash: string,
): Promise<'taken' | 'no_run' | Refusal> {
  if (!takesNoMoreUpdates(error)) throw error;
  if (updateName !== cancelUpdate.name) return updateName === captureUpdate.name ? 'not_capturable' : 'not_resolvable';
  const { status, runId, memo } = await handle.describe();
  const isOwn = [undefined, bodyHash].includes((memo as Partial<MovementMemo> | undefined)?.bodyHash);
  if (status.name !== 'RUNNING' || !isOwn) return 'no_run';
  await cancelUnlessClosed(handle.client.getHandle(handle.workflowId, runId));
  return 'taken';
}

/** Whether a group is moving the transfer, for some seconds: it soon has ended, or has a workflow of its own. */
async function isMovedByGroup(client: Client, { groupId }: Transfer, since: number): Promise<boolean> {
  if (groupId === null || performance.now() - since > GROUP_LIMIT_MS) return false;
  const asking = answerWithin(client, SUSPECT_AFTER_MS, () => isGroupUnderWay(client, groupId));
  const isUnderWay = await asking.catch(() => false);
  if (isUnderWay) await sleep(LOOK_AGAIN_MS);
  return isUnderWay;
}

/** Has a case looked at again. Returns when that is done, or after some seconds, while the look goes on. */
export async function lookAgain(client: Client, binding: Pick<NamespaceBinding, 'verify'>, id: CaseId): Promise<void> {
  await startAndWait(client, caseWorkflowId(id), async () => {
    await binding.verify();
    await startLookAtCase(client, id);
  });
}

/** Has the money of a case given back. Returns when that is done, or after some seconds, while it goes on. */
export async function refundNow(
  client: Client,
  { binding, walletShardCount }: MovementDeps['starter'],
  { caseId, trace }: { caseId: CaseId; trace: TraceContext },
): Promise<void> {
  await startAndWait(client, refundCaseWorkflowId(caseId), async () => {
    const { installationId } = await binding.verify();
    await startRefundOfCase(client, { caseId, walletShardCount, trace, installationId });
  });
}

async function startAndWait(client: Client, workflowId: string, start: () => Promise<void>): Promise<void> {
  try {
    await answerWithin(client, START_LIMIT_MS, start);
  } catch (error) {
    throw new ProblemError('temporal_unavailable', { detail: 'Repeating the request is safe.', cause: error });
  }
  const givenUp = new AbortController();
  const result = client.connection.withAbortSignal(givenUp.signal, () =>
    client.workflow.getHandle(workflowId).result(),
  );
  if (
    (await within(
      RETRY_LIMIT_MS,
      result.catch(() => undefined),
    )) === LATE
  )
    givenUp.abort();
}

/** Has a stuck batch or transaction tried again at once. Does nothing if it is not stuck any more. */
export async function retryNow(
  client: Client,
  binding: Pick<NamespaceBinding, 'verify'>,
  workflowId: string,
): Promise<void> {
  const handle = client.workflow.getHandle(workflowId);
  try {
    await binding.verify();
    await client.connection.withAbortSignal(AbortSignal.timeout(TAKEN_LIMIT_MS), () =>
      handle.executeUpdate(retryUpdate),
    );
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError || error instanceof WorkflowUpdateFailedError)) throw notKnown();
  }
}

/** The problem of a request that may have taken effect. */
function notKnown(): ProblemError {
  return new ProblemError('temporal_unavailable', {
    detail: 'Whether the request was taken is not known. Repeating it is safe.',
  });
}

const REFUSALS: readonly string[] = ['not_capturable', 'not_cancelable', 'not_resolvable'];

function refusalIn(cause: unknown): Refusal | undefined {
  const { type, details } = cause instanceof ApplicationFailure ? cause : {};
  return PASSING_REFUSALS.find((each) => each === details?.[0]) ?? (isRefusal(type) ? type : undefined);
}

function isRefusal(type: string | undefined | null): type is Refusal {
  return REFUSALS.includes(type ?? '');
}
