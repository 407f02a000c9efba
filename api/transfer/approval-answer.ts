/** The answers about approvals: their schemas, and their rendering from rows. */
import { z } from '@hono/zod-openapi';
import type { Approval, ApprovalVote } from '../../db/transfer/approval-queries.ts';
import { APPROVAL_REASONS, APPROVAL_STATUSES, VOTES } from '../../domain/transfer/approval.ts';
import { amountAnswer, exampleMovementId, examplePrincipalId, idAnswer, instantAnswer } from '../http/fields.ts';

export const exampleHash = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';

export const approvalAnswer = z
  .object({
    approval_id: idAnswer(exampleMovementId).openapi({ description: 'The id of the transfer that waits.' }),
    status: z.enum(APPROVAL_STATUSES),
    reason: z.enum(APPROVAL_REASONS).openapi({
      description: '`above`: the amount. `above_24h`: what its sender has sent within 24 hours without an approval.',
    }),
    amount: amountAnswer,
    currency: z.string().openapi({ example: 'USD' }),
    asked_by: z.string().nullable().openapi({
      example: 'alice',
      description:
        'The principal that has asked for the transfer, and has no vote; null for the run of a recurring one.',
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

export function renderVote(
  { principal, principalId, vote, policyVersion, comment, createdAt }: ApprovalVote,
  of: Approval,
) {
  return {
    ...{ principal, principal_id: principalId, vote, comment },
    counts: policyVersion === of.policyVersion,
    at: createdAt.toISOString(),
  };
}
