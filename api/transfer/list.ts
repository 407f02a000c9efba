/** The route that lists transfers, by any combination of filters. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Database } from '../../db/database.ts';
import { listTransfers } from '../../db/transfer/list-queries.ts';
import { TRANSFER_STATUSES } from '../../domain/transfer/transfer.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import { recurringTransferIdField, transferIdField } from '../http/fields.ts';
import { LIST_DESCRIPTION, LIST_PROBLEMS, listFilter, listQuery } from './list-filters.ts';
import { creationPage, listOf, pageSchema } from '../http/pagination.ts';
import { problemResponses } from '../http/problem-schema.ts';
import type { ApiEnv } from '../http/env.ts';
import { renderTransfer, transferAnswer } from './answer.ts';
import { faultCode } from '../http/validation.ts';
import { requiresInTenant } from '../http/scopes.ts';

const list = createRoute({
  method: 'get',
  path: '/v1/transfers',
  operationId: 'listTransfers',
  summary: 'Transfers, newest first',
  tags: ['Transfers'],
  description: `\`wallet_id\` matches the sender or the receiver. ${LIST_DESCRIPTION}`,
  middleware: requiresInTenant('transfers:read'),
  request: {
    query: listQuery({
      status: z.enum(TRANSFER_STATUSES, { error: faultCode('status_invalid') }).optional(),
      reverses_transfer_id: transferIdField.optional().openapi({ description: 'The reversals of this transfer.' }),
      recurring_transfer_id: recurringTransferIdField
        .optional()
        .openapi({ description: 'The runs of this recurring transfer.' }),
    }),
  },
  responses: {
    200: {
      description: 'A page of transfers.',
      content: { 'application/json': { schema: pageSchema(transferAnswer) } },
    },
    ...problemResponses('status_invalid', 'transfer_id_invalid', 'recurring_transfer_id_invalid', ...LIST_PROBLEMS),
  },
});

/** `database` is the transfer service's. */
export function transferListRoutes({ database }: { readonly database: Database }) {
  return new OpenAPIHono<ApiEnv>().openapi(list, async (c) => {
    const query = c.req.valid('query');
    const filter = {
      ...listFilter(listOf(c), query),
      tenant: c.var.holder.tenant,
      status: query.status,
      reversesTransferId: query.reverses_transfer_id,
      recurringTransferId: query.recurring_transfer_id,
    };
    const listed = await boundedQuery(database, () => listTransfers(database, filter));
    const placeOf = ({ createdAt, transferId: id }: (typeof listed.rows)[number]) => ({ createdAt, id });
    return c.json(creationPage(c, listed, { limit: query.limit, placeOf, render: renderTransfer }), 200);
  });
}
