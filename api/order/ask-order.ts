/**
 * Requests to the workflow of an order. If an order that has not ended has no run, because none was started yet or somebody
 * terminated it, a run is started from the row first.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError, type Client } from '@temporalio/client';
import { ApplicationFailure, WorkflowNotFoundError, type UpdateDefinition } from '@temporalio/common';
import type { Context } from 'hono';
import { findOrder, type Order } from '../../db/order/queries.ts';
import { hasOrderEnded } from '../../domain/order/order.ts';
import { takesNoMoreUpdates } from '../../temporal/exhausted-updates.ts';
import { startOrder } from '../../temporal/order/start-order.ts';
import { unlessClosed } from '../../temporal/run-of-another-body.ts';
import { orderWorkflowId, type OrderRefusal } from '../../workflows/order/messages.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import { ProblemError } from '../http/problem.ts';
import type { OrderDeps } from './deps.ts';

export type OrderAnswer<Result> =
  | { readonly outcome: 'taken'; readonly result: Result }
  | { readonly outcome: 'refused'; readonly refusal: OrderRefusal }
  | { readonly outcome: 'ended' };

/** Longer than the workflow takes to answer what is not decided yet (workflows/order/requests.ts). */
const ANSWER_LIMIT_MS = 10_000;
const LOOK_AGAIN_MS = 100;
/** Without an answer for this long, Temporal may be down. */
const SUSPECT_AFTER_MS = 500;

/** Throws `temporal_unavailable` if it is not known whether the request was taken: it is safe to repeat. */
export async function askOrder<Result, Asked extends [] | [object]>(
  c: Context<ApiEnv>,
  { database, client, starter, monitor, draining }: OrderDeps,
  order: Order,
  update: UpdateDefinition<Result, Asked>,
  ...asked: Asked
): Promise<OrderAnswer<Result>> {
  const givenUp = new AbortController();
  const gone = AbortSignal.any([c.req.raw.signal, draining]);
  const signal = AbortSignal.any([gone, givenUp.signal, AbortSignal.timeout(ANSWER_LIMIT_MS)]);
  const handle = client.workflow.getHandle(orderWorkflowId(order.orderId));
  let row = order;
  const suspicion = setTimeout(() => monitor.suspect(), SUSPECT_AFTER_MS);
  // A server that is known to be down is not waited for.
  const watch = setInterval(() => monitor.isDown() && givenUp.abort(), LOOK_AGAIN_MS);
  try {
    while (!signal.aborted && !monitor.isDown()) {
      if (hasOrderEnded(row)) return { outcome: 'ended' };
      if (!(await isOwnNamespace())) continue;
      const answer = await client.connection.withAbortSignal(signal, ask);
      if (answer !== 'no_run') return answer;
      row = (await boundedQuery(database, () => findOrder(database, order.orderId), { isWrite: true }))!;
      if (!hasOrderEnded(row) && (await isOwnNamespace()))
        await client.connection.withAbortSignal(signal, () => startOrder({ ...starter, client, isEager: false }, row));
      await sleep(LOOK_AGAIN_MS);
    }
  } catch (error) {
    if (!signal.aborted && !monitor.isDown()) throw error;
  } finally {
    clearTimeout(suspicion);
    clearInterval(watch);
  }
  throw notKnown();

  /** Whether Temporal is this installation's: another may have this order. If Temporal is late, it is asked again. */
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

  async function ask(): Promise<OrderAnswer<Result> | 'no_run'> {
    try {
      // Cast, because the compiler cannot see that an update without an argument is sent none.
      const result = await handle.executeUpdate<Result, [unknown, ...unknown[]]>(update as never, {
        args: asked as never,
      });
      return { outcome: 'taken', result };
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return 'no_run';
      if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) throw notKnown();
      if (takesNoMoreUpdates(error)) return makeWay(client, handle.workflowId);
      if (!(error instanceof WorkflowUpdateFailedError)) throw error;
      const { cause } = error;
      const refusal = cause instanceof ApplicationFailure ? REFUSALS.find((each) => each === cause.type) : undefined;
      // Otherwise the run was ended from outside after it had taken the request, and the next one may not know of it.
      return refusal === undefined ? 'no_run' : { outcome: 'refused', refusal };
    }
  }
}

/** Ends a run that takes no more updates: the next one takes its place from the row and the fences, and as many again. */
async function makeWay(client: Client, workflowId: string): Promise<'no_run'> {
  const { runId } = await client.workflow.getHandle(workflowId).describe();
  const run = client.workflow.getHandle(workflowId, runId);
  await unlessClosed(run.terminate('it took as many updates as a run takes; another one goes on'));
  return 'no_run';
}

const REFUSALS: readonly OrderRefusal[] = ['not_confirmed', 'no_such_consignment', 'not_cancelable', 'not_resolvable'];

function notKnown(): ProblemError {
  return new ProblemError('temporal_unavailable', {
    detail: 'Whether the request was taken is not known. Repeat it: a repeat does nothing twice.',
  });
}
