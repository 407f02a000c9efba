/**
 * The routes that show the cases of orders. POST …/resolve of the order decides about one, and it closes by itself once nothing keeps
 * failing.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Database } from '../../db/database.ts';
import { findOrderCase, listOrderCaseActions, listOrderCases, type OrderCase } from '../../db/order/case-queries.ts';
import { ORDER_ACTIONS } from '../../domain/order/operations.ts';
import { actingAnswer } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import { caseIdField, exampleCaseId, exampleMovementId, idAnswer, instantAnswer } from '../http/fields.ts';
import { creationPage, pageParameters, pageSchema, placeAfter } from '../http/pagination.ts';
import { ProblemError } from '../http/problem.ts';
import { PAGE_PROBLEMS, problemResponses } from '../http/problem-schema.ts';
import { faultCode } from '../http/validation.ts';
import { requiresInTenant } from '../http/scopes.ts';

const STATUSES = ['OPEN', 'RESOLVED'] as const;

const caseAnswer = z
  .object({
    case_id: idAnswer(exampleCaseId),
    order_id: idAnswer(exampleMovementId),
    status: z.enum(STATUSES),
    reason: z.string().openapi({
      example: 'payment_due',
      description: 'A stable code: `payment_due`, or the step that keeps failing, such as `post_invoice_failing`.',
    }),
    last_error: z.string().nullable().openapi({ example: 'the hold ended before it was captured' }),
    opened_at: instantAnswer,
    closed_at: instantAnswer.nullable().openapi({ example: null }),
  })
  .openapi('OrderCase');

const caseWithHistory = caseAnswer
  .extend({
    history: z
      .array(
        z.object({
          action: z.enum(ORDER_ACTIONS),
          ...actingAnswer,
          comment: z.string().openapi({ example: 'The buyer has paid in.' }),
          at: instantAnswer,
        }),
      )
      .openapi({ description: 'What operators decided about the order while the case was open, oldest first.' }),
  })
  .openapi('OrderCaseWithHistory');

const list = createRoute({
  method: 'get',
  path: '/v1/order-cases',
  operationId: 'listOrderCases',
  summary: 'Cases of orders, newest first',
  tags: ['Orders'],
  description: `What waits for an operator, or has waited. An order that is shown here shows the same as its \`attention\`; the case closes
by itself once what has failed succeeds, or somebody has decided what is due.`,
  middleware: requiresInTenant('cases:read'),
  request: {
    query: z.strictObject({
      status: z.enum(STATUSES, { error: faultCode('status_invalid') }).optional(),
      ...pageParameters,
    }),
  },
  responses: {
    200: { description: 'A page.', content: { 'application/json': { schema: pageSchema(caseAnswer) } } },
    ...problemResponses('status_invalid', ...PAGE_PROBLEMS, 'database_unavailable', 'orders_not_configured'),
  },
});

const get = createRoute({
  method: 'get',
  path: '/v1/order-cases/{case_id}',
  operationId: 'getOrderCase',
  summary: 'A case of an order and its history',
  tags: ['Orders'],
  middleware: requiresInTenant('cases:read'),
  request: { params: z.object({ case_id: caseIdField }) },
  responses: {
    200: { description: 'The case as it is now.', content: { 'application/json': { schema: caseWithHistory } } },
    ...problemResponses('case_not_found', 'case_id_invalid', 'database_unavailable', 'orders_not_configured'),
  },
});

/** `database` is the order service's. */
export function orderCaseRoutes({ database }: { readonly database: Database }) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(list, async (c) => {
      const { status, limit, cursor } = c.req.valid('query');
      const filter = {
        tenant: c.var.holder.tenant,
        isOpen: status && status === 'OPEN',
        after: placeAfter(c, cursor),
        limit: limit + 1,
      };
      const listed = await boundedQuery(database, () => listOrderCases(database, filter));
      const placeOf = ({ openedAt: createdAt, caseId: id }: OrderCase) => ({ createdAt, id });
      return c.json(creationPage(c, listed, { limit, placeOf, render }), 200);
    })
    .openapi(get, async (c) => {
      const { case_id: id } = c.req.valid('param');
      const row = await boundedQuery(database, () => findOrderCase(database, id, c.var.holder.tenant));
      if (row === undefined)
        throw new ProblemError('case_not_found', { detail: `There is no case ${id} of an order.` });
      const actions = await boundedQuery(database, () => listOrderCaseActions(database, row));
      const history = actions.map(({ action, actor, onBehalfOf, comment, createdAt }) => ({
        ...{ action: action as (typeof ORDER_ACTIONS)[number], actor, on_behalf_of: onBehalfOf, comment },
        at: createdAt.toISOString(),
      }));
      return c.json({ ...render(row), history }, 200);
    });
}

function render({ caseId, orderId, reason, lastError, openedAt, closedAt }: OrderCase): z.input<typeof caseAnswer> {
  return {
    case_id: caseId,
    order_id: orderId,
    status: closedAt === null ? 'OPEN' : 'RESOLVED',
    reason,
    last_error: lastError,
    opened_at: openedAt.toISOString(),
    closed_at: closedAt?.toISOString() ?? null,
  };
}
