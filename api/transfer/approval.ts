/**
 * The routes of approvals: what waits for them, and the votes. The last vote that is needed has the transfer begin, or a decision
 * be due to be carried out, in its own transaction; its workflow is started or asked here, or by the sweep.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import {
  castVote,
  countGiven,
  findApproval,
  listApprovals,
  type Approval,
} from '../../db/transfer/approval-queries.ts';
import { findTransfer } from '../../db/transfer/queries.ts';
import { findTransaction } from '../../db/transfer/transaction-queries.ts';
import { acceptApproved, APPROVED_BUT_CANCELED } from '../../db/transfer/waiting-batches.ts';
import type { Holder } from '../../domain/access/api-key.ts';
import type { BatchId, PrincipalId, TransactionId, TransferId } from '../../domain/ids.ts';
import {
  APPROVAL_STATUSES,
  POLICY_VERSION_MAX,
  type JudgeVoter,
  type Vote,
  type VoteOutcome,
} from '../../domain/transfer/approval.ts';
import type { Logger } from '../../process/telemetry.ts';
import { carryOutDecision } from '../../temporal/transfer/carry-out.ts';
import { startBatch, startTransaction, startTransfer } from '../../temporal/transfer/start-movement.ts';
import { START_LIMIT_MS } from './acceptance.ts';
import { answerApproval, approvalAnswer, approvalWithVotes, exampleHash, renderApproval } from './approval-answer.ts';
import type { Grants } from './grant.ts';
import { byWhom } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import { commentField, transferIdField } from '../http/fields.ts';
import type { BatchDeps } from './batch.ts';
import type { MovementDeps } from './movement.ts';
import { creationPage, pageParameters, pageSchema, placeAfter } from '../http/pagination.ts';
import { ProblemError, type ProblemCode } from '../http/problem.ts';
import { BODY_PROBLEMS, PAGE_PROBLEMS, problemResponses } from '../http/problem-schema.ts';
import { readJson } from '../http/request-body.ts';
import { requiresInTenant } from '../http/scopes.ts';
import { faultCode } from '../http/validation.ts';

const tags = ['Approvals'];
const path = '/v1/approvals/{approval_id}';

const vote = z
  .strictObject(
    {
      body_hash: z
        .string({ error: faultCode('body_hash_invalid') })
        .regex(/^[0-9a-f]{64}$/, 'body_hash_invalid')
        .openapi({ example: exampleHash }),
      policy_version: z
        .int({ error: faultCode('policy_version_invalid') })
        .min(0, 'policy_version_invalid')
        .max(POLICY_VERSION_MAX, 'policy_version_invalid')
        .openapi({ example: 1 }),
      comment: commentField.openapi({ example: 'As agreed with the supplier.' }),
    },
    { error: faultCode('body_invalid') },
  )
  .openapi('ApprovalVote');

const params = z.object({ approval_id: transferIdField });
const oneProblems = ['approval_not_found', 'transfer_id_invalid', 'database_unavailable'] as const;
const content = { 'application/json': { schema: approvalWithVotes } };

const list = createRoute({
  method: 'get',
  path: '/v1/approvals',
  operationId: 'listApprovals',
  summary: 'What waits for approvals or has waited, newest first',
  tags,
  middleware: requiresInTenant('approvals:read'),
  request: {
    query: z.strictObject({
      status: z.enum(APPROVAL_STATUSES, { error: faultCode('status_invalid') }).optional(),
      ...pageParameters,
    }),
  },
  responses: {
    200: { description: 'A page.', content: { 'application/json': { schema: pageSchema(approvalAnswer) } } },
    ...problemResponses(...PAGE_PROBLEMS, 'status_invalid', 'database_unavailable'),
  },
});

const get = createRoute({
  method: 'get',
  path,
  operationId: 'getApproval',
  summary: 'What waits for approvals, with the votes',
  tags,
  middleware: requiresInTenant('approvals:read'),
  request: { params },
  responses: { 200: { description: 'As it is now.', content }, ...problemResponses(...oneProblems) },
});

const voting = {
  method: 'post',
  tags,
  request: { params, body: { required: true, content: { 'application/json': { schema: vote } } } },
  responses: {
    200: { description: 'The vote counts: the approval as it is now.', content },
    ...problemResponses(
      ...oneProblems,
      ...BODY_PROBLEMS,
      'field_missing',
      'too_long',
      'too_short',
      'character_forbidden',
      'body_hash_invalid',
      'policy_version_invalid',
      'own_request',
      'vote_not_granted',
      'approval_ended',
      'approval_voted',
      'approval_of_another_body',
      'approval_policy_changed',
    ),
  },
} as const;

const approve = createRoute({
  ...voting,
  path: `${path}/approve`,
  operationId: 'approveTransfer',
  summary: 'Approve what somebody else has asked for',
  description: `With the last approval that is needed the transfer begins, or the items of the batch do, with as much time as it had when it was asked for. A vote is for what the voter has
seen: it names \`body_hash\` and \`policy_version\` of the approval, and is refused if these are others by now. A decision about a case is carried out
then, as if whoever has asked for it had taken it just now; a change of a policy is made with the vote. Who has asked has no vote, whichever
key it uses, and nobody has of whom one principal, other than root, has made keys as well as of who has asked. Nor do two votes count that one
principal could have given so. A principal votes once; a repeat is safe. A vote of who got its first key with \`approvals:write\` while the tenant had
policies is refused with \`vote_not_granted\`, until others have approved the grant, whose \`approval_id\` the refusal names.`,
  middleware: [requiresInTenant('approvals:write'), readJson] as const,
});

const reject = createRoute({
  ...voting,
  path: `${path}/reject`,
  operationId: 'rejectTransfer',
  summary: 'Reject what waits for approvals',
  description: `One is enough: a transfer or a batch ends CANCELED, a transaction FAILED, and nothing moves; a decision is not carried out, nor a change made.
Who has asked may do so too.`,
  middleware: [requiresInTenant('approvals:write'), readJson] as const,
});

const override = createRoute({
  ...voting,
  path: `${path}/override`,
  operationId: 'overrideApproval',
  summary: 'Let something go without the approvals that it needs, in an emergency',
  description: `It begins at once. Whoever has the scope \`approvals:override\` may do so, for what they have asked for themselves too. It is in the audit log, is
published as \`audit.approval-overridden\`, and raises an alarm.`,
  middleware: [requiresInTenant('approvals:override'), readJson] as const,
});

const OWN_REQUEST = `You have asked for this yourself, or one of you has made a key of the other, or one principal has made keys of both. \
A principal that is independent of who asked has to approve.`;

/** Returns the principals that could vote by the keys of who votes. Throws `own_request` if one of them could have asked, too. */
function secondPerson(database: MovementDeps['database'], judgeVoter: JudgeVoter) {
  return async ({ tenant, principalId: voter }: Holder, id: TransferId): Promise<readonly PrincipalId[]> => {
    const found = await boundedQuery(database, () => findApproval(database, tenant, id));
    const granted = found?.kind === 'grant' ? (found.proposal?.['principal_id'] as PrincipalId) : undefined;
    const { makers, isOfAsker } = await judgeVoter(voter, found?.askedById ?? undefined, granted);
    if (!isOfAsker) return makers;
    throw new ProblemError('own_request', { detail: OWN_REQUEST });
  };
}

