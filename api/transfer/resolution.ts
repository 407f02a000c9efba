/**
 * The route by which an operator steps in where a transfer needs attention: it resolves the case that the transfer's workflow has in
 * hand. The next step is workflows/transfer/compensation.ts.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { RESOLVE_ACTIONS } from '../../domain/transfer/case.ts';
import { isTerminal } from '../../domain/transfer/transfer.ts';
import { resolveUpdate } from '../../workflows/transfer/messages.ts';
import { actingHeaders, actingOf, byWhom } from '../http/acting.ts';
import type { ApiEnv } from '../http/env.ts';
import { commentField, transferIdField } from '../http/fields.ts';
import { settlesMoney } from '../http/load-limits.ts';
import { problemResponses } from '../http/problem-schema.ts';
import { readJson } from '../http/request-body.ts';
import { faultCode } from '../http/validation.ts';
import { renderTransfer, transferAnswer } from './answer.ts';
import { approvalWithVotes } from './approval-answer.ts';
import { askApprovalOf } from './ask-decision.ts';
import type { MovementDeps } from './movement.ts';
import { preferHeader } from '../http/prefer-wait.ts';
import { requiresInTenant } from '../http/scopes.ts';
import { asked, ASKING_PROBLEMS, existing, refused } from './of-existing.ts';
import { askTransfer } from './workflow-request.ts';

const params = z.object({ transfer_id: transferIdField });
const resolution = z
  .strictObject(
    {
      action: z.enum(RESOLVE_ACTIONS, { error: faultCode('action_invalid') }),
      comment: commentField,
    },
    { error: faultCode('body_invalid') },
  )
  .openapi('Resolution', { example: { action: 'retry', comment: 'The receiver’s database is back.' } });

const resolve = createRoute({
  method: 'post',
  path: '/v1/transfers/{transfer_id}/resolve',
  operationId: 'resolveTransfer',
  summary: 'Step in where a transfer needs attention',
  tags: ['Transfers', 'Cases'],
  description: `For a transfer with \`attention\`: its compensation keeps failing. Kept in the log of its case before it is done.

- \`retry\` tries at once what keeps failing, instead of at the end of its pause.
- \`refund\` pays the sender back now, although the receiver's shard does not say what became of the credit: the external wallet of the
  sender's shard advances it. When the credit's fence answers, what the settlement gives back goes to the external wallet; if the
  credit had landed, the external wallet has paid for it. If that turns out before the refund is paid, it never is, and is refused
  with \`not_resolvable\`. Where it is the refund itself that keeps failing, it is tried at once.
- \`write_off\` gives up the refund: the money goes to the external wallet of the sender's shard. Only once the credit's fence has
  answered, for before that nobody can say where the money is.

If a policy demands approvals for the amount, \`refund\` and \`write_off\` wait for them: the answer is 202 with the approval, and the last vote
that is needed has it carried out.`,
  middleware: [requiresInTenant('cases:write'), settlesMoney, readJson] as const,
  request: {
    params,
    headers: actingHeaders.extend(preferHeader),
    body: { required: true, content: { 'application/json': { schema: resolution } } },
  },
  responses: {
    ...asked,
    202: {
      description: `Taken, and not done by the time that the client waits: it will be. Or the approval that the decision waits for.`,
      content: { 'application/json': { schema: z.union([transferAnswer, approvalWithVotes]) } },
    },
    ...problemResponses(
      ...ASKING_PROBLEMS,
      'actor_invalid',
      'action_invalid',
      'field_missing',
      'too_short',
      'too_long',
      'character_forbidden',
      'not_resolvable',
    ),
  },
});

export function resolutionRoutes(deps: MovementDeps) {
  const { database } = deps;
  return new OpenAPIHono<ApiEnv>().openapi(resolve, async (c) => {
    const { transfer_id: id } = c.req.valid('param');
    const { action, comment } = c.req.valid('json');
    const acting = actingOf(c, c.req.valid('header')['X-Actor']);
    const before = await existing(c, database, id);
    if (isTerminal(before.status) || before.status === 'AWAITING_APPROVAL' || before.batchId !== null)
      throw refused('not_resolvable', before);
    if (action !== 'retry' && before.attentionCaseId !== null) {
      const by = byWhom(c, c.req.valid('header')['X-Actor']);
      const decision = { caseId: before.attentionCaseId, action, comment, transferId: id };
      const waiting = await askApprovalOf(c, database, decision, by);
      if (waiting !== undefined) return c.json(waiting, 202);
    }

    const { row, outcome } = await askTransfer(c, deps, before, resolveUpdate, { action, comment, ...acting });
    if (outcome !== 'taken') throw refused('not_resolvable', row);
    return c.json(renderTransfer(row), isTerminal(row.status) ? 200 : 202);
  });
}
