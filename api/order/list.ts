/** The routes that list orders and returns, and the steps of an order. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Database } from '../../db/database.ts';
import { listOrders, listOrderSteps, type Order } from '../../db/order/queries.ts';
import { listReturns, type Return } from '../../db/order/returns.ts';
import type { OrderId } from '../../domain/ids.ts';
import { ORDER_STATUSES, RETURN_STATUSES } from '../../domain/order/order.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import { instantAnswer, orderIdField, walletIdField } from '../http/fields.ts';
import { creationPage, pageParameters, pageSchema, placeAfter } from '../http/pagination.ts';
import { problemResponses } from '../http/problem-schema.ts';
import { faultCode } from '../http/validation.ts';
import { requiresInTenant } from '../http/scopes.ts';
import { orderAnswer, renderOrder, renderReturn, returnAnswer } from './answer.ts';
import { existingOrder } from './deps.ts';

const tags = ['Orders'];
const params = z.object({ order_id: orderIdField });
const oneProblems = ['order_not_found', 'order_id_invalid', 'database_unavailable', 'orders_not_configured'] as const;

const getSteps = createRoute({
  method: 'get',
  path: '/v1/orders/{order_id}/steps',
  operationId: 'listOrderSteps',
  summary: 'What happened to an order, and when',
  tags,
  description: 'The oldest step first. Steps are kept for ever, and can be read while Temporal is down.',
  middleware: requiresInTenant('orders:read'),
  request: { params },
  responses: {
    200: {
      description: 'Its steps.',
      content: {
        'application/json': {
          schema: z.object({
            data: z.array(
              z
                .object({
                  consignment: z
                    .int()
                    .nullable()
                    .openapi({ type: ['integer', 'null'] }),
                  step: z.string().openapi({ example: 'CONFIRMED' }),
                  reason: z.string().nullable(),
                  at: instantAnswer,
                })
                .openapi('OrderStep'),
            ),
          }),
        },
      },
    },
    ...problemResponses(...oneProblems),
  },
});

/** Only `true` can be asked for: of all orders, nearly all are the others. */
const flag = z.literal('true', { error: faultCode('flag_invalid') }).optional();

const list = createRoute({
  method: 'get',
  path: '/v1/orders',
  operationId: 'listOrders',
  summary: 'Orders, newest first',
  tags,
  description: `At most 10,000 orders are looked at for one page: a page may be short, and even empty, and has a \`next_cursor\` as long as
there may be more.`,
  middleware: requiresInTenant('orders:read'),
  request: {
    query: z.strictObject({
      status: z.enum(ORDER_STATUSES, { error: faultCode('status_invalid') }).optional(),
      buyer_wallet_id: walletIdField.optional(),
      compensating: flag.openapi({ description: 'Those that are being undone now.' }),
      attention: flag.openapi({ description: 'Those that wait for an operator.' }),
      ...pageParameters,
    }),
  },
  responses: {
    200: { description: 'A page.', content: { 'application/json': { schema: pageSchema(orderAnswer) } } },
    ...problemResponses(
      'status_invalid',
      'wallet_id_invalid',
      'flag_invalid',
      'limit_invalid',
      'cursor_invalid',
      'cursor_of_another_list',
      'unknown_parameter',
      'database_unavailable',
      'orders_not_configured',
    ),
  },
});

const ofReturns = createRoute({
  method: 'get',
  path: '/v1/returns',
  operationId: 'listReturns',
  summary: 'Returns, newest first',
  tags: ['Returns'],
  description: `At most 10,000 returns are looked at for one page: a page may be short, and even empty, and has a \`next_cursor\` as long as
there may be more.`,
  middleware: requiresInTenant('orders:read'),
  request: {
    query: z.strictObject({
      status: z.enum(RETURN_STATUSES, { error: faultCode('status_invalid') }).optional(),
      attention: flag.openapi({ description: 'Those that wait for an operator.' }),
      ...pageParameters,
    }),
  },
  responses: {
    200: { description: 'A page.', content: { 'application/json': { schema: pageSchema(returnAnswer) } } },
    ...problemResponses(
      'status_invalid',
      'flag_invalid',
      'limit_invalid',
      'cursor_invalid',
      'cursor_of_another_list',
      'unknown_parameter',
      'database_unavailable',
      'orders_not_configured',
    ),
  },
});

/** `database` is the order service's. */
export function orderListRoutes({ database }: { readonly database: Database }) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(getSteps, async (c) => {
      const { order_id: id } = c.req.valid('param');
      await existingOrder(c, database, id);
      const steps = await boundedQuery(database, () => listOrderSteps(database, id));
      const data = steps.map(({ n, step, reason, createdAt }) => ({
        ...{ consignment: n === 0 ? null : n, step, reason },
        at: createdAt.toISOString(),
      }));
      return c.json({ data }, 200);
    })
    .openapi(list, async (c) => {
      const { status, buyer_wallet_id: buyerWalletId, compensating, attention, limit, cursor } = c.req.valid('query');
      const at = placeAfter(c, cursor);
      const filter = {
        ...{ tenant: c.var.holder.tenant, status, buyerWalletId, limit: limit + 1 },
        compensating: compensating && (true as const),
        attention: attention && (true as const),
        after: at && { createdAt: at.createdAt, orderId: at.id as OrderId },
      };
      const listed = await boundedQuery(database, () => listOrders(database, filter));
      const placeOf = ({ createdAt, orderId: id }: Order) => ({ createdAt, id });
      return c.json(creationPage(c, listed, { limit, placeOf, render: renderOrder }), 200);
    })
    .openapi(ofReturns, async (c) => {
      const { status, attention, limit, cursor } = c.req.valid('query');
      const filter = { tenant: c.var.holder.tenant, status, attention: attention && (true as const), limit: limit + 1 };
      const after = placeAfter(c, cursor);
      const listed = await boundedQuery(database, () => listReturns(database, { ...filter, after }));
      const placeOf = ({ createdAt, returnId: id }: Return) => ({ createdAt, id });
      return c.json(creationPage(c, listed, { limit, placeOf, render: renderReturn }), 200);
    });
}
