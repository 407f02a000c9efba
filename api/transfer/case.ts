/**
 * The routes of cases: what waits for an operator, and decisions about findings of the reconciliation. A case of a compensation that
 * keeps failing closes with its movement's workflow; for a transfer, the transfer's route takes the decision.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Database } from '../../db/database.ts';
import { demandsApprovalOfDecision } from '../../db/transfer/case-log.ts';
import {
  findCase,
  listCases,
  logAction,
  resolveCase,
  summarizeOpenCases,
  type Case,
} from '../../db/transfer/case-queries.ts';
import { findTransfer } from '../../db/transfer/queries.ts';
import type { BatchId, CaseId } from '../../domain/ids.ts';
import { DISAGREEMENTS, subjectOf } from '../../domain/transfer/reconciliation.ts';
import { pendingFailure } from '../../temporal/pending-activity.ts';
import { batchWorkflowId, transactionWorkflowId, transferWorkflowId } from '../../workflows/transfer/messages.ts';
import { actingHeaders, byWhom } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import { caseIdField, commentField, instantAnswer } from '../http/fields.ts';
import { settlesMoney } from '../http/load-limits.ts';
import type { MovementDeps } from './movement.ts';
import { creationPage, pageParameters, pageSchema, placeAfter } from '../http/pagination.ts';
import { ProblemError } from '../http/problem.ts';
import { BODY_PROBLEMS, PAGE_PROBLEMS, problemResponses } from '../http/problem-schema.ts';
import { readJson } from '../http/request-body.ts';
import type { ApiEnv } from '../http/env.ts';
import { faultCode } from '../http/validation.ts';
import { requiresInTenant } from '../http/scopes.ts';
import { approvalWithVotes } from './approval-answer.ts';
import { CASE_STATUSES, caseAnswer, caseWithHistory, renderCase, withHistory } from './case-answer.ts';
import { askApprovalOf } from './ask-decision.ts';
import { lookAgain, refundNow, retryNow } from './workflow-request.ts';

const reading = { tags: ['Cases'], middleware: requiresInTenant('cases:read') };
const list = createRoute({
  method: 'get',
  path: '/v1/cases',
  operationId: 'listCases',
  summary: 'Cases, newest first',
  ...reading,
  description: 'The answer also says how many cases are open and how old the oldest of them is, whatever the filter.',
  request: {
    query: z.strictObject({
      status: z.enum(CASE_STATUSES, { error: faultCode('status_invalid') }).optional(),
      ...pageParameters,
    }),
  },
  responses: {
    200: {
      description: 'A page of cases.',
      content: {
        'application/json': {
          schema: pageSchema(caseAnswer).extend({
            open_count: z.int().openapi({ example: 1 }),
            oldest_open_at: instantAnswer.nullable(),
            oldest_open_age_seconds: z.int().nullable().openapi({ example: 90 }),
          }),
        },
      },
    },
    ...problemResponses('status_invalid', ...PAGE_PROBLEMS, 'database_unavailable'),
  },
});

const idParameter = z.object({ case_id: caseIdField });
const answer = { 'application/json': { schema: caseWithHistory } };

const get = createRoute({
  method: 'get',
  path: '/v1/cases/{case_id}',
  operationId: 'getCase',
  summary: 'A case and its history',
  ...reading,
  description: 'While it is open and its workflow runs, `attempts` and `last_error` are read from Temporal now.',
  request: { params: idParameter },
  responses: {
    200: { description: 'The case as it is now.', content: answer },
    ...problemResponses('case_not_found', 'case_id_invalid', 'database_unavailable'),
  },
});

const resolve = createRoute({
  method: 'post',
  path: '/v1/cases/{case_id}/resolve',
  operationId: 'resolveCase',
  summary: 'Decide about a case: try the repair again, refund the sender, or close it',
  tags: ['Cases'],
  description: `\`retry\` looks again, starts the workflow again where that is the repair, and closes the case if nothing
disagrees any more. \`close\` closes the case without a repair, and the reconciliation does not report exactly the same again.
\`refund\` is for a transfer whose row is lost or which FAILED with \`terms_conflict\`: it forbids a credit that has not landed,
and gives the sender back what was debited and nobody received; for any other case the answer is 409 \`case_not_refundable\`. Each
decision is written into the case's \`history\` before it is carried out. After a refund, an entry of \`counterpoise\` tells what
was given back, or that nothing was because the credit had landed. A case that is closed already is returned as it is.

For a batch or a transaction whose compensation keeps failing, \`retry\` tries the compensation at once, and the case closes when
that works. For a transfer's, the answer is 409 \`case_has_workflow\`: use the transfer's \`/resolve\`.

As long as there is any policy of approvals, \`refund\` waits for them: the answer is 202 with the approval, and the last vote that is needed has it
carried out.`,
  middleware: [requiresInTenant('cases:write'), settlesMoney, readJson] as const,
  request: {
    params: idParameter,
    headers: actingHeaders,
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject(
              {
                action: z.enum(['retry', 'refund', 'close'], { error: faultCode('action_invalid') }),
                comment: commentField,
              },
              { error: faultCode('body_invalid') },
            )
            .openapi('CaseResolution'),
        },
      },
    },
  },
  responses: {
    200: { description: 'The case after the request.', content: answer },
    202: {
      description: 'The approval that the decision waits for.',
      content: { 'application/json': { schema: approvalWithVotes } },
    },
    ...problemResponses(
      'case_not_found',
      'case_has_workflow',
      'case_not_refundable',
      'approval_required',
      'case_id_invalid',
      'actor_invalid',
      ...BODY_PROBLEMS,
      'field_missing',
      'action_invalid',
      'too_short',
      'too_long',
      'character_forbidden',
      'database_unavailable',
      'temporal_unavailable',
    ),
  },
});

export function caseRoutes({ database, starter, acceptance: { client, monitor } }: MovementDeps) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(list, async (c) => {
      const { status, limit, cursor } = c.req.valid('query');
      const after = placeAfter(c, cursor);
      const { listed, open } = await boundedQuery(database, async () => ({
        listed: await listCases(database, { tenant: c.var.holder.tenant, status, after, limit: limit + 1 }),
        open: await summarizeOpenCases(database, c.var.holder.tenant),
      }));
      const placeOf = ({ openedAt: createdAt, caseId: id }: Case) => ({ createdAt, id });
      return c.json(
        {
          ...creationPage(c, listed, { limit, placeOf, render: renderCase }),
          open_count: open.count,
          oldest_open_at: open.oldestAt?.toISOString() ?? null,
          oldest_open_age_seconds: open.oldestAgeSeconds,
        },
        200,
      );
    })
    .openapi(get, async (c) => {
      const { case_id: id } = c.req.valid('param');
      const row = await existing(c, database, id);
      const workflowId = workflowOf(row);
      const live = row.status === 'OPEN' && workflowId !== undefined && (await pendingFailure(client, workflowId));
      return c.json(await withHistory(database, live ? { ...row, ...live } : row), 200);
    })
    .openapi(resolve, async (c) => {
      const { case_id: id } = c.req.valid('param');
      const { action, comment } = c.req.valid('json');
      const by = byWhom(c, c.req.valid('header')['X-Actor']);
      const row = await existing(c, database, id);
      const workflowId = isDisagreement(row) ? undefined : workflowOf(row);
      if (!isDisagreement(row) && (action !== 'retry' || row.transferId !== null || workflowId === undefined))
        throw hasWorkflow(row);
      if (row.status === 'OPEN' && action === 'refund') await assertRefundable(database, row);
      if (row.status === 'OPEN' && action === 'close')
        await boundedQuery(database, () => resolveCase(database, id, comment, by), { isWrite: true });
      if (row.status === 'OPEN' && action !== 'close') {
        if (monitor.isDown())
          throw new ProblemError('temporal_unavailable', { detail: 'Nothing was done. Try again.' });
        if (action === 'refund') {
          const decision = { caseId: id, action, comment, transferId: row.transferId } as const;
          const waiting = await askApprovalOf(c, database, decision, by);
          if (waiting !== undefined) return c.json(waiting, 202);
        }
        await boundedQuery(database, () => logDecision(database, id, { action, comment }, by), { isWrite: true });
        if (action === 'refund') await refundNow(client, starter, { caseId: id, trace: c.var.trace });
        else if (workflowId === undefined) await lookAgain(client, starter.binding, id);
        else await retryNow(client, starter.binding, workflowId);
      }
      return c.json(await withHistory(database, await existing(c, database, id)), 200);
    });
}

/** A policy that was set just now may demand approvals. */
async function logDecision(...asked: Parameters<typeof logAction>): Promise<void> {
  await logAction(...asked).catch((error: unknown) => {
    throw demandsApprovalOfDecision(error) ? new ProblemError('approval_required', { cause: error }) : error;
  });
}