export function approvalRoutes(deps: BatchDeps, judgeVoter: JudgeVoter, grants: Grants) {
  const {
    database,
    acceptance: { monitor, starts },
  } = deps;
  const makersOf = secondPerson(database, judgeVoter);
  return new OpenAPIHono<ApiEnv>()
    .openapi(list, async (c) => {
      const { status, limit, cursor } = c.req.valid('query');
      const after = placeAfter(c, cursor);
      const listed = await boundedQuery(database, () =>
        listApprovals(database, c.var.holder.tenant, { status, after, limit: limit + 1 }),
      );
      const given = await boundedQuery(database, () =>
        countGiven(
          database,
          listed.rows.map(({ approvalId }) => approvalId),
        ),
      );
      const render = (row: Approval) => renderApproval(row, given.get(row.approvalId) ?? 0);
      const placeOf = ({ createdAt, approvalId: id }: Approval) => ({ createdAt, id });
      return c.json(creationPage(c, listed, { limit, placeOf, render }), 200);
    })
    .openapi(get, async (c) => c.json(await answer(c, c.req.valid('param').approval_id), 200))
    .openapi(approve, async (c) => c.json(await cast(c, 'approve', c.req.valid('param'), c.req.valid('json')), 200))
    .openapi(reject, async (c) => c.json(await cast(c, 'reject', c.req.valid('param'), c.req.valid('json')), 200))
    .openapi(override, async (c) => c.json(await cast(c, 'override', c.req.valid('param'), c.req.valid('json')), 200));

  async function cast(
    c: Context<ApiEnv>,
    vote: Vote,
    { approval_id: approvalId }: { approval_id: TransferId },
    seen: { body_hash: string; policy_version: number; comment: string },
  ): Promise<z.infer<typeof approvalWithVotes>> {
    c.var.log.setBindings({ transfer_id: approvalId });
    const asked = { approvalId, vote, bodyHash: seen.body_hash, policyVersion: seen.policy_version };
    const makers = vote === 'approve' ? await makersOf(c.var.holder, approvalId) : [];
    await grants.note(c.var.holder.tenant);
    const castIt = () =>
      boundedQuery(database, () => castVote(database, { ...asked, comment: seen.comment, makers }, byWhom(c)), {
        isWrite: true,
      });
    let outcome = await castIt();
    if (outcome === 'not_granted') {
      await refuseUngranted(grants, c);
      outcome = await castIt();
    }
    if (outcome === 'decided') await start(c, approvalId);
    else if (outcome !== 'counted') throw refusal(outcome, approvalId);
    return answer(c, approvalId);
  }

  /** It only saves time: the sweep starts what is not started. */
  async function start(c: Context<ApiEnv>, id: TransferId): Promise<void> {
    if (monitor.isDown()) return;
    const found = await boundedQuery(database, () => findApproval(database, c.var.holder.tenant, id), {
      isWrite: true,
    });
    if (found !== undefined) await starts.start(() => begin(deps, found, c.var.log), START_LIMIT_MS, c.var.log);
  }

  async function answer(c: Context<ApiEnv>, id: TransferId): Promise<z.infer<typeof approvalWithVotes>> {
    c.var.log.setBindings({ transfer_id: id });
    const found = await answerApproval(database, c.var.holder.tenant, id);
    if (found === undefined) throw refusal('unknown', id);
    return found;
  }
}

