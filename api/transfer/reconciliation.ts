/** The routes of the reconciliation: ask for a run, show one, list them. The run itself is workflows/transfer/reconciliation.ts. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { beginRun, findRun, finishRun, listRuns, type ReconciliationRun } from '../../db/transfer/run-queries.ts';
import type { RunId } from '../../domain/ids.ts';
import {
  DISAGREEMENTS,
  EMPTY_TALLY,
  EVERY_SECONDS,
  RUN_SCOPES,
  RUN_STATUSES,
} from '../../domain/transfer/reconciliation.ts';
import { answerWithin } from '../../temporal/health.ts';
import { startReconciliation } from '../../temporal/transfer/start-reconciliation.ts';
import { reconciliationWorkflowId } from '../../workflows/transfer/messages.ts';
import type { AcceptanceDeps } from './acceptance.ts';
import { byWhom } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import { exampleMovementId, exampleRunId, idAnswer, instantAnswer, runIdField } from '../http/fields.ts';
import { overloaded } from '../http/load-limits.ts';
import type { MovementDeps } from './movement.ts';
import { creationCursor, decodeCursor, listOf, pageOf, pageParameters, pageSchema } from '../http/pagination.ts';
import { waitPreference, waitForRow } from '../http/prefer-wait.ts';
import { ProblemError } from '../http/problem.ts';
import { BODY_PROBLEMS, PAGE_PROBLEMS, problemResponses } from '../http/problem-schema.ts';
import { readJsonOrNothing } from '../http/request-body.ts';
import type { ApiEnv } from '../http/env.ts';
import { faultCode } from '../http/validation.ts';
import { requires } from '../http/scopes.ts';

const runAnswer = z
  .object({
    run_id: idAnswer(exampleRunId),
    trigger: z.enum(['schedule', 'request']),
    scope: z.enum(RUN_SCOPES),
    status: z.enum(RUN_STATUSES).openapi({
      example: 'REPAIRED',
      description: `CLEAN: everything agrees. REPAIRED: all that disagreed was repaired. FOUND: there are cases. FAILED: the run
could not finish, and the next one looks at the same changes again.`,
    }),
    from: instantAnswer.nullable().openapi({
      description:
        'The run looks at changes from this time on, which is before the end of the last run; null with the scope `all`.',
    }),
    to: instantAnswer.openapi({ description: 'The run looks at changes before this time.' }),
    checked: z.int().openapi({ example: 1204, description: 'Movements, entries and wallets that were looked at.' }),
    repaired: z
      .int()
      .openapi({ example: 1, description: 'Workflows that were started again, and Schedules that were put right.' }),
    cases_opened: z.int().openapi({ example: 0 }),
    cases_closed: z.int().openapi({ example: 0 }),
    found: z.int().openapi({ example: 0, description: 'Subjects that disagree, including those of open cases.' }),
    findings: z.array(z.object({ subject: z.string(), reason: z.enum(DISAGREEMENTS), detail: z.string() })).openapi({
      description: 'The first findings.',
      example: [
        {
          subject: `transfer/${exampleMovementId}`,
          reason: 'entries_disagree',
          detail: 'it is COMPLETED with the entries: none',
        },
      ],
    }),
    error: z.string().nullable().openapi({ example: null }),
    started_at: instantAnswer,
    finished_at: instantAnswer.nullable(),
  })
  .openapi('ReconciliationRun');

const runRequest = z
  .strictObject(
    {
      scope: z
        .enum(RUN_SCOPES, { error: faultCode('scope_invalid') })
        .default('changes')
        .openapi({
          description: '`changes`: what changed since the last run, and a part of the rest. `all`: everything.',
        }),
    },
    { error: faultCode('body_invalid') },
  )
  .openapi('ReconciliationRunRequest');

const content = { 'application/json': { schema: runAnswer } };
const Location = { description: 'The path of the run.', schema: { type: 'string' as const } };

const post = createRoute({
  method: 'post',
  path: '/v1/reconciliation-runs',
  operationId: 'createReconciliationRun',
  summary: 'Compare transfers, ledger and workflows now',
  tags: ['Reconciliation'],
  description: `A run looks at what changed since the last run, and at a part of the rest. It looks twice at what disagrees; then
it repairs that where it is safe, or opens a case. A run is made every ${EVERY_SECONDS / 60} minutes anyway. Each request makes a
run of its own, which may go on beside others; too many at once are refused with 429. With \`scope: "all"\`, meant for the time
after a database was restored, a run looks at everything, however long that takes.`,
  request: {
    headers: z.object({
      Prefer: z.string().optional().openapi({
        example: 'wait=30',
        description:
          'With `wait=N` (RFC 7240) the answer comes with the result, and after N seconds at most; N is at most 60.',
      }),
    }),
    body: { content: { 'application/json': { schema: runRequest } } },
  },
  middleware: [requires('cases:write'), readJsonOrNothing] as const,
  responses: {
    200: {
      description: 'The client waited, and the run has finished.',
      headers: { Location, 'Preference-Applied': { description: '`wait=N`', schema: { type: 'string' as const } } },
      content,
    },
    202: { description: 'The run goes on.', headers: { Location }, content },
    ...problemResponses(...BODY_PROBLEMS, 'scope_invalid', 'database_unavailable', 'temporal_unavailable'),
  },
});

const get = createRoute({
  method: 'get',
  path: '/v1/reconciliation-runs/{run_id}',
  operationId: 'getReconciliationRun',
  summary: 'A run and its result',
  tags: ['Reconciliation'],
  middleware: requires('cases:read'),
  request: { params: z.object({ run_id: runIdField }) },
  responses: {
    200: { description: 'The run as it is now.', content },
    ...problemResponses('run_not_found', 'run_id_invalid', 'database_unavailable'),
  },
});

const list = createRoute({
  method: 'get',
  path: '/v1/reconciliation-runs',
  operationId: 'listReconciliationRuns',
  summary: 'Runs, newest first',
  description:
    'Runs are kept for 90 days, and the newest 100,000 at most. The cases that they have opened, and their log, are kept for ever.',
  tags: ['Reconciliation'],
  middleware: requires('cases:read'),
  request: { query: z.strictObject(pageParameters) },
  responses: {
    200: { description: 'A page of runs.', content: { 'application/json': { schema: pageSchema(runAnswer) } } },
    ...problemResponses(...PAGE_PROBLEMS, 'database_unavailable'),
  },
});

const START_LIMIT_MS = 1_500;

export function reconciliationRoutes({ database, acceptance }: MovementDeps) {
  const { client, monitor } = acceptance;
  return new OpenAPIHono<ApiEnv>()
    .openapi(post, async (c) => {
      const receivedAt = performance.now();
      const { scope } = c.req.valid('json');
      const runId = crypto.randomUUID() as RunId;
      const workflowId = reconciliationWorkflowId(runId);
      c.var.log.setBindings({ workflow_id: workflowId });
      if (monitor.isDown())
        throw new ProblemError('temporal_unavailable', { detail: 'Nothing was started. Try again.' });
      const run = { runId, workflowId, trigger: 'request', scope, by: byWhom(c) } as const;
      const row = await boundedQuery(database, () => beginRun(database, run), { isWrite: true });
      if (row === undefined) throw overloaded('runs');
      try {
        await answerWithin(client, START_LIMIT_MS, () => startReconciliation(client, runId, scope));
      } catch (error) {
        monitor.suspect();
        // A start that lands all the same is harmless: the run finds its result already written.
        await boundedQuery(database, () =>
          finishRun(database, runId, { status: 'FAILED', tally: EMPTY_TALLY, error: 'it could not be started' }),
        ).catch(() => {});
        throw new ProblemError('temporal_unavailable', { detail: 'Repeating the request is safe.', cause: error });
      }
      c.header('Location', `/v1/reconciliation-runs/${runId}`);
      const latest = await waited(c, acceptance, receivedAt, row, () => findRun(database, runId));
      return c.json(render(latest), isFinished(latest) ? 200 : 202);
    })
    .openapi(get, async (c) => {
      const { run_id: id } = c.req.valid('param');
      const run = await boundedQuery(database, () => findRun(database, id));
      if (run === undefined) throw new ProblemError('run_not_found', { detail: `There is no run ${id}.` });
      return c.json(render(run), 200);
    })
    .openapi(list, async (c) => {
      const { limit, cursor } = c.req.valid('query');
      const position = decodeCursor(listOf(c), creationCursor, cursor);
      const after = position && { startedAt: position[0], runId: position[1] as RunId };
      const rows = await boundedQuery(database, () => listRuns(database, { after, limit: limit + 1 }));
      return c.json(
        pageOf(rows, { list: listOf(c), limit, render, cursorOf: (row) => [row.startedAt.toISOString(), row.runId] }),
        200,
      );
    });
}

/** Returns the run once it has finished, if the client prefers to wait for that; otherwise as it is. */
async function waited(
  c: Context<ApiEnv>,
  { client, draining }: AcceptanceDeps,
  receivedAt: number,
  row: ReconciliationRun,
  look: () => Promise<ReconciliationRun | undefined>,
): Promise<ReconciliationRun> {
  const waitSeconds = waitPreference(c.req.header('prefer'));
  if (waitSeconds === undefined || draining.aborted || !c.var.slot.becomeWaiter()) return row;
  const latest = await waitForRow({
    row,
    isWaitOver: isFinished,
    look,
    untilNews: async (signal) => {
      await client.connection.withAbortSignal(signal, () => client.workflow.getHandle(row.workflowId).result());
    },
    limitMs: waitSeconds * 1_000 - (performance.now() - receivedAt),
    signal: AbortSignal.any([c.req.raw.signal, draining]),
  });
  if (!draining.aborted || isFinished(latest)) c.header('Preference-Applied', `wait=${waitSeconds}`);
  return latest;
}

function isFinished({ status }: ReconciliationRun): boolean {
  return status !== 'RUNNING';
}

function render(row: ReconciliationRun): z.input<typeof runAnswer> {
  return {
    run_id: row.runId,
    trigger: row.trigger,
    scope: row.scope,
    status: row.status,
    from: row.scope === 'all' ? null : row.fromMark.toISOString(),
    to: row.toMark.toISOString(),
    checked: row.checked,
    repaired: row.repaired,
    cases_opened: row.casesOpened,
    cases_closed: row.casesClosed,
    found: row.found,
    findings: [...row.findings],
    error: row.error,
    started_at: row.startedAt.toISOString(),
    finished_at: row.finishedAt?.toISOString() ?? null,
  };
}
