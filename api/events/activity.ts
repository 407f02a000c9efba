/**
 * The route of a wallet's activity. Its path is a wallet's and its data the events service's: it is served where the log is read,
 * by the transfer API, and never forwarded to the wallet API.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { readActivity } from '../../db/events/activity-queries.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import { amountAnswer, walletIdField } from '../http/fields.ts';
import { faultyRequest } from '../http/problem.ts';
import { problemResponses } from '../http/problem-schema.ts';
import { faultCode } from '../http/validation.ts';
import { requiresInTenant } from '../http/scopes.ts';
import type { EventDeps } from './event.ts';

const DAYS_MAX = 366;
const DAYS_DEFAULT = 30;
const DAY_MS = 24 * 3_600_000;

const dayField = z
  .string({ error: faultCode('day_invalid') })
  .pipe(z.iso.date({ error: 'day_invalid' }))
  .openapi({ type: 'string', format: 'date', example: '2026-01-31' });

const get = createRoute({
  method: 'get',
  path: '/v1/wallets/{wallet_id}/activity',
  operationId: 'getWalletActivity',
  summary: 'What happened to a wallet on each day, by type of event',
  tags: ['Wallets'],
  description: `How many events of each type there were on each day (UTC), and the sum of their amounts in the wallet's currency; refusals
have none, and those of wallets that were not found are not counted. It is derived from the event log and may be behind it by a moment:
\`up_to_position\` is the event up to which all are counted.
A wallet that nothing has happened to, or that does not exist, has no activity.`,
  middleware: requiresInTenant('wallets:read'),
  request: {
    params: z.object({ wallet_id: walletIdField }),
    query: z.strictObject({
      from: dayField
        .optional()
        .openapi({ description: `The first day. Default: the ${DAYS_DEFAULT}th up to the last one.` }),
      to: dayField.optional().openapi({ description: `The last day, of ${DAYS_MAX} at most. Default: today.` }),
    }),
  },
  responses: {
    200: {
      description: 'The days in their order; days and types without an event are left out.',
      content: {
        'application/json': {
          schema: z.object({
            data: z.array(
              z.object({
                day: z.string().openapi({ format: 'date', example: '2026-01-31' }),
                type: z.string().openapi({ example: 'wallet.debited' }),
                count: z.int().openapi({ example: 3 }),
                sum: amountAnswer,
              }),
            ),
            up_to_position: z.int().openapi({ example: 42 }),
          }),
        },
      },
    },
    ...problemResponses(
      'wallet_id_invalid',
      'day_invalid',
      'days_invalid',
      'unknown_parameter',
      'database_unavailable',
    ),
  },
});

export function activityRoutes({ eventsDatabase }: EventDeps) {
  return new OpenAPIHono<ApiEnv>().openapi(get, async (c) => {
    const { wallet_id: walletId } = c.req.valid('param');
    const { from: firstDay, to = dayOf(Date.now()) } = c.req.valid('query');
    const from = firstDay ?? dayOf(Date.parse(to) - (DAYS_DEFAULT - 1) * DAY_MS);
    const days = (Date.parse(to) - Date.parse(from)) / DAY_MS + 1;
    if (days < 1 || days > DAYS_MAX)
      throw faultyRequest([
        { parameter: 'from', code: 'days_invalid', detail: `Must be at most ${DAYS_MAX} days up to ${to}.` },
      ]);
    const { activity, upToPosition } = await boundedQuery(eventsDatabase, () =>
      readActivity(eventsDatabase, c.var.holder.tenant, walletId, from, to),
    );
    return c.json({ data: activity, up_to_position: upToPosition }, 200);
  });
}

/** In UTC. */
function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
