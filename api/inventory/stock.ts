/** The routes of stock: count it, receive and adjust it, and show it with its entries. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Database } from '../../db/database.ts';
import { changeStock, countStock, findStock, type StockChange } from '../../db/inventory/queries.ts';
import { stockChangeId } from '../../domain/derived-id.ts';
import { ON_HAND_MAX } from '../../domain/inventory/stock.ts';
import { QUANTITY_MAX } from '../../domain/order/order.ts';
import { byWhom } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import { amountField, commentField, skuField } from '../http/fields.ts';
import { idempotencyKeyHeader } from '../http/idempotency-key.ts';
import { ProblemError } from '../http/problem.ts';
import { BODY_PROBLEMS, problemResponses } from '../http/problem-schema.ts';
import { readJson } from '../http/request-body.ts';
import { faultCode } from '../http/validation.ts';
import { requiresInTenant } from '../http/scopes.ts';
import { entryAnswer, renderEntry, renderStock, stockAnswer } from './answer.ts';

const tags = ['Stock'];
const params = z.object({ sku: skuField });
const content = { 'application/json': { schema: stockAnswer } };
const entryContent = { 'application/json': { schema: entryAnswer } };

const put = createRoute({
  method: 'put',
  path: '/v1/stock/{sku}',
  operationId: 'countStock',
  summary: 'Set what is on hand of a SKU',
  tags,
  description:
    'As somebody has counted it. What is reserved for orders stays; less than that is refused with `stock_reserved`.',
  middleware: [requiresInTenant('stock:write'), readJson] as const,
  request: {
    params,
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject(
              {
                on_hand: z
                  .int({ error: faultCode('on_hand_invalid') })
                  .min(0, 'on_hand_invalid')
                  .max(ON_HAND_MAX, 'on_hand_invalid')
                  .openapi({ type: 'integer', minimum: 0, maximum: ON_HAND_MAX, example: 100 }),
              },
              { error: faultCode('body_invalid') },
            )
            .openapi('StockCount', { example: { on_hand: 100 } }),
        },
      },
    },
  },
  responses: {
    200: { description: 'The stock as it is now.', content },
    ...problemResponses(
      ...BODY_PROBLEMS,
      'sku_invalid',
      'field_missing',
      'on_hand_invalid',
      'stock_reserved',
      'database_unavailable',
      'orders_not_configured',
    ),
  },
});

const get = createRoute({
  method: 'get',
  path: '/v1/stock/{sku}',
  operationId: 'getStock',
  summary: 'The stock of a SKU',
  tags,
  middleware: requiresInTenant('orders:read'),
  request: { params },
  responses: {
    200: { description: 'The stock.', content },
    ...problemResponses('stock_not_found', 'sku_invalid', 'database_unavailable', 'orders_not_configured'),
  },
});

const headers = z.object({ 'Idempotency-Key': idempotencyKeyHeader });
const changeProblems = [
  'amount_invalid',
  'amount_not_positive',
  'amount_too_precise',
  'amount_too_large',
  'idempotency_key_missing',
  'idempotency_key_invalid',
  'idempotency_key_reused',
  ...BODY_PROBLEMS,
  'sku_invalid',
  'field_missing',
  'text_invalid',
  'too_short',
  'too_long',
  'character_forbidden',
  'stock_too_large',
  'database_unavailable',
  'orders_not_configured',
] as const;
const answers = {
  200: { description: 'The entry, which was made before.', content: entryContent },
  201: { description: 'The entry.', content: entryContent },
};

const receive = createRoute({
  method: 'post',
  path: '/v1/stock/{sku}/receipts',
  operationId: 'receiveStock',
  summary: 'Receive goods into stock',
  tags,
  middleware: [requiresInTenant('stock:write'), readJson] as const,
  request: {
    params,
    headers,
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject(
              {
                quantity: z
                  .int({ error: faultCode('quantity_invalid') })
                  .min(1, 'quantity_invalid')
                  .max(QUANTITY_MAX, 'quantity_invalid')
                  .openapi({ type: 'integer', minimum: 1, maximum: QUANTITY_MAX, example: 100 }),
                unit_cost: amountField.optional().openapi({ example: '7.25' }),
                reason: commentField.optional().openapi({ example: 'Purchase order 4711' }),
              },
              { error: faultCode('body_invalid') },
            )
            .openapi('StockReceipt', { example: { quantity: 100, unit_cost: '7.25', reason: 'Purchase order 4711' } }),
        },
      },
    },
  },
  responses: {
    ...answers,
    ...problemResponses(...changeProblems, 'quantity_invalid'),
  },
});

const adjust = createRoute({
  method: 'post',
  path: '/v1/stock/{sku}/adjustments',
  operationId: 'adjustStock',
  summary: 'Adjust what is on hand',
  tags,
  description: 'By more, or by less with a negative quantity, but never to less than is reserved for orders.',
  middleware: [requiresInTenant('stock:write'), readJson] as const,
  request: {
    params,
    headers,
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject(
              {
                quantity: z
                  .int({ error: faultCode('adjustment_invalid') })
                  .min(-QUANTITY_MAX, 'adjustment_invalid')
                  .max(QUANTITY_MAX, 'adjustment_invalid')
                  .refine((quantity) => quantity !== 0, 'adjustment_invalid')
                  .openapi({ type: 'integer', minimum: -QUANTITY_MAX, maximum: QUANTITY_MAX, example: -2 }),
                unit_cost: amountField.optional().openapi({ example: '7.25' }),
                reason: commentField,
              },
              { error: faultCode('body_invalid') },
            )
            .openapi('StockAdjustment', { example: { quantity: -2, reason: 'Broken' } }),
        },
      },
    },
  },
  responses: {
    ...answers,
    ...problemResponses(...changeProblems, 'adjustment_invalid', 'stock_not_found', 'stock_reserved'),
  },
});

/** `database` is the inventory service's. */
export function stockRoutes({ database }: { readonly database: Database }) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(put, async (c) => {
      const { sku } = c.req.valid('param');
      const { on_hand: onHand } = c.req.valid('json');
      const of = { tenant: c.var.holder.tenant, by: byWhom(c) };
      const count = () => countStock(database, sku, onHand, c.var.trace, of);
      const counted = await boundedQuery(database, count, { isWrite: true });
      if (counted === 'reserved') throw reserved(sku);
      return c.json(renderStock(counted), 200);
    })
    .openapi(get, async (c) => {
      const { sku } = c.req.valid('param');
      const found = await boundedQuery(database, () => findStock(database, sku, c.var.holder.tenant));
      if (found === undefined) throw stockNotFound(sku);
      return c.json(renderStock(found), 200);
    })
    .openapi(receive, async (c) => {
      const { sku } = c.req.valid('param');
      const { quantity, unit_cost: unitCost, reason } = c.req.valid('json');
      const { tenant } = c.var.holder;
      const changeId = stockChangeId('receipt', sku, c.req.valid('header')['Idempotency-Key'], tenant);
      const asked = { tenant, changeId, sku, type: 'RECEIPT', quantity, unitCost, reason } as const;
      const { entry, status } = await change(c, asked);
      return c.json(renderEntry(entry), status);
    })
    .openapi(adjust, async (c) => {
      const { sku } = c.req.valid('param');
      const { quantity, unit_cost: unitCost, reason } = c.req.valid('json');
      const { tenant } = c.var.holder;
      const changeId = stockChangeId('adjustment', sku, c.req.valid('header')['Idempotency-Key'], tenant);
      const asked = { tenant, changeId, sku, type: 'ADJUSTMENT', quantity, unitCost, reason } as const;
      const { entry, status } = await change(c, asked);
      return c.json(renderEntry(entry), status);
    });

  async function change(c: Context<ApiEnv>, asked: StockChange) {
    const store = () => changeStock(database, asked, c.var.trace, byWhom(c));
    const changed = await boundedQuery(database, store, { isWrite: true });
    if (changed.outcome === 'conflicts')
      throw new ProblemError('idempotency_key_reused', {
        detail: 'The key was used with another body, and what it names has not been changed.',
      });
    if (changed.outcome === 'done') {
      if (!changed.isNew) c.header('Idempotent-Replayed', 'true');
      return { entry: changed.entry, status: changed.isNew ? (201 as const) : (200 as const) };
    }
    if (changed.reason === 'unknown') throw stockNotFound(asked.sku);
    if (changed.reason === 'reserved') throw reserved(asked.sku);
    throw new ProblemError('stock_too_large', { detail: `More than ${ON_HAND_MAX} of a SKU cannot be kept.` });
  }
}

export function stockNotFound(sku: string): ProblemError {
  return new ProblemError('stock_not_found', { detail: `There is no stock of ${sku}.` });
}

function reserved(sku: string): ProblemError {
  return new ProblemError('stock_reserved', { detail: `More of ${sku} is reserved for orders than would be on hand.` });
}
