/**
 * Asks the workflow of a transfer to do something, by an update, and waits for its answer. Where no run is there although
 * the transfer has not ended, because none was started yet or somebody terminated it, one is started from the row first.
 * The row is what is answered; the update only says when to look. Imported by api/ only.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { ApplicationFailure, WorkflowNotFoundError, type UpdateDefinition } from '@temporalio/common';
import type { Context } from 'hono';
import { findTransfer, type Transfer } from '../db/transfer/queries.ts';
import type { TransferId } from '../domain/ids.ts';
import { isTerminal } from '../domain/transfer.ts';
import { startTransfer } from '../temporal/start-movement.ts';
import { transferWorkflowId, type UpdateRefusal } from '../workflows/messages.ts';
import { databaseStep } from './database-step.ts';
import { overloaded } from './load-limits.ts';
import type { MovementDeps } from './movement.ts';
import { waitPreference } from './prefer-wait.ts';
import { ProblemError } from './problem.ts';
import type { ApiEnv } from './request-context.ts';

/** `answered`: the workflow has done it. `taken`: it will. A refusal is the workflow's own. */
export type Outcome = 'answered' | 'taken' | UpdateRefusal;

/** Until a worker has judged the request, and until its answer unless the client prefers otherwise. */
const ACCEPTANCE_LIMIT_MS = 10_000;
const ANSWER_SECONDS_DEFAULT = 10;
/** A run that is just ending has ended by then, and its row says so. */
const LOOK_AGAIN_MS = 100;

/**
 * Raises `temporal_unavailable` if it is not known whether the request was taken: repeating it is safe. The row is as it was
 * after the answer.
 */
export async function askTransfer<Answer, Args extends unknown[]>(
  c: Context<ApiEnv>,
  { database, starter, acceptance: { client, monitor, draining } }: MovementDeps,
  transferId: TransferId,
  update: UpdateDefinition<Answer, Args>,
  args: Args,
): Promise<{ row: Transfer; outcome: Outcome }> {
  const receivedAt = performance.now();
  const look = async (): Promise<Transfer> => (await databaseStep(database, () => findTransfer(database, transferId)))!;
  if (!c.var.slot.becomeWaiter()) throw overloaded();

  const givenUp = new AbortController();
  const signal = AbortSignal.any([c.req.raw.signal, draining, givenUp.signal]);
  // A server that is known to be down is not waited for.
  const watch = setInterval(() => monitor.isDown() && givenUp.abort(), LOOK_AGAIN_MS);
  try {
    while (performance.now() - receivedAt < ACCEPTANCE_LIMIT_MS && !signal.aborted && !monitor.isDown()) {
      try {
        const outcome = await client.connection.withAbortSignal(signal, () => ask(receivedAt));
        return { row: await look(), outcome };
      } catch (error) {
        if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) break;
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
      const row = await look();
      if (isTerminal(row.status)) return { row, outcome: 'answered' };
      await client.connection.withAbortSignal(signal, () => startTransfer({ ...starter, client }, row));
      await sleep(LOOK_AGAIN_MS);
    }
  } catch (error) {
    if (!signal.aborted && !monitor.isDown()) throw error;
  } finally {
    clearInterval(watch);
  }
  throw new ProblemError('temporal_unavailable', {
    detail: 'Whether the request was taken is not known. Repeating it is safe.',
  });

  async function ask(askedAt: number): Promise<Outcome> {
    const handle = client.workflow.getHandle(transferWorkflowId(transferId));
    const acceptedBy = Date.now() + ACCEPTANCE_LIMIT_MS - (performance.now() - askedAt);
    const options = { args, waitForStage: 'ACCEPTED' } as unknown as { args: Args; waitForStage: 'ACCEPTED' };
    const accepted = await client.withDeadline(acceptedBy, () =>
      handle.startUpdate<Answer, [unknown, ...unknown[]]>(update as never, options as never),
    );
    const waitSeconds = waitPreference(c.req.header('prefer')) ?? ANSWER_SECONDS_DEFAULT;
    const answeredBy = Date.now() + waitSeconds * 1_000 - (performance.now() - askedAt);
    try {
      await client.withDeadline(answeredBy, () => accepted.result());
      return 'answered';
    } catch (error) {
      if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return 'taken';
      const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
      if (cause instanceof ApplicationFailure && isRefusal(cause.type)) return cause.type;
      // Its run was ended from outside after it had taken the request; the next one may or may not have heard of it.
      throw error instanceof WorkflowUpdateFailedError
        ? new WorkflowNotFoundError(error.message, '', undefined)
        : error;
    }
  }
}

function isRefusal(type: string | undefined | null): type is UpdateRefusal {
  return type === 'not_capturable' || type === 'not_cancelable' || type === 'not_resolvable';
}
