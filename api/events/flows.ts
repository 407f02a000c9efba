/** The route of flows: how much money has moved over a span of time, by currency, in equal steps. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { readFlows, type Flow } from '../../db/events/flow-queries.ts';
import { isCurrency } from '../../domain/currency.ts';
import { FLOW_DAYS_KEPT, FLOW_KINDS } from '../../domain/flow.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import { amountAnswer, instantAnswer, instantField } from '../http/fields.ts';
import { faultyRequest } from '../http/problem.ts';
import { problemResponses } from '../http/problem-schema.ts';
import { requiresInTenant } from '../http/scopes.ts';
import { faultCode } from '../http/validation.ts';
import type { EventDeps } from './event.ts';

/** Of a currency; and of all of them, of which there may be more than a hundred. */
const STEPS_MAX = 1_000;
const STEPS_OF_ALL_MAX = 100;
/** Each divides a day, so that days and hours in UTC are never cut. */
const STEPS = ['900', '1800', '3600', '7200', '10800', '14400', '21600', '43200', '86400'] as const;
const DAY_MS = 24 * 3_600_000;
const flowAnswer = z.object({ count: z.int().openapi({ example: 3 }), amount: amountAnswer }).openapi('Flow');

const stepAnswer = z.object({
  at: instantAnswer.openapi({ description: 'When the step begins.' }),
  transfers: flowAnswer.openapi({
    description: 'What transfers have brought to their receivers; of a hold, what was captured.',
  }),
  credits: flowAnswer.openapi({ description: 'What transactions have brought in from outside.' }),
  debits: flowAnswer.openapi({ description: 'What transactions have taken out.' }),
  refunds: flowAnswer.openapi({
    description:
      'What transfers had debited and have given back: of those that did not complete, and of a hold the rest.',
  }),
});

const flowsAnswer = z
  .object({
    from: instantAnswer.openapi({ description: 'When the first step begins.' }),
    to: instantAnswer.openapi({ description: 'When the last step ends.' }),
    step: z.int().openapi({ example: 3_600, description: 'In seconds.' }),
    data: z.array(z.object({ currency: z.string().openapi({ example: 'USD' }), steps: z.array(stepAnswer) })).openapi({
      description:
        'The currencies in which something has moved, and the one that was asked for, ordered by their codes.',
    }),
    up_to_position: z.int().openapi({ example: 42, description: 'All events up to this one are counted.' }),
    head: z.int().openapi({ example: 42, description: 'The newest position of the log.' }),
  })
  .openapi('Flows');

const get = createRoute({
  method: 'get',
  path: '/v1/flows',
  operationId: 'getFlows',
  summary: 'How much money has moved, in equal steps of time',
  tags: ['Overview'],
  description: `It is derived from the event log, as sums of quarter hours, and costs as much as it shows, however many movements there were.
It may be behind the log by a moment: what has come in since \`up_to_position\` is not counted yet. Every step between \`from\` and \`to\` is there,
also one in which nothing has moved; the last one is not over. A quarter hour is kept for ${FLOW_DAYS_KEPT} days.`,
  middleware: requiresInTenant('wallets:read'),
  request: {
    query: z.strictObject({
      currency: z
        .string({ error: faultCode('currency_invalid') })
        .refine(isCurrency, 'currency_invalid')
        .optional()
        .openapi({ type: 'string', example: 'USD', description: 'Default: every one in which something has moved.' }),
      from: instantField.optional().openapi({
        description: `The step that this instant is in is the first one. Not more than ${FLOW_DAYS_KEPT} days ago. Default: as many steps as make a day, up to the last one.`,
      }),
      to: instantField.optional().openapi({
        description: 'The step that ends at this instant, or that it is in, is the last one. Default: now.',
      }),
      step: z
        .enum(STEPS, { error: faultCode('step_invalid') })
        .transform(Number)
        .default(3_600)
        .openapi({
          type: 'integer',
          enum: STEPS.map(Number),
          default: 3_600,
          description: `In seconds; it begins at a multiple of itself, in UTC. There are ${STEPS_MAX} at most, and ${STEPS_OF_ALL_MAX} if no currency is named.`,
        }),
    }),
  },
  responses: {
    200: { description: 'The steps, the oldest first.', content: { 'application/json': { schema: flowsAnswer } } },
    ...problemResponses(
      ...(['currency_invalid', 'instant_invalid', 'step_invalid', 'span_invalid'] as const),
      ...(['unknown_parameter', 'database_unavailable'] as const),
    ),
  },
});

