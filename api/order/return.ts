/** The routes of returns: announce one, note that the goods are back, show it. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { findOrder } from '../../db/order/queries.ts';
import {
  acceptReturn,
  findReturn,
  listReturnsOfOrder,
  receiveReturn,
  type Return,
  type ReturnRefusal,
} from '../../db/order/returns.ts';
import { returnId } from '../../domain/derived-id.ts';
import { returnBodyHash } from '../../domain/order/order-body.ts';
import { startReturn } from '../../temporal/order/start-order.ts';
import { byWhom } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import { orderIdField, returnIdField, skuField } from '../http/fields.ts';
import { idempotencyKeyHeader } from '../http/idempotency-key.ts';
import { settlesMoney } from '../http/load-limits.ts';
import { ProblemError } from '../http/problem.ts';
import { BODY_PROBLEMS, problemResponses } from '../http/problem-schema.ts';
import { readJson, readJsonOrNothing } from '../http/request-body.ts';
import { faultCode } from '../http/validation.ts';
import { requiresInTenant } from '../http/scopes.ts';
import { renderReturn, returnAnswer } from './answer.ts';
import { existingOrder, keyReused, refuseWhileDown, type OrderDeps } from './deps.ts';
import { linesField } from './order-request.ts';

const tags = ['Returns'];
const content = { 'application/json': { schema: returnAnswer } };
const ofOrder = z.object({ order_id: orderIdField });
const ofReturn = z.object({ return_id: returnIdField });
const START_LIMIT_MS = 1_500;
/** Longer than that, so that the sweep rarely repeats a start that is under way. */
const START_DUE_SECONDS = 3;

const post = createRoute({
  method: 'post',
  path: '/v1/orders/{order_id}/returns',
  operationId: 'createReturn',
  summary: 'Announce that goods come back',
  tags,
  description: `Of one consignment that was delivered and paid, and never more than were delivered, however many returns are
announced at once. Nothing moves until the goods are back.`,
  middleware: [requiresInTenant('orders:write'), readJson] as const,
  request: {
    params: ofOrder,
    headers: z.object({ 'Idempotency-Key': idempotencyKeyHeader }),
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject({ lines: linesField }, { error: faultCode('body_invalid') })
            .openapi('ReturnRequest', { example: { lines: [{ sku: 'TEAPOT-1L', quantity: 1 }] } }),
        },
      },
    },
  },
  responses: {
    200: { description: 'The return, which was announced before.', content },
    201: { description: 'The return.', content },
    ...problemResponses(
      'order_not_found',
      'order_id_invalid',
      'idempotency_key_missing',
      'idempotency_key_invalid',
      'idempotency_key_reused',
      ...BODY_PROBLEMS,
      'field_missing',
      'lines_invalid',
      'sku_invalid',
      'sku_repeated',
      'quantity_invalid',
      'not_returnable',
      'database_unavailable',
      'orders_not_configured',
    ),
  },
});

const list = createRoute({
  method: 'get',
  path: '/v1/orders/{order_id}/returns',
  operationId: 'listReturnsOfOrder',
  summary: 'The returns of an order, oldest first',
  tags,
  middleware: requiresInTenant('orders:read'),
  request: { params: ofOrder },
  responses: {
    200: {
      description: 'All of them.',
      content: { 'application/json': { schema: z.object({ data: z.array(returnAnswer) }) } },
    },
    ...problemResponses('order_not_found', 'order_id_invalid', 'database_unavailable', 'orders_not_configured'),
  },
});

const get = createRoute({
  method: 'get',
  path: '/v1/returns/{return_id}',
  operationId: 'getReturn',
  summary: 'A return',
  tags,
  middleware: requiresInTenant('orders:read'),
  request: { params: ofReturn },
  responses: {
    200: { description: 'The return as it is now.', content },
    ...problemResponses('return_not_found', 'return_id_invalid', 'database_unavailable', 'orders_not_configured'),
  },
});