const REFUSALS = {
  unknown: 'approval_not_found',
  ended: 'approval_ended',
  own: 'own_request',
  voted: 'approval_voted',
  related: 'approval_voted',
  other_body: 'approval_of_another_body',
  policy_changed: 'approval_policy_changed',
  not_granted: 'vote_not_granted',
} as const satisfies Record<Exclude<VoteOutcome, 'counted' | 'decided'>, ProblemCode>;

function refusal(outcome: keyof typeof REFUSALS, id: TransferId): ProblemError {
  const detail = outcome === 'own' ? OWN_REQUEST : `GET /v1/approvals/${id} tells how it is now.`;
  return new ProblemError(REFUSALS[outcome], { detail });
}

/** Throws `vote_not_granted`, with the approval that the votes of who asks wait for; returns if they were granted meanwhile. */
async function refuseUngranted(grants: Grants, c: Context<ApiEnv>): Promise<void> {
  const { principalId, principal: name } = c.var.holder;
  const waiting = await grants.ask({ principalId, name }, byWhom(c));
  if (waiting === undefined) return;
  throw new ProblemError('vote_not_granted', {
    detail: `GET /v1/approvals/${waiting} tells who has to approve that it counts.`,
    members: { approval_id: waiting },
  });
}

async function begin(
  { database, batchDatabase, starter, acceptance }: BatchDeps,
  approval: Approval,
  log: Pick<Logger, 'warn'>,
): Promise<void> {
  // The last vote has made the change.
  if (approval.kind === 'policy' || approval.kind === 'grant') return;
  if (approval.startDueAt !== null) return carryOutDecision(starter, database, approval);
  if (approval.kind === 'transaction') {
    const row = await findTransaction(database, approval.approvalId as string as TransactionId);
    if (row !== undefined) await startTransaction(starter, row);
    return;
  }
  if (approval.kind === 'batch') {
    const row = await acceptApproved(batchDatabase, approval.approvalId as string as BatchId);
    if (row === 'canceled') log.warn({ batch_id: approval.approvalId }, APPROVED_BUT_CANCELED);
    if (row === undefined || row === 'canceled') return;
    acceptance.counts?.accepted('batch_item', row.itemCount);
    return startBatch(starter, row);
  }
  const row = await findTransfer(database, approval.approvalId);
  if (row !== undefined) await startTransfer(starter, row);
}
