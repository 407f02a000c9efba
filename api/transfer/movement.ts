/** The parts that the routes of transfers and of one-sided transactions share: dependencies, headers, fields, responses. */
import { z } from '@hono/zod-openapi';
import type { Database } from '../../db/database.ts';
import type { Transaction } from '../../db/transfer/transaction-queries.ts';
import type { Transfer } from '../../db/transfer/queries.ts';
import type { AmountPrecision } from '../../domain/amount-precision.ts';
import type { MovementStarter } from '../../temporal/transfer/start-movement.ts';
import type { AcceptanceDeps } from './acceptance.ts';
import type { FieldCode } from '../http/field-codes.ts';
import {
  AMOUNT_DESCRIPTION,
  amountAnswer,
  amountField,
  currencyField,
  idAnswer,
  instantAnswer,
  metadataField,
  referenceField,
} from '../http/fields.ts';
import { idempotencyKeyHeader } from '../http/idempotency-key.ts';
import { preferHeader } from '../http/prefer-wait.ts';
import type { ProblemCode } from '../http/problem.ts';
import { BODY_PROBLEMS, problemResponses } from '../http/problem-schema.ts';

export interface MovementDeps {
  readonly database: Database;
  readonly starter: MovementStarter;
  readonly acceptance: AcceptanceDeps;
  /** From a movement's acceptance until it is given up. */
  readonly deadlineSeconds: number;
  readonly amountPrecision: AmountPrecision;
}

export const movementHeaders = z.object({
  'Idempotency-Key': idempotencyKeyHeader,
  ...preferHeader,
});

/** The amount of a transfer between two wallets. A transaction, which crosses to the outside world, is held to the minor unit. */
export const transferAmountField = amountField.openapi({
  description: `${AMOUNT_DESCRIPTION} In a currency without a minor unit, such as JPY, only whole numbers, unless the service is set to \`AMOUNT_PRECISION=ledger\`; see \`GET /v1/currencies\`.`,
});

export const movementRequestFields = {
  amount: transferAmountField,
  currency: currencyField,
  reference: referenceField,
  metadata: metadataField,
};

export const attentionAnswer = z
  .object({
    case_id: idAnswer('3c1d2e4f-8a9b-4c0d-9e1f-2a3b4c5d6e7f').nullable(),
    reason: z.string(),
    since: instantAnswer,
    last_error: z.string().nullable(),
  })
  .nullable()
  .openapi({
    description:
      'Set while the compensation cannot finish by itself and an operator should look. The compensation goes on being tried.',
  });

export const movementAnswerFields = {
  failure_detail: z
    .object({ limit: z.enum(['max_amount', 'outgoing_24h']), remaining: amountAnswer })
    .nullable()
    .openapi({
      description: 'Set with `limit_exceeded`: the limit of the wallet, and the amount that could have moved.',
    }),
  amount: amountAnswer,
  currency: z.string().openapi({ example: 'USD' }),
  reference: z.string().nullable(),
  metadata: z.record(z.string(), z.string()),
  attention: attentionAnswer,
  created_at: instantAnswer,
  updated_at: instantAnswer,
  deadline_at: instantAnswer.openapi({
    description:
      'When the movement is given up and compensated, unless its money has arrived. A debited hold waits until its `expires_at`.',
  }),
};

const movementAnswer = z.object(movementAnswerFields);

export function renderMovement(row: Transfer | Transaction): z.infer<typeof movementAnswer> {
  return {
    failure_detail: row.failureDetail,
    amount: row.amount,
    currency: row.currency,
    reference: row.reference,
    metadata: row.metadata ?? {},
    attention: renderAttention(row),
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
    deadline_at: row.deadlineAt.toISOString(),
  };
}

export function renderAttention({
  attentionCaseId,
  attentionReason: reason,
  attentionSince: since,
  attentionError,
}: Pick<Transfer, 'attentionCaseId' | 'attentionReason' | 'attentionSince' | 'attentionError'>): z.infer<
  typeof attentionAnswer
> {
  return reason === null || since === null
    ? null
    : { case_id: attentionCaseId, reason, since: since.toISOString(), last_error: attentionError };
}

const replayed = {
  'Idempotent-Replayed': {
    description: '`true` if an earlier request with this key created the movement.',
    schema: { type: 'string' as const, enum: ['true'] },
  },
  Location: { description: 'The path of the movement.', schema: { type: 'string' as const } },
};

/** The refusals that a request for any movement may meet. */
export const movementProblems = [
  'idempotency_key_missing',
  'idempotency_key_invalid',
  ...BODY_PROBLEMS,
  'field_missing',
  'wallet_id_invalid',
  'amount_invalid',
  'amount_not_positive',
  'amount_too_precise',
  'amount_too_large',
  'currency_invalid',
  'too_long',
  'character_forbidden',
  'metadata_invalid',
  'idempotency_key_reused',
  'database_unavailable',
  'temporal_unavailable',
  'wallet_shard_behind',
] as const;

/** The responses to a request for a movement; `ownCodes` are refusals that only this kind of movement has. */
export function movementResponses<Answer extends z.ZodType>(
  answer: Answer,
  ...ownCodes: readonly (FieldCode | ProblemCode)[]
) {
  const content = { 'application/json': { schema: answer } };
  return {
    200: {
      description: 'The client waited, and the movement has ended or waits for somebody.',
      headers: { ...replayed, 'Preference-Applied': { description: '`wait=N`', schema: { type: 'string' as const } } },
      content,
    },
    202: { description: 'Accepted: the movement runs to its end.', headers: replayed, content },
    ...problemResponses(...movementProblems, ...ownCodes),
  };
}
