/** The answers about approvals: their schemas, and their rendering from rows. */
import { z } from '@hono/zod-openapi';
import type { Database } from '../../db/database.ts';
import { findApproval, type Approval, type ApprovalVote } from '../../db/transfer/approval-queries.ts';
import type { TransferId } from '../../domain/ids.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { APPROVAL_KINDS, APPROVAL_REASONS, APPROVAL_STATUSES, VOTES } from '../../domain/transfer/approval.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import { amountAnswer, exampleMovementId, examplePrincipalId, idAnswer, instantAnswer } from '../http/fields.ts';

export const exampleHash = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';

export const approvalAnswer = z
  .object({
    approval_id: idAnswer(exampleMovementId).openapi({
      description:
        'The id of the transfer, transaction or batch that waits, or one of its own for a decision or a change.',
    }),
    kind: z.enum(APPROVAL_KINDS).openapi({
      description: `\`refund\`, \`write_off\`: the decision about a case, which is carried out once it is approved. \`policy\`: the change of a policy,
which the last vote makes. \`grant\`: that the votes of a principal count, from the last vote on.`,
    }),
    proposal: z.record(z.string(), z.string()).nullable().openapi({
      example: null,
      description: 'Of a decision or a change: what it would do. Null for a movement, which says so itself.',
    }),
    status: z.enum(APPROVAL_STATUSES),
    reason: z.enum(APPROVAL_REASONS).openapi({
      description: `\`above\`: the amount. \`above_24h\`: what its sender has sent within 24 hours without an approval. \`always\`: as long as
there is a policy.`,
    }),
    amount: amountAnswer.nullable().openapi({
      description: `Of a batch, the sum of its items in this currency. Null where only the ledger will say how much it is, or it is more than an amount
can be.`,
    }),
    currency: z.string().openapi({ example: 'USD' }),
    asked_by: z.string().nullable().openapi({
      example: 'alice',
      description: 'The principal that has asked for it, and has no vote; null for the run of a recurring transfer.',
    }),
    asked_by_id: idAnswer(examplePrincipalId).nullable(),
    body_hash: z.string().openapi({ example: exampleHash, description: 'Of the request. A vote names it.' }),
    policy_version: z.int().openapi({ example: 1, description: 'Of the policy that demands it. A vote names it.' }),
    needed: z.int().openapi({ example: 2, description: 'How many principals have to approve.' }),
    given: z.int().openapi({ example: 1, description: 'How many have, under that policy.' }),
    created_at: instantAnswer,
    expires_at: instantAnswer,
    decided_at: instantAnswer.nullable(),
  })
  .openapi('Approval');

export const approvalWithVotes = approvalAnswer
  .extend({
    votes: z.array(
      z.object({
        principal: z.string().openapi({ example: 'bob' }),
        principal_id: idAnswer(examplePrincipalId),
        vote: z.enum(VOTES),
        counts: z.boolean().openapi({ description: 'No, if it was given under a former policy.' }),
        comment: z.string(),
        at: instantAnswer,
      }),
    ),
  })
  .openapi('ApprovalWithVotes');

export function renderApproval(approval: Approval, given: number): z.infer<typeof approvalAnswer> {
  return {
    approval_id: approval.approvalId,
    kind: approval.kind,
    proposal: withoutKey(approval.proposal),
    status: approval.status,
    reason: approval.reason,
    amount: approval.amount,
    currency: approval.currency,
    asked_by: approval.askedBy,
    asked_by_id: approval.askedById,
    body_hash: approval.bodyHash,
    policy_version: approval.policyVersion,
    needed: approval.needed,
    given,
    created_at: approval.createdAt.toISOString(),
    expires_at: approval.expiresAt.toISOString(),
    decided_at: approval.decidedAt?.toISOString() ?? null,
  };
}

/** Whose key it was, and on which roll somebody is put, nobody needs to know. */
function withoutKey(proposal: Approval['proposal']): Record<string, string> | null {
  if (proposal === null) return null;
  const { api_key_id: _, roll: __, ...shown } = proposal;
  return shown;
}

/** A tenant's approval with its votes, as it is now; undefined if there is none. */
export async function answerApproval(
  database: Database,
  tenant: Tenant,
  id: TransferId,
): Promise<z.infer<typeof approvalWithVotes> | undefined> {
  const found = await boundedQuery(database, () => findApproval(database, tenant, id));
  if (found === undefined) return undefined;
  const votes = found.votes.map((each) => renderVote(each, found));
  const given = votes.filter(({ vote, counts }) => counts && vote === 'approve').length;
  return { ...renderApproval(found, given), votes };
}

function renderVote({ principal, principalId, vote, policyVersion, comment, createdAt }: ApprovalVote, of: Approval) {
  return {
    ...{ principal, principal_id: principalId, vote, comment },
    counts: policyVersion === of.policyVersion,
    at: createdAt.toISOString(),
  };
}