export function flowRoutes({ eventsDatabase }: EventDeps) {
  return new OpenAPIHono<ApiEnv>().openapi(get, async (c) => {
    const { currency, step: stepSeconds, ...asked } = c.req.valid('query');
    const { from, to } = spanOf(asked, stepSeconds * 1_000, currency === undefined ? STEPS_OF_ALL_MAX : STEPS_MAX);
    const query = { tenant: c.var.holder.tenant, currency, from, to, stepSeconds };
    const { flows, upToPosition, headPosition } = await boundedQuery(eventsDatabase, () =>
      readFlows(eventsDatabase, query),
    );
    const currencies = new Set([...(currency === undefined ? [] : [currency]), ...flows.map((flow) => flow.currency)]);
    return c.json(
      {
        ...{ from: from.toISOString(), to: to.toISOString(), step: stepSeconds },
        data: [...currencies].sort().map((each) => ({
          currency: each,
          steps: stepsOf(
            flows.filter((flow) => flow.currency === each),
            { from, to, stepSeconds },
          ),
        })),
        ...{ up_to_position: upToPosition, head: headPosition },
      },
      200,
    );
  });
}

/** Whole steps. Throws a problem if there are none, too many, or some that are no longer kept. */
function spanOf(
  { from: askedFrom, to: askedTo }: { readonly from?: Date | undefined; readonly to?: Date | undefined },
  stepMs: number,
  stepsMax: number,
): { from: Date; to: Date } {
  const toMs = Math.ceil((askedTo ?? new Date()).getTime() / stepMs) * stepMs;
  const fromMs = askedFrom === undefined ? toMs - DAY_MS : Math.floor(askedFrom.getTime() / stepMs) * stepMs;
  const steps = (toMs - fromMs) / stepMs;
  const refused = (detail: string) => faultyRequest([{ parameter: 'from', code: 'span_invalid', detail }]);
  if (toMs > Date.now() + DAY_MS) throw refused('`to` must not be later than a day from now.');
  if (steps < 1) throw refused('Must be before `to`.');
  if (steps > stepsMax) throw refused(`From then on there are ${steps} steps, and may be ${stepsMax}.`);
  if (fromMs < Date.now() - FLOW_DAYS_KEPT * DAY_MS) throw refused(`Flows are kept for ${FLOW_DAYS_KEPT} days.`);
  return { from: new Date(fromMs), to: new Date(toMs) };
}

function stepsOf(
  flows: readonly Flow[],
  { from, to, stepSeconds }: { readonly from: Date; readonly to: Date; readonly stepSeconds: number },
): z.input<typeof stepAnswer>[] {
  const found = new Map(flows.map(({ at, kind, count, amount }) => [`${at} ${kind}`, { count, amount }]));
  const [first, end] = [from.getTime() / 1_000, to.getTime() / 1_000];
  return Array.from({ length: (end - first) / stepSeconds }, (_, index) => {
    const at = first + index * stepSeconds;
    const [transfers, credits, debits, refunds] = FLOW_KINDS.map(
      (kind) => found.get(`${at} ${kind}`) ?? { count: 0, amount: '0.0000' },
    );
    return {
      at: new Date(at * 1_000).toISOString(),
      ...{ transfers: transfers!, credits: credits!, debits: debits!, refunds: refunds! },
    };
  });
}
