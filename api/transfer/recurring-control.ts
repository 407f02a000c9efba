/**
 * The routes that pause a recurring transfer, resume it, end it, and run it now. A change is stored before it is answered: a run
 * that comes after the answer to a pause accepts nothing, whatever the Schedule does meanwhile.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import {
  changeRecurringStatus,
  findRecurringTransfer,
  type RecurringTransfer,
} from '../../db/transfer/recurring-queries.ts';
import { acceptTriggeredRun } from '../../db/transfer/recurring-runs.ts';
import { findTransfer } from '../../db/transfer/queries.ts';
import { recurringRunId } from '../../domain/derived-id.ts';
import { shardsOf } from '../../domain/routing.ts';
import type { RecurringTransferId } from '../../domain/ids.ts';
import { transferBodyHash } from '../../domain/transfer/movement-body.ts';
import { triggeredRunName, type RecurringStatus } from '../../domain/transfer/recurring.ts';
import { startTransfer } from '../../temporal/transfer/start-movement.ts';
import { tendRecurring } from '../../temporal/transfer/tend-recurring.ts';
import { transferWorkflowId } from '../../workflows/transfer/messages.ts';
import { acceptMovement, START_LIMIT_MS } from './acceptance.ts';
import { byWhom } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import { recurringTransferIdField } from '../http/fields.ts';
import { movementHeaders, movementResponses, type MovementDeps } from './movement.ts';
import { ProblemError } from '../http/problem.ts';
import { problemResponses } from '../http/problem-schema.ts';
import { recurringAnswer, recurringNotFound, renderRecurring } from './recurring-fields.ts';
import type { ApiEnv } from '../http/env.ts';
import { requiresInTenant } from '../http/scopes.ts';
import { isWaitOver, renderTransfer, transferAnswer } from './answer.ts';

const tags = ['Recurring transfers'];
const request = { params: z.object({ recurring_transfer_id: recurringTransferIdField }) };
const path = '/v1/recurring-transfers/{recurring_transfer_id}';
const response = (description: string) => ({
  description,
  content: { 'application/json': { schema: recurringAnswer } },
});
const oneProblems = ['recurring_transfer_not_found', 'recurring_transfer_id_invalid', 'database_unavailable'] as const;

const pause = createRoute({
  method: 'post',
  path: `${path}/pause`,
  operationId: 'pauseRecurringTransfer',
  summary: 'Stop the runs of a recurring transfer',
  tags,
  description:
    'Once this is answered, no run accepts a transfer; transfers accepted before go on. Runs that fall into the pause are never ' +
    'made up for. A repeat changes nothing. Works while Temporal is down.',
  middleware: requiresInTenant('transfers:write'),
  request,
  responses: { 200: response('Paused.'), ...problemResponses(...oneProblems, 'recurring_transfer_deleted') },
});

const resume = createRoute({
  method: 'post',
  path: `${path}/resume`,
  operationId: 'resumeRecurringTransfer',
  summary: 'Resume a paused recurring transfer',
  tags,
  description:
    'Goes on with the next time after now; a repeat changes nothing. Runs that were due during the pause are not paid. Runs that ' +
    'were due before it, within the last day, and could not run are made up for.',
  middleware: requiresInTenant('transfers:write'),
  request,
  responses: { 200: response('Active.'), ...problemResponses(...oneProblems, 'recurring_transfer_deleted') },
});

const remove = createRoute({
  method: 'delete',
  path,
  operationId: 'deleteRecurringTransfer',
  summary: 'End a recurring transfer',
  tags,
  description:
    'Ends it for ever: it has no further run and cannot be triggered, but it and its runs can still be read. A repeat changes ' +
    'nothing. Works while Temporal is down.',
  middleware: requiresInTenant('transfers:write'),
  request,
  responses: { 200: response('Deleted.'), ...problemResponses(...oneProblems) },
});

const { 200: ended, 202: accepted } = movementResponses(transferAnswer);

const trigger = createRoute({
  method: 'post',
  path: `${path}/trigger`,
  operationId: 'triggerRecurringTransfer',
  summary: 'Run a recurring transfer now',
  tags,
  description:
    'Makes a run beside the scheduled ones, even while it is paused. Returns the transfer, as `POST /v1/transfers` does; the key ' +
    'names that transfer.',
  middleware: requiresInTenant('transfers:write'),
  request: { ...request, headers: movementHeaders },
  responses: {
    200: ended,
    202: accepted,
    ...problemResponses(
      ...oneProblems,
      'idempotency_key_missing',
      'idempotency_key_invalid',
      'idempotency_key_reused',
      'recurring_transfer_deleted',
      'temporal_unavailable',
    ),
  },
});

export function recurringControlRoutes(deps: MovementDeps) {
  const { database, starter, acceptance, deadlineSeconds } = deps;
  const { client, monitor, starts } = acceptance;

  return new OpenAPIHono<ApiEnv>()
    .openapi(pause, async (c) => {
      const { recurring_transfer_id: id } = c.req.valid('param');
      return c.json(renderRecurring(await change(id, 'PAUSED', c)), 200);
    })
    .openapi(resume, async (c) => {
      const { recurring_transfer_id: id } = c.req.valid('param');
      return c.json(renderRecurring(await change(id, 'ACTIVE', c)), 200);
    })
    .openapi(remove, async (c) => {
      const { recurring_transfer_id: id } = c.req.valid('param');
      return c.json(renderRecurring(await change(id, 'DELETED', c)), 200);
    })
    .openapi(trigger, async (c) => {
      const { recurring_transfer_id: id } = c.req.valid('param');
      const idempotencyKey = c.req.valid('header')['Idempotency-Key'];
      const recurring = await boundedQuery(database, () => findRecurringTransfer(database, id, c.var.holder.tenant));
      if (recurring === undefined) throw recurringNotFound(id);
      const transferId = recurringRunId(id, triggeredRunName(idempotencyKey));
      const find = () => findTransfer(database, transferId);
      c.var.log.setBindings({ recurring_transfer_id: id, transfer_id: transferId });

      const { row, status } = await acceptMovement(c, acceptance, {
        kind: 'transfer',
        database,
        workflowId: transferWorkflowId(transferId),
        // The body is the recurring transfer's terms, which never change.
        bodyHash: transferBodyHash(recurring),
        shards: shardsOf([recurring.senderWalletId, recurring.receiverWalletId], starter.walletShardCount),
        find,
        async store() {
          const [trace, by] = [c.var.trace, byWhom(c)];
          const stored = await acceptTriggeredRun(database, recurring, idempotencyKey, deadlineSeconds, trace, by);
          // A key that was used before the deletion still names its transfer.
          if (stored === undefined && (await find()) === undefined) throw deleted(id);
          return stored;
        },
        start: (transfer) => startTransfer(starter, transfer),
        isWaitOver,
        notifier: acceptance.notifiers?.transfers,
      });

      c.header('Location', `/v1/transfers/${transferId}`);
      return c.json(renderTransfer(row), status);
    });

  /** Stores the status, and makes the Schedule agree with it; if that takes too long, the sweep does it. */
  async function change(
    id: RecurringTransferId,
    status: RecurringStatus,
    c: Context<ApiEnv>,
  ): Promise<RecurringTransfer> {
    const { trace, log } = c.var;
    log.setBindings({ recurring_transfer_id: id });
    const row = await boundedQuery(database, () => changeRecurringStatus(database, id, status, trace, byWhom(c)), {
      isWrite: true,
    });
    if (row === undefined) throw recurringNotFound(id);
    // Another request may have changed the status again meanwhile, which is no fault of this one.
    if (row.status === 'DELETED' && status !== 'DELETED') throw deleted(id);
    if (row.tendDueAt !== null && !monitor.isDown())
      await starts.start(() => tendRecurring({ client, binding: starter.binding, database }, row), START_LIMIT_MS, log);
    return row;
  }
}

function deleted(id: RecurringTransferId): ProblemError {
  return new ProblemError('recurring_transfer_deleted', { detail: `${id} was deleted, for ever.` });
}
