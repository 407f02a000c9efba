/** The schema of the overview. */
import { z } from '@hono/zod-openapi';
import { MOVEMENT_KINDS } from '../../domain/transfer/movement-counts.ts';
import { RUN_SCOPES } from '../../domain/transfer/reconciliation.ts';
import { amountAnswer, exampleRunId, idAnswer, instantAnswer } from '../http/fields.ts';

const count = z.int().openapi({ example: 2 });
const ageSeconds = z.int().openapi({ example: 720 });

export const ATTENTION_KINDS = [
  ...(['transfers', 'holds', 'transactions', 'batches', 'orders', 'returns'] as const),
  ...(['cases', 'order_cases'] as const),
];

const currencyAnswer = z.object({
  currency: z.string().openapi({ example: 'USD' }),
  total: amountAnswer.nullable().openapi({
    example: '12000.0000',
    description: 'All that has come in and has not left. Null while the wallets cannot be asked.',
  }),
  held: amountAnswer.nullable().openapi({
    example: '40.0000',
    description: 'What is debited for holds that nobody has decided about. Null while the transfers cannot be asked.',
  }),
  in_flight: amountAnswer.nullable().openapi({
    example: '12.5000',
    description:
      'The amounts of the other transfers that are accepted and have not ended, those for later excepted. Null as `held`.',
  }),
});

const runAnswer = z.object({
  run_id: idAnswer(exampleRunId),
  status: z.enum(['CLEAN', 'REPAIRED', 'FOUND', 'FAILED']),
  scope: z.enum(RUN_SCOPES),
  ...{ checked: z.int(), repaired: z.int(), found: z.int() },
  ...{ started_at: instantAnswer, finished_at: instantAnswer },
});

const workerAnswer = z.object({
  name: z.string().openapi({ example: 'transfer-worker' }),
  status: z.enum(['up', 'down']),
  reason: z.string().optional(),
});

export const overviewAnswer = z
  .object({
    at: instantAnswer.openapi({ description: 'When it was read. One reading serves all who ask within a second.' }),
    currencies: z.array(currencyAnswer).openapi({ description: 'Ordered by their codes.' }),
    books: z
      .object({
        balance: z.boolean().nullable().openapi({ description: 'Null if no reconciliation has come to its end yet.' }),
        disagreements: z.int().nullable().openapi({
          example: 0,
          description: 'The open cases that say that books disagree. Null while the transfers cannot be asked.',
        }),
        as_of: instantAnswer.nullable().openapi({ description: 'When a reconciliation last came to its end.' }),
      })
      .openapi({ description: 'By the reconciliation: nothing is counted for this answer.' }),
    reconciliation: runAnswer.nullable().openapi({ description: 'The run that has finished last.' }),
    needs_you: z.object({ count: count.nullable(), oldest_age_seconds: ageSeconds.nullable() }).openapi({
      description:
        'What waits for a person: whatever shows attention, and findings of the reconciliation. Null while the transfers or the orders cannot be asked.',
    }),
    awaiting_approval: z.object({ count: count.nullable(), oldest_age_seconds: ageSeconds.nullable() }).openapi({
      description:
        'The transfers that wait for the approval of somebody else. They are not in `needs_you`. Null while they cannot be asked.',
    }),
    attention: z
      .array(
        z.object({
          kind: z.enum(ATTENTION_KINDS),
          count,
          oldest_at: instantAnswer.nullable(),
          oldest_age_seconds: ageSeconds.nullable(),
        }),
      )
      .openapi({
        description:
          'Every kind, in this order. `cases` are all open ones: many are about a movement that is counted as well.',
      }),
    under_way: z.array(
      z.object({
        kind: z.enum([...MOVEMENT_KINDS, 'order']),
        status: z.string().openapi({ example: 'PENDING' }),
        count,
        oldest_age_seconds: ageSeconds,
        stuck: z.int().openapi({ example: 0, description: 'Those that should have ended five minutes ago.' }),
      }),
    ),
    workers: z.array(workerAnswer),
    queues: z
      .array(
        z.object({
          queue: z.string().openapi({ example: 'transfer' }),
          type: z.enum(['workflow', 'activity']),
          waiting: z
            .int()
            .openapi({ example: 0, description: 'Tasks that no worker has taken, as Temporal estimates.' }),
          oldest_seconds: z.int().openapi({ example: 0 }),
        }),
      )
      .openapi({ description: 'None while Temporal cannot be asked.' }),
    lag: z.array(
      z.object({
        name: z.string().openapi({ example: 'outbox/transfer' }),
        events: z.int().openapi({ example: 0, description: 'That wait.' }),
        seconds: z.number().openapi({ example: 0, description: 'For how long the oldest waits.' }),
        is_stopped: z.boolean().openapi({ description: 'Whether it waits for an operator.' }),
      }),
    ),
    sources: z.object({
      transfers: z.enum(['ok', 'unavailable']),
      wallets: z.enum(['ok', 'unavailable']),
      orders: z.enum(['ok', 'unavailable', 'not_configured']),
      events: z.enum(['ok', 'unavailable', 'not_allowed']),
      temporal: z.enum(['ok', 'unavailable', 'not_allowed']),
    }),
  })
  .openapi('Overview');

export type Overview = z.input<typeof overviewAnswer>;
