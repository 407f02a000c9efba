/** The route of an operator's decision about an order that waits for one. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { ORDER_ACTIONS } from '../../domain/order/operations.ts';
import { resolveOrderUpdate } from '../../workflows/order/messages.ts';
import { actingHeaders, actingOf } from '../http/acting.ts';
import type { ApiEnv } from '../http/env.ts';
import { commentField, orderIdField } from '../http/fields.ts';
import { settlesMoney } from '../http/load-limits.ts';
import { problemResponses } from '../http/problem-schema.ts';
import { readJson } from '../http/request-body.ts';
import { faultCode } from '../http/validation.ts';
import { requiresInTenant } from '../http/scopes.ts';
import { orderAnswer, renderOrder } from './answer.ts';
import { askOrder } from './ask-order.ts';
import { ASKING_PROBLEMS, existingOrder, orderNow, refused, type OrderDeps } from './deps.ts';

const tags = ['Orders'];
const content = { 'application/json': { schema: orderAnswer } };
const params = z.object({ order_id: orderIdField });

const resolve = createRoute({
  method: 'post',
  path: '/v1/orders/{order_id}/resolve',
  operationId: 'resolveOrder',
  summary: 'Decide about an order that waits for an operator',
  tags,
  description: `\`retry\`: what keeps failing is tried at once. For goods that have left and whose hold was lost (DUE):
\`collect_again\` takes the money by an ordinary transfer, \`write_off\` gives it up.`,
  middleware: [requiresInTenant('cases:write'), settlesMoney, readJson] as const,
  request: {
    params,
    headers: actingHeaders,
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject(
              { action: z.enum(ORDER_ACTIONS, { error: faultCode('action_invalid') }), comment: commentField },
              { error: faultCode('body_invalid') },
            )
            .openapi('OrderResolution', { example: { action: 'collect_again', comment: 'The buyer has paid in.' } }),
        },
      },
    },
  },
  responses: {
    200: { description: 'Taken: the order as it is now.', content },
    ...problemResponses(
      ...ASKING_PROBLEMS,
      'actor_invalid',
      'action_invalid',
      'field_missing',
      'too_short',
      'too_long',
      'character_forbidden',
      'order_not_resolvable',
    ),
  },
});

export function orderResolveRoutes(deps: OrderDeps) {
  const { database } = deps;
  return new OpenAPIHono<ApiEnv>().openapi(resolve, async (c) => {
    const { action, comment } = c.req.valid('json');
    const acting = actingOf(c, c.req.valid('header')['X-Actor']);
    const before = await existingOrder(c, database, c.req.valid('param').order_id);
    const answer = await askOrder(c, deps, before, resolveOrderUpdate, { action, comment, ...acting });
    if (answer.outcome !== 'taken') throw refused('order_not_resolvable', await orderNow(database, before));
    return c.json(renderOrder(await orderNow(database, before)), 200);
  });
}