const receipt = createRoute({
  method: 'post',
  path: '/v1/returns/{return_id}/receipt',
  operationId: 'receiveReturn',
  summary: 'Note that the goods of a return are back',
  tags,
  description: `They go on the shelf again, those that are named in \`scrapped\` do not; a credit note is written, and the buyer gets
the money back by a reversal of the payment. If the seller's wallet cannot pay, that is tried again for thirty days. A repeat is safe;
of a return that is REFUND_DUE, it has the refund tried again.`,
  middleware: [requiresInTenant('orders:write'), settlesMoney, readJsonOrNothing] as const,
  request: {
    params: ofReturn,
    body: {
      content: {
        'application/json': {
          schema: z
            .strictObject(
              {
                scrapped: z
                  .array(skuField, { error: faultCode('lines_invalid') })
                  .max(50, 'lines_invalid')
                  .default([]),
              },
              { error: faultCode('body_invalid') },
            )
            .openapi('ReturnReceipt', { example: { scrapped: [] } }),
        },
      },
    },
  },
  responses: {
    202: { description: 'Noted: the return runs to its end.', content },
    ...problemResponses(
      'return_not_found',
      'return_id_invalid',
      ...BODY_PROBLEMS,
      'sku_invalid',
      'lines_invalid',
      'database_unavailable',
      'orders_not_configured',
      'temporal_unavailable',
    ),
  },
});

const WHY_NOT: Readonly<Record<ReturnRefusal, string>> = {
  sku_not_in_order: 'The order has no such SKU.',
  not_delivered: 'The goods have not been delivered.',
  several_consignments: 'The goods were delivered in several consignments: announce a return for each.',
  exceeds_delivered: 'No more can come back than was delivered, with what has been announced before.',
  not_paid:
    'The goods are not paid: ask again in a moment if they have just left, otherwise once what is due has been collected.',
};

export function returnRoutes(deps: OrderDeps) {
  const { database, starter, starts, monitor } = deps;

  return new OpenAPIHono<ApiEnv>()
    .openapi(post, async (c) => {
      const { order_id: id } = c.req.valid('param');
      await existingOrder(c, database, id);
      const idempotencyKey = c.req.valid('header')['Idempotency-Key'];
      const lines = c.req.valid('json').lines.map(({ sku, quantity }) => ({ sku, quantity }));
      const asked = {
        returnId: returnId(id, idempotencyKey),
        orderId: id,
        lines,
        idempotencyKey,
        bodyHash: returnBodyHash(lines),
      };
      c.var.log.setBindings({ return_id: asked.returnId });
      const accept = () => acceptReturn(database, asked, c.var.trace, byWhom(c));
      const stored = await boundedQuery(database, accept, { isWrite: true });
      if (stored !== undefined && 'refused' in stored)
        throw new ProblemError('not_returnable', {
          detail: WHY_NOT[stored.refused],
          members: { order_id: id, reason: stored.refused },
        });
      const row = stored ?? (await existingReturn(c, asked.returnId));
      if (row.bodyHash !== asked.bodyHash) throw keyReused();
      c.header('Location', `/v1/returns/${row.returnId}`);
      if (stored === undefined) c.header('Idempotent-Replayed', 'true');
      return c.json(renderReturn(row), stored === undefined ? 200 : 201);
    })
    .openapi(list, async (c) => {
      const { order_id: id } = c.req.valid('param');
      await existingOrder(c, database, id);
      const rows = await boundedQuery(database, () => listReturnsOfOrder(database, id));
      return c.json({ data: rows.map(renderReturn) }, 200);
    })
    .openapi(get, async (c) => c.json(renderReturn(await existingReturn(c, c.req.valid('param').return_id)), 200))
    .openapi(receipt, async (c) => {
      const { return_id: id } = c.req.valid('param');
      c.var.log.setBindings({ return_id: id });
      const { scrapped } = c.req.valid('json');
      await existingReturn(c, id);
      refuseWhileDown(monitor);
      const note = () => receiveReturn(database, id, new Set(scrapped), START_DUE_SECONDS, c.var.trace, byWhom(c));
      const row = await boundedQuery(database, note, { isWrite: true });
      if (row.status === 'RECEIVED')
        await starts.start(
          async () => startReturn(starter, row, (await findOrder(database, row.orderId))!),
          START_LIMIT_MS,
          c.var.log,
        );
      return c.json(renderReturn(row), 202);
    });

  /** The return, if it is the asking tenant's. */
  async function existingReturn(c: Context<ApiEnv>, id: Return['returnId']): Promise<Return> {
    const row = await boundedQuery(database, () => findReturn(database, id, c.var.holder.tenant));
    if (row === undefined) throw new ProblemError('return_not_found', { detail: `There is no return ${id}.` });
    return row;
  }
}