async function existing(c: Context<ApiEnv>, database: Database, id: CaseId): Promise<Case> {
  const row = await boundedQuery(database, () => findCase(database, id, c.var.holder.tenant));
  if (row === undefined) throw new ProblemError('case_not_found', { detail: `There is no case ${id}.` });
  return row;
}

function isDisagreement({ reason }: Case): boolean {
  return (DISAGREEMENTS as readonly string[]).includes(reason);
}

/** Throws unless no row accounts for the money: if a row knows the transfer, the row's own end says where the money is. */
async function assertRefundable(database: Database, { reason, transferId }: Case): Promise<void> {
  if (reason === 'entries_without_movement') return;
  const row = transferId && (await boundedQuery(database, () => findTransfer(database, transferId)));
  if (reason !== 'entries_disagree' || !row || row.failureReason !== 'terms_conflict')
    throw new ProblemError('case_not_refundable', {
      detail: 'Only a case of a transfer whose row is lost or FAILED with terms_conflict can be refunded.',
    });
}

function hasWorkflow({ transferId, subject }: Case): ProblemError {
  return new ProblemError('case_has_workflow', {
    detail:
      transferId === null
        ? `The case closes when its ${subjectOf(subject).kind} ends; the compensation goes on being tried until then.`
        : `Use POST /v1/transfers/${transferId}/resolve.`,
    members: transferId === null ? {} : { transfer_id: transferId },
  });
}

function workflowOf({ transferId, transactionId, subject }: Case): string | undefined {
  if (transferId !== null) return transferWorkflowId(transferId);
  const { kind, id } = subjectOf(subject);
  if (kind === 'batch') return batchWorkflowId(id as BatchId);
  return transactionId === null ? undefined : transactionWorkflowId(transactionId);
}
