/** The answers about cases: their schemas, and their rendering from rows. */
import { z } from '@hono/zod-openapi';
import type { Database } from '../../db/database.ts';
import { listCaseActions, type Case } from '../../db/transfer/case-queries.ts';
import { CASE_ACTIONS } from '../../domain/transfer/case.ts';
import { DISAGREEMENTS } from '../../domain/transfer/reconciliation.ts';
import { actingAnswer } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import { exampleCaseId, exampleMovementId, idAnswer, instantAnswer } from '../http/fields.ts';

export const CASE_STATUSES = ['OPEN', 'RESOLVED'] as const;

export const caseAnswer = z
  .object({
    case_id: idAnswer(exampleCaseId),
    subject: z.string().openapi({
      example: `transfer/${exampleMovementId}`,
      description: `What the case is about: \`transfer/…\`, \`transaction/…\`, \`batch/…\`, \`wallet/…\`, \`recurring/…\`;
\`movement/…\` is a movement without a row; \`shard/<n>\` is a wallet database that was restored, which takes no movements until
the case is closed; \`workflow/<workflow id>\` is a workflow that goes on although its movement has ended or its hold is settled.`,
    }),
    transfer_id: idAnswer(exampleMovementId).nullable(),
    transaction_id: idAnswer(exampleMovementId).nullable().openapi({ example: null }),
    reason: z.string().openapi({
      example: 'workflow_missing',
      description: `A stable code. Of the reconciliation: ${DISAGREEMENTS.map((each) => `\`${each}\``).join(', ')}. Otherwise the failing activity of the compensation.`,
    }),
    status: z.enum(CASE_STATUSES),
    since: instantAnswer,
    last_error: z.string().nullable().openapi({ example: 'it has not ended, and no workflow of it is open' }),
    attempts: z.int().openapi({ example: 3, description: 'How often the failing activity or repair was tried.' }),
    resolved_at: instantAnswer.nullable().openapi({ example: null }),
  })
  .openapi('Case');

export const caseWithHistory = caseAnswer
  .extend({
    history: z.array(
      z.object({
        action: z.enum(CASE_ACTIONS),
        ...actingAnswer,
        comment: z.string(),
        at: instantAnswer,
      }),
    ),
  })
  .openapi('CaseWithHistory');

export function renderCase(row: Case): z.input<typeof caseAnswer> {
  return {
    case_id: row.caseId,
    subject: row.subject,
    transfer_id: row.transferId,
    transaction_id: row.transactionId,
    reason: row.reason,
    status: row.status,
    since: row.openedAt.toISOString(),
    last_error: row.lastError,
    attempts: row.attempts,
    resolved_at: row.resolvedAt?.toISOString() ?? null,
  };
}

/** With the log of its decisions. */
export async function withHistory(database: Database, row: Case): Promise<z.input<typeof caseWithHistory>> {
  const actions = await boundedQuery(database, () => listCaseActions(database, row.caseId));
  return {
    ...renderCase(row),
    history: actions.map(({ action, actor, onBehalfOf, comment, createdAt }) => ({
      action,
      ...{ actor, on_behalf_of: onBehalfOf },
      comment,
      at: createdAt.toISOString(),
    })),
  };
}
