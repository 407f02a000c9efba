/** The routes of deliveries: of those that did not succeed at first. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import {
  findDelivery,
  listAttempts,
  listDeliveries,
  type WebhookAttempt,
  type WebhookDelivery,
} from '../../db/events/delivery-queries.ts';
import { DELIVERY_STATUSES, webhookId } from '../../domain/events/webhook.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import { instantAnswer, webhookEndpointIdField } from '../http/fields.ts';
import { decodeCursor, listOf, pageOf, pageParameters, pageSchema } from '../http/pagination.ts';
import { ProblemError } from '../http/problem.ts';
import { PAGE_PROBLEMS, problemResponses } from '../http/problem-schema.ts';
import { faultCode } from '../http/validation.ts';
import { requiresInTenant } from '../http/scopes.ts';
import { positionField } from './event.ts';
import { existingEndpoint, idParameter, oneProblems, path, tags, type WebhookDeps } from './webhook-fields.ts';

const deliveryAnswer = z
  .object({
    position: z.int().openapi({ example: 42 }),
    webhook_id: z.string().openapi({ example: 'evt_42' }),
    type: z.string().openapi({ example: 'transfer.completed' }),
    subject: z.string(),
    status: z.enum(DELIVERY_STATUSES).openapi({
      description: 'FAILED: given up after three days, or passed over by an `enable` from now.',
    }),
    attempt_count: z.int().openapi({ example: 2 }),
    first_attempt_at: instantAnswer,
    next_attempt_at: instantAnswer.nullable(),
    last_status_code: z.int().nullable().openapi({ example: 503 }),
    last_error_code: z.string().nullable().openapi({ example: 'refused' }),
    updated_at: instantAnswer,
  })
  .openapi('WebhookDelivery');

const deliveryWithAttempts = deliveryAnswer
  .extend({
    attempts: z.array(
      z.object({
        at: instantAnswer,
        status_code: z.int().nullable(),
        error_code: z.string().nullable(),
        answer: z.string().nullable().openapi({ description: 'The first KiB of the answer.' }),
        duration_ms: z.int(),
      }),
    ),
  })
  .openapi('WebhookDeliveryWithAttempts');

const list = createRoute({
  method: 'get',
  path: `${path}/deliveries`,
  operationId: 'listWebhookDeliveries',
  summary: 'Deliveries that did not succeed at first, newest events first',
  tags,
  description:
    'What succeeds at first leaves no row, and later events of a subject that wait behind one of these have none yet.',
  middleware: requiresInTenant('webhooks:read'),
  request: {
    params: idParameter,
    query: z.strictObject({
      status: z.enum(DELIVERY_STATUSES, { error: faultCode('status_invalid') }).optional(),
      ...pageParameters,
    }),
  },
  responses: {
    200: { description: 'A page.', content: { 'application/json': { schema: pageSchema(deliveryAnswer) } } },
    ...problemResponses(...oneProblems, 'status_invalid', ...PAGE_PROBLEMS),
  },
});

const get = createRoute({
  method: 'get',
  path: `${path}/deliveries/{position}`,
  operationId: 'getWebhookDelivery',
  summary: 'A delivery and its attempts, oldest first',
  tags,
  middleware: requiresInTenant('webhooks:read'),
  request: { params: z.object({ webhook_endpoint_id: webhookEndpointIdField, position: positionField }) },
  responses: {
    200: { description: 'As it is now.', content: { 'application/json': { schema: deliveryWithAttempts } } },
    ...problemResponses(...oneProblems, 'position_invalid', 'webhook_delivery_not_found'),
  },
});

export function webhookDeliveryRoutes({ eventsDatabase: database }: WebhookDeps) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(list, async (c) => {
      const { webhook_endpoint_id: id } = c.req.valid('param');
      const { status, limit, cursor } = c.req.valid('query');
      const before = decodeCursor(listOf(c), z.int().positive(), cursor);
      await existingEndpoint(c, database, id);
      const rows = await boundedQuery(database, () =>
        listDeliveries(database, id, { status, before, limit: limit + 1 }),
      );
      return c.json(
        pageOf(rows, { list: listOf(c), limit, render: renderDelivery, cursorOf: ({ position }) => position }),
        200,
      );
    })
    .openapi(get, async (c) => {
      const { webhook_endpoint_id: id, position } = c.req.valid('param');
      await existingEndpoint(c, database, id);
      const [delivery, attempts] = await boundedQuery(database, () =>
        Promise.all([findDelivery(database, id, position), listAttempts(database, id, position)]),
      );
      if (delivery === undefined)
        throw new ProblemError('webhook_delivery_not_found', {
          detail: `The event ${position} succeeded at first, or was not sent yet.`,
        });
      return c.json({ ...renderDelivery(delivery), attempts: attempts.map(renderAttempt) }, 200);
    });
}

function renderDelivery(delivery: WebhookDelivery): z.infer<typeof deliveryAnswer> {
  return {
    position: delivery.position,
    webhook_id: webhookId(delivery.position),
    type: delivery.type,
    subject: delivery.subject,
    status: delivery.status,
    attempt_count: delivery.attempts,
    first_attempt_at: delivery.firstAttemptAt.toISOString(),
    next_attempt_at: delivery.nextAttemptAt?.toISOString() ?? null,
    last_status_code: delivery.lastStatusCode,
    last_error_code: delivery.lastErrorCode,
    updated_at: delivery.updatedAt.toISOString(),
  };
}

function renderAttempt({ at, statusCode, errorCode, answer, durationMs }: WebhookAttempt) {
  return {
    at: at.toISOString(),
    status_code: statusCode,
    error_code: errorCode,
    answer,
    duration_ms: durationMs,
  };
}
