/** The routes of products. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Database } from '../../db/database.ts';
import { findProduct, listProducts, putProduct } from '../../db/order/products.ts';
import type { AmountPrecision } from '../../domain/amount-precision.ts';
import { byWhom } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import { amountField, currencyField, skuField, textField } from '../http/fields.ts';
import { decodeCursor, listOf, pageOf, pageParameters, pageSchema } from '../http/pagination.ts';
import { faultyRequest, ProblemError } from '../http/problem.ts';
import { BODY_PROBLEMS, problemResponses } from '../http/problem-schema.ts';
import { readJson } from '../http/request-body.ts';
import { faultCode } from '../http/validation.ts';
import { requiresInTenant } from '../http/scopes.ts';
import { productAnswer, renderProduct } from './answer.ts';
import { finerFaults } from './order-request.ts';

const tags = ['Products'];
const params = z.object({ sku: skuField });
const content = { 'application/json': { schema: productAnswer } };

const put = createRoute({
  method: 'put',
  path: '/v1/products/{sku}',
  operationId: 'putProduct',
  summary: 'Make a product, or change its price or name',
  tags,
  description: 'A price holds for orders that are placed after it: an order keeps the prices at which it was placed.',
  middleware: [requiresInTenant('stock:write'), readJson] as const,
  request: {
    params,
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject(
              { unit_price: amountField, currency: currencyField, name: textField(255).optional() },
              { error: faultCode('body_invalid') },
            )
            .openapi('ProductRequest', { example: { unit_price: '19.90', currency: 'USD', name: 'Teapot, 1 l' } }),
        },
      },
    },
  },
  responses: {
    200: { description: 'The product as it is now.', content },
    201: { description: 'The product, which is new.', content },
    ...problemResponses(
      ...BODY_PROBLEMS,
      'sku_invalid',
      'field_missing',
      'amount_invalid',
      'amount_not_positive',
      'amount_too_precise',
      'amount_too_large',
      'currency_invalid',
      'text_invalid',
      'too_long',
      'database_unavailable',
      'orders_not_configured',
    ),
  },
});

const get = createRoute({
  method: 'get',
  path: '/v1/products/{sku}',
  operationId: 'getProduct',
  summary: 'A product',
  tags,
  middleware: requiresInTenant('orders:read'),
  request: { params },
  responses: {
    200: { description: 'The product.', content },
    ...problemResponses('product_not_found', 'sku_invalid', 'database_unavailable', 'orders_not_configured'),
  },
});

const list = createRoute({
  method: 'get',
  path: '/v1/products',
  operationId: 'listProducts',
  summary: 'Products, in the order of their SKUs',
  tags,
  middleware: requiresInTenant('orders:read'),
  request: { query: z.strictObject(pageParameters) },
  responses: {
    200: { description: 'A page.', content: { 'application/json': { schema: pageSchema(productAnswer) } } },
    ...problemResponses(
      'limit_invalid',
      'cursor_invalid',
      'cursor_of_another_list',
      'unknown_parameter',
      'database_unavailable',
      'orders_not_configured',
    ),
  },
});

interface ProductDeps {
  /** The order service's. */
  readonly database: Database;
  readonly amountPrecision: AmountPrecision;
}

export function productRoutes({ database, amountPrecision }: ProductDeps) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(put, async (c) => {
      const { tenant } = c.var.holder;
      const { sku } = c.req.valid('param');
      const { unit_price: unitPrice, currency, name = null } = c.req.valid('json');
      const [fault] = finerFaults(unitPrice, currency, amountPrecision, ['unit_price']);
      if (fault !== undefined) throw faultyRequest([fault]);
      const write = () => putProduct(database, { tenant, sku, unitPrice, currency, name }, byWhom(c));
      const { product, isNew } = await boundedQuery(database, write, { isWrite: true });
      return c.json(renderProduct(product), isNew ? 201 : 200);
    })
    .openapi(get, async (c) => {
      const { sku } = c.req.valid('param');
      const product = await boundedQuery(database, () => findProduct(database, sku, c.var.holder.tenant));
      if (product === undefined) throw new ProblemError('product_not_found', { detail: `There is no product ${sku}.` });
      return c.json(renderProduct(product), 200);
    })
    .openapi(list, async (c) => {
      const { limit, cursor } = c.req.valid('query');
      const after = decodeCursor(listOf(c), z.string().regex(/^[\w.-]{1,64}$/), cursor);
      const filter = { tenant: c.var.holder.tenant, after, limit: limit + 1 };
      const rows = await boundedQuery(database, () => listProducts(database, filter));
      const page = { list: listOf(c), limit, cursorOf: (row: { sku: string }) => row.sku, render: renderProduct };
      return c.json(pageOf(rows, page), 200);
    });
}
