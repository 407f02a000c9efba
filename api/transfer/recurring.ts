/**
 * The routes of recurring transfers: create one, show it, list its runs, list them all. The routes that stop one, or run it now,
 * are in recurring-control.ts.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import {
  createRecurringTransfer,
  findRecurringTransfer,
  listRecurringTransfers,
  type RecurringTransfer,
} from '../../db/transfer/recurring-queries.ts';
import { listRuns, listSkips } from '../../db/transfer/recurring-runs.ts';
import { recurringTransferId } from '../../domain/derived-id.ts';
import type { RecurringTransferId, TransferId } from '../../domain/ids.ts';
import { recurringBodyHash } from '../../domain/transfer/recurring-body.ts';
import { RECURRING_STATUSES } from '../../domain/transfer/recurring.ts';
import { answerWithin } from '../../temporal/health.ts';
import { nextRuns, type ScheduleState } from '../../temporal/transfer/recurring-schedule.ts';
import { tendRecurring } from '../../temporal/transfer/tend-recurring.ts';
import { acceptOnce, START_LIMIT_MS, type AcceptanceDeps } from './acceptance.ts';
import { byWhom } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import { instantField, recurringTransferIdField, walletIdField } from '../http/fields.ts';
import { idempotencyKeyHeader } from '../http/idempotency-key.ts';
import { movementProblems, type MovementDeps } from './movement.ts';
import { noteFaults, precisionFaults } from './only-if-new.ts';
import {
  creationPage,
  decodeCursor,
  listOf,
  pageOf,
  pageParameters,
  pageSchema,
  placeAfter,
} from '../http/pagination.ts';
import { faultyRequest } from '../http/problem.ts';
import { PAGE_PROBLEMS, problemResponses } from '../http/problem-schema.ts';
import {
  recurringAnswer,
  recurringDetails,
  recurringMade,
  recurringNotFound,
  recurringRequest,
  renderRecurring,
  renderRun,
  runAnswer,
  skipAnswer,
  termsOf,
  neverFault,
} from './recurring-fields.ts';
import { readJson } from '../http/request-body.ts';
import type { ApiEnv } from '../http/env.ts';
import { faultCode } from '../http/validation.ts';
import { requiresInTenant } from '../http/scopes.ts';

const tags = ['Recurring transfers'];
const idParameter = z.object({ recurring_transfer_id: recurringTransferIdField });
const oneProblems = ['recurring_transfer_not_found', 'recurring_transfer_id_invalid', 'database_unavailable'] as const;

const post = createRoute({
  method: 'post',
  path: '/v1/recurring-transfers',
  operationId: 'createRecurringTransfer',
  summary: 'Create a recurring transfer',
  tags,
  description: `Each run is an ordinary transfer. If that fails, for example because there is too little money, the run is not
repeated. A run moves its money once: the transfer's id is derived from the id of the recurring transfer and the time that the run
is for.

**Missed runs**: a run that is missed because something was down is caught up within a day; later it is skipped, and listed. A run
that falls into a pause does not count as missed.`,
  middleware: [requiresInTenant('transfers:write'), readJson] as const,
  request: {
    headers: z.object({ 'Idempotency-Key': idempotencyKeyHeader }),
    body: { required: true, content: { 'application/json': { schema: recurringRequest } } },
  },
  responses: {
    201: {
      description: 'The recurring transfer, created now or by an earlier request with this key.',
      headers: {
        Location: { description: 'The path of the recurring transfer.', schema: { type: 'string' } },
        'Idempotent-Replayed': {
          description: '`true` if an earlier request with this key created it.',
          schema: { type: 'string', enum: ['true'] },
        },
      },
      content: { 'application/json': { schema: recurringMade } },
    },
    ...problemResponses(
      ...movementProblems,
      'same_wallet',
      'every_or_calendar',
      'every_invalid',
      'calendar_invalid',
      'missing_day_invalid',
      'calendar_never',
      'time_zone_invalid',
      'instant_invalid',
      'ends_before_start',
      'ends_in_the_past',
      'ends_before_first_run',
    ),
  },
});

const get = createRoute({
  method: 'get',
  path: '/v1/recurring-transfers/{recurring_transfer_id}',
  operationId: 'getRecurringTransfer',
  summary: 'A recurring transfer, with its next, last and skipped runs',
  tags,
  middleware: requiresInTenant('transfers:read'),
  request: { params: idParameter },
  responses: {
    200: {
      description: 'The recurring transfer as it is now.',
      content: { 'application/json': { schema: recurringDetails } },
    },
    ...problemResponses(...oneProblems),
  },
});

const list = createRoute({
  method: 'get',
  path: '/v1/recurring-transfers',
  operationId: 'listRecurringTransfers',
  summary: 'Recurring transfers, newest first',
  tags,
  description: 'Includes deleted ones, unless `status` says otherwise.',
  middleware: requiresInTenant('transfers:read'),
  request: {
    query: z.strictObject({
      status: z.enum(RECURRING_STATUSES, { error: faultCode('status_invalid') }).optional(),
      wallet_id: walletIdField.optional().openapi({ description: 'As sender or receiver.' }),
      ...pageParameters,
    }),
  },
  responses: {
    200: {
      description: 'A page of recurring transfers.',
      content: { 'application/json': { schema: pageSchema(recurringAnswer) } },
    },
    ...problemResponses('status_invalid', 'wallet_id_invalid', ...PAGE_PROBLEMS, 'database_unavailable'),
  },
});

const getRuns = createRoute({
  method: 'get',
  path: '/v1/recurring-transfers/{recurring_transfer_id}/runs',
  operationId: 'listRecurringTransferRuns',
  summary: 'The transfers of a recurring transfer, newest first',
  tags,
  middleware: requiresInTenant('transfers:read'),
  request: { params: idParameter, query: z.strictObject(pageParameters) },
  responses: {
    200: { description: 'A page of runs.', content: { 'application/json': { schema: pageSchema(runAnswer) } } },
    ...problemResponses(...oneProblems, ...PAGE_PROBLEMS),
  },
});

const getSkips = createRoute({
  method: 'get',
  path: '/v1/recurring-transfers/{recurring_transfer_id}/skipped-runs',
  operationId: 'listSkippedRuns',
  summary: 'The runs that were missed and not caught up, the latest first',
  tags,
  description:
    'A missed run is listed here when it can no longer be caught up, which is a day and about an hour after its time. To pay it ' +
    'all the same, trigger a run.',
  middleware: requiresInTenant('transfers:read'),
  request: { params: idParameter, query: z.strictObject(pageParameters) },
  responses: {
    200: {
      description: 'A page of skipped runs.',
      content: { 'application/json': { schema: pageSchema(skipAnswer) } },
    },
    ...problemResponses(...oneProblems, ...PAGE_PROBLEMS),
  },
});

const RUNS_SHOWN_MAX = 10;
const TEMPORAL_LIMIT_MS = 1_000;

export function recurringRoutes(deps: MovementDeps) {
  const { database, starter, acceptance, amountPrecision } = deps;
  const { client, starts } = acceptance;

  return new OpenAPIHono<ApiEnv>()
    .openapi(post, async (c) => {
      const idempotencyKey = c.req.valid('header')['Idempotency-Key'];
      const terms = termsOf(c.req.valid('json'));
      const { tenant } = c.var.holder;
      const id = recurringTransferId(idempotencyKey, tenant);
      const bodyHash = recurringBodyHash(terms);
      const find = () => findRecurringTransfer(database, id);
      c.var.log.setBindings({ recurring_transfer_id: id });

      const { row, isNew } = await acceptOnce(c, acceptance, {
        database,
        bodyHash,
        // A recurring transfer itself moves no money.
        shards: [],
        find,
        faultsIfNew: [...precisionFaults(terms, 'between_wallets', amountPrecision), ...noteFaults(terms)],
        async store() {
          const fault = neverFault(terms, new Date());
          if (fault !== undefined) {
            // A repeat may come when there are no runs left.
            if ((await find()) === undefined) throw faultyRequest([fault]);
            return undefined;
          }
          const named = { tenant, idempotencyKey, bodyHash };
          return createRecurringTransfer(database, id, terms, named, c.var.trace, byWhom(c));
        },
      });
      // The row is enough for an answer: the sweep makes the Schedule if it is not there in time.
      const tend = () => tendRecurring({ client, binding: starter.binding, database }, row);
      if (isNew) await starts.start(tend, START_LIMIT_MS, c.var.log);
      c.header('Location', `/v1/recurring-transfers/${id}`);
      const next = await nextRunsOf(acceptance, row);
      // Without its Schedule, nobody knows yet.
      const known = next?.state === 'missing' ? undefined : next;
      return c.json({ ...renderRecurring(row), next_runs: renderTimes(known?.times) }, 201);
    })
    .openapi(get, async (c) => {
      const { recurring_transfer_id: id } = c.req.valid('param');
      c.var.log.setBindings({ recurring_transfer_id: id });
      const { row, runs, skips } = await boundedQuery(database, async () => ({
        row: await findRecurringTransfer(database, id, c.var.holder.tenant),
        runs: await listRuns(database, id, { limit: RUNS_SHOWN_MAX }),
        skips: await listSkips(database, id, { limit: RUNS_SHOWN_MAX }),
      }));
      if (row === undefined) throw recurringNotFound(id);
      const next = await nextRunsOf(acceptance, row);
      return c.json(
        {
          ...renderRecurring(row),
          next_runs: renderTimes(next?.times),
          schedule: next?.state ?? null,
          last_runs: runs.map(renderRun),
          skipped_runs: skips.map((at) => at.toISOString()),
        },
        200,
      );
    })
    .openapi(list, async (c) => {
      const { status, wallet_id: walletId, limit, cursor } = c.req.valid('query');
      const after = placeAfter(c, cursor);
      const filter = { tenant: c.var.holder.tenant, status, walletId, after, limit: limit + 1 };
      const listed = await boundedQuery(database, () => listRecurringTransfers(database, filter));
      const placeOf = ({ createdAt, recurringTransferId: id }: RecurringTransfer) => ({ createdAt, id });
      return c.json(creationPage(c, listed, { limit, placeOf, render: renderRecurring }), 200);
    })
    .openapi(getRuns, async (c) => {
      const { recurring_transfer_id: id } = c.req.valid('param');
      const { limit, cursor } = c.req.valid('query');
      const at = placeAfter(c, cursor);
      const after = at && { createdAt: at.createdAt, transferId: at.id as TransferId };
      const rows = await ofExisting(c, id, () => listRuns(database, id, { after, limit: limit + 1 }));
      const placeOf = ({ createdAt, transferId }: (typeof rows)[number]) => ({ createdAt, id: transferId });
      return c.json(creationPage(c, { rows }, { limit, placeOf, render: renderRun }), 200);
    })
    .openapi(getSkips, async (c) => {
      const { recurring_transfer_id: id } = c.req.valid('param');
      const { limit, cursor } = c.req.valid('query');
      const before = decodeCursor(listOf(c), instantField, cursor);
      const times = await ofExisting(c, id, () => listSkips(database, id, { before, limit: limit + 1 }));
      const render = (at: Date) => ({ scheduled_for: at.toISOString() });
      return c.json(pageOf(times, { list: listOf(c), limit, render, cursorOf: (at) => at.toISOString() }), 200);
    });

  /** Returns the items of a recurring transfer; throws if it does not exist, which an empty list alone does not tell. */
  async function ofExisting<Item>(
    c: Context<ApiEnv>,
    id: RecurringTransferId,
    items: () => Promise<Item[]>,
  ): Promise<Item[]> {
    const listed = await boundedQuery(database, async () =>
      (await findRecurringTransfer(database, id, c.var.holder.tenant)) === undefined ? undefined : items(),
    );
    if (listed === undefined) throw recurringNotFound(id);
    return listed;
  }
}

async function nextRunsOf(
  { client, monitor }: AcceptanceDeps,
  row: RecurringTransfer,
): Promise<{ state: ScheduleState | null; times: Date[] } | undefined> {
  if (row.status !== 'ACTIVE') return { state: null, times: [] };
  if (monitor.isDown()) return undefined;
  return answerWithin(client, TEMPORAL_LIMIT_MS, () => nextRuns(client, row)).catch(() => undefined);
}

function renderTimes(times: readonly Date[] | undefined): string[] | null {
  return times?.map((at) => at.toISOString()) ?? null;
}
