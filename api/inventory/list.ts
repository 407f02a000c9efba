/** The routes that list stock, and the entries of a SKU. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Database } from '../../db/database.ts';
import { findStock, listStock, listStockEntries, type Stock, type StockEntry } from '../../db/inventory/queries.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import { skuField } from '../http/fields.ts';
import { decodeCursor, listOf, pageOf, pageParameters, pageSchema } from '../http/pagination.ts';
import { problemResponses } from '../http/problem-schema.ts';
import { requiresInTenant } from '../http/scopes.ts';
import { entryAnswer, renderEntry, renderStock, stockAnswer } from './answer.ts';
import { stockNotFound } from './stock.ts';

const tags = ['Stock'];
const query = z.strictObject(pageParameters);
const pageProblems = [
  'limit_invalid',
  'cursor_invalid',
  'cursor_of_another_list',
  'unknown_parameter',
  'database_unavailable',
  'orders_not_configured',
] as const;

const list = createRoute({
  method: 'get',
  path: '/v1/stock',
  operationId: 'listStock',
  summary: 'Stock, in the order of the SKUs',
  tags,
  middleware: requiresInTenant('orders:read'),
  request: { query },
  responses: {
    200: { description: 'A page.', content: { 'application/json': { schema: pageSchema(stockAnswer) } } },
    ...problemResponses(...pageProblems),
  },
});

const entries = createRoute({
  method: 'get',
  path: '/v1/stock/{sku}/entries',
  operationId: 'listStockEntries',
  summary: 'What has changed the stock of a SKU, newest first',
  tags,
  middleware: requiresInTenant('orders:read'),
  request: { params: z.object({ sku: skuField }), query },
  responses: {
    200: { description: 'A page.', content: { 'application/json': { schema: pageSchema(entryAnswer) } } },
    ...problemResponses('stock_not_found', 'sku_invalid', ...pageProblems),
  },
});

/** `database` is the inventory service's. */
export function stockListRoutes({ database }: { readonly database: Database }) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(list, async (c) => {
      const { limit, cursor } = c.req.valid('query');
      const after = decodeCursor(listOf(c), z.string().regex(/^[\w.-]{1,64}$/), cursor);
      const filter = { tenant: c.var.holder.tenant, after, limit: limit + 1 };
      const rows = await boundedQuery(database, () => listStock(database, filter));
      const cursorOf = ({ sku }: Stock): string => sku;
      return c.json(pageOf(rows, { list: listOf(c), limit, cursorOf, render: renderStock }), 200);
    })
    .openapi(entries, async (c) => {
      const { sku } = c.req.valid('param');
      const { limit, cursor } = c.req.valid('query');
      const before = decodeCursor(listOf(c), z.int().min(1), cursor);
      const { tenant } = c.var.holder;
      const filter = { tenant, before, limit: limit + 1 };
      const rows = await boundedQuery(database, () => listStockEntries(database, sku, filter));
      const find = () => findStock(database, sku, tenant);
      if (rows.length === 0 && (await boundedQuery(database, find)) === undefined) throw stockNotFound(sku);
      const cursorOf = ({ sequence }: StockEntry): number => sequence;
      return c.json(pageOf(rows, { list: listOf(c), limit, cursorOf, render: renderEntry }), 200);
    });
}
