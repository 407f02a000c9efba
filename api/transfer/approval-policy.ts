/**
 * The routes of the policies that say which transfers need approvals, one for each currency. The first policy of a currency holds
 * at once; a change of one waits for as many approvals as the one that holds demands.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import {
  changePolicy,
  findPolicy,
  listPolicies,
  type ApprovalPolicy,
  type PolicyTerms,
} from '../../db/transfer/approval-policy-queries.ts';
import { isCurrency, type Currency } from '../../domain/currency.ts';
import { parseUnits } from '../../domain/money.ts';
import {
  APPROVALS_MAX,
  EXPIRES_SECONDS_DEFAULT,
  EXPIRES_SECONDS_MAX,
  EXPIRES_SECONDS_MIN,
  POLICY_VERSION_MAX,
  type ListVoters,
} from '../../domain/transfer/approval.ts';
import { byWhom } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import { amountAnswer, amountField, instantAnswer } from '../http/fields.ts';
import { answerApproval, approvalWithVotes } from './approval-answer.ts';
import type { MovementDeps } from './movement.ts';
import { ProblemError } from '../http/problem.ts';
import { BODY_PROBLEMS, problemResponses } from '../http/problem-schema.ts';
import { readJson } from '../http/request-body.ts';
import { requiresInTenant } from '../http/scopes.ts';
import { faultCode } from '../http/validation.ts';

const tags = ['Approvals'];
const path = '/v1/approval-policies/{currency}';

const policyAnswer = z
  .object({
    currency: z.string().openapi({ example: 'USD' }),
    version: z.int().openapi({ example: 1 }),
    above: amountAnswer.nullable().openapi({ description: 'A transfer of more, or a batch, needs approvals.' }),
    above_24h: amountAnswer.nullable().openapi({
      description: 'So does a transfer by which its sender has sent more within 24 hours without an approval.',
    }),
    approvals: z.int().openapi({ example: 1 }),
    expires_in: z
      .int()
      .openapi({ example: EXPIRES_SECONDS_DEFAULT, description: 'For how many seconds a transfer waits.' }),
    set_by: z.string().openapi({ example: 'alice' }),
    created_at: instantAnswer,
  })
  .openapi('ApprovalPolicy');

const versionField = z
  .int({ error: faultCode('policy_version_invalid') })
  .min(0, 'policy_version_invalid')
  .max(POLICY_VERSION_MAX, 'policy_version_invalid')
  .openapi({
    example: 0,
    description: 'Of the policy that this takes the place of, so that nobody undoes another change unseen; 0 for none.',
  });

const policyRequest = z
  .strictObject(
    {
      version: versionField,
      above: amountField.nullish(),
      above_24h: amountField.nullish(),
      approvals: z
        .int({ error: faultCode('approvals_invalid') })
        .min(1, 'approvals_invalid')
        .max(APPROVALS_MAX, 'approvals_invalid')
        .default(1),
      expires_in: z
        .int({ error: faultCode('approval_expires_in_invalid') })
        .min(EXPIRES_SECONDS_MIN, 'approval_expires_in_invalid')
        .max(EXPIRES_SECONDS_MAX, 'approval_expires_in_invalid')
        .default(EXPIRES_SECONDS_DEFAULT),
    },
    { error: faultCode('body_invalid') },
  )
  .refine(({ above, above_24h }) => (above ?? above_24h ?? null) !== null, {
    path: ['above'],
    error: 'policy_bounds_missing',
  })
  .openapi('ApprovalPolicyRequest');

const params = z.object({
  currency: z
    .string({ error: faultCode('currency_invalid') })
    .refine(isCurrency, 'currency_invalid')
    .openapi({ example: 'USD' }),
});
const problems = [
  ...BODY_PROBLEMS,
  'currency_invalid',
  'policy_version_invalid',
  'database_unavailable',
  'approval_policy_changed',
  'policy_change_waiting',
] as const;
const waits = {
  description: 'The approval that the change waits for.',
  content: { 'application/json': { schema: approvalWithVotes } },
} as const;

const list = createRoute({
  method: 'get',
  path: '/v1/approval-policies',
  operationId: 'listApprovalPolicies',
  summary: 'The policies that hold, by currency',
  tags,
  middleware: requiresInTenant('approvals:read'),
  responses: {
    200: {
      description: 'All of them.',
      content: { 'application/json': { schema: z.object({ data: z.array(policyAnswer) }) } },
    },
    ...problemResponses('database_unavailable'),
  },
});

const put = createRoute({
  method: 'put',
  path,
  operationId: 'setApprovalPolicy',
  summary: 'Set which transfers in a currency need approvals',
  tags,
  description: `Holds for every transfer that is accepted after the answer, whichever way it comes: single ones, holds, scheduled ones, reversals and runs of
recurring transfers, and transactions that take money out, wait as AWAITING_APPROVAL; so does a batch, by its sum. The database itself refuses what has no
approval. What waits already needs what the new policy demands, and votes under the former one count no more. Set no policy before every process is
of this version.

The first policy of a currency holds at once. With the tenant's first one, who has a key with \`approvals:write\` may vote; who gets one later needs a grant
(\`createApiKey\`). A change of one, whether it demands more or less, waits for as many approvals as the one that holds
demands: the answer is 202 with the approval, and the last vote that is needed makes the change. One waits at a time; who wants another one has that
rejected first. A repeat is answered with the same approval.`,
  middleware: [requiresInTenant('policies:write'), readJson] as const,
  request: { params, body: { required: true, content: { 'application/json': { schema: policyRequest } } } },
  responses: {
    200: { description: 'It holds.', content: { 'application/json': { schema: policyAnswer } } },
    202: waits,
    ...problemResponses(
      ...problems,
      'field_missing',
      'amount_invalid',
      'amount_not_positive',
      'amount_too_precise',
      'amount_too_large',
      'policy_bounds_missing',
      'approvals_invalid',
      'approval_expires_in_invalid',
    ),
  },
});

const end = createRoute({
  method: 'post',
  path: `${path}/end`,
  operationId: 'endApprovalPolicy',
  summary: 'Have no transfer in a currency need approvals any more',
  tags,
  description: `Waits for as many approvals as the policy demands: the answer is the approval, and the last vote that is needed ends the policy. What waits
for votes then goes on waiting for those that it needs.`,
  middleware: [requiresInTenant('policies:write'), readJson] as const,
  request: {
    params,
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject({ version: versionField }, { error: faultCode('body_invalid') })
            .openapi('ApprovalPolicyEnd'),
        },
      },
    },
  },
  responses: {
    202: waits,
    ...problemResponses(...problems, 'field_missing', 'policy_not_found'),
  },
});

export function approvalPolicyRoutes({ database }: Pick<MovementDeps, 'database'>, listVoters: ListVoters) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(list, async (c) => {
      const rows = await boundedQuery(database, () => listPolicies(database, c.var.holder.tenant));
      return c.json({ data: rows.map(render) }, 200);
    })
    .openapi(put, async (c) => {
      const { currency } = c.req.valid('param');
      const {
        version,
        above = null,
        above_24h: above24h = null,
        approvals,
        expires_in: expiresInSeconds,
      } = c.req.valid('json');
      const terms = { above, above24h, approvals, expiresInSeconds };
      const waiting = await change(c, currency, version, terms);
      if (waiting !== undefined) return c.json(waiting, 202);
      const now = await present(c, currency);
      // A repeat of what has been done finds it as it was set.
      if (now === undefined || !isSuccessor(now, version, terms)) throw changed(currency);
      return c.json(render(now), 200);
    })
    .openapi(end, async (c) => {
      const { currency } = c.req.valid('param');
      const { version } = c.req.valid('json');
      if ((await present(c, currency)) === undefined) throw new ProblemError('policy_not_found');
      const waiting = await change(c, currency, version, undefined);
      if (waiting === undefined) throw changed(currency);
      return c.json(waiting, 202);
    });

  /** Returns the approval that the change waits for, and says where that is found; undefined if it waits for none. */
  async function change(
    c: Context<ApiEnv>,
    currency: Currency,
    version: number,
    terms: PolicyTerms | undefined,
  ): Promise<z.infer<typeof approvalWithVotes> | undefined> {
    const asked = { currency, version, terms };
    // Before the policy: who gets such a key later needs a grant.
    const voters = version === 0 ? await listVoters(c.var.holder.tenant) : undefined;
    const { outcome, id } = await boundedQuery(database, () => changePolicy(database, asked, byWhom(c), voters), {
      isWrite: true,
    });
    if (outcome === 'other_waits')
      throw new ProblemError('policy_change_waiting', { detail: `GET /v1/approvals/${id} tells which.` });
    if (id === null) return undefined;
    c.header('Location', `/v1/approvals/${id}`);
    return answerApproval(database, c.var.holder.tenant, id);
  }

  function present(c: Context<ApiEnv>, currency: Currency): Promise<ApprovalPolicy | undefined> {
    return boundedQuery(database, () => findPolicy(database, c.var.holder.tenant, currency));
  }
}

/** Whether a policy is the one that takes the place of this version by these terms. */
function isSuccessor(policy: ApprovalPolicy, version: number, terms: PolicyTerms): boolean {
  const isSame = (one: string | null, other: string | null) =>
    one === null || other === null ? one === other : parseUnits(one) === parseUnits(other);
  return (
    policy.version > version &&
    isSame(policy.above, terms.above) &&
    isSame(policy.above24h, terms.above24h) &&
    policy.approvals === terms.approvals &&
    policy.expiresInSeconds === terms.expiresInSeconds
  );
}

function changed(currency: Currency): ProblemError {
  return new ProblemError('approval_policy_changed', {
    detail: `GET /v1/approval-policies tells the version of ${currency}.`,
  });
}

function render(policy: ApprovalPolicy): z.infer<typeof policyAnswer> {
  return {
    currency: policy.currency,
    version: policy.version,
    above: policy.above,
    above_24h: policy.above24h,
    approvals: policy.approvals,
    expires_in: policy.expiresInSeconds,
    set_by: policy.setBy,
    created_at: policy.createdAt.toISOString(),
  };
}
