/** The routes of webhook endpoints: create, show, list, change, delete. */
import { randomUUID } from 'node:crypto';
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import {
  changeEndpoint,
  createEndpoint,
  deleteEndpoint,
  ENDPOINTS_MAX,
  listEndpoints,
} from '../../db/events/endpoint-queries.ts';
import type { WebhookEndpointId } from '../../domain/ids.ts';
import { newSecret } from '../../webhooks/signature.ts';
import { byWhom } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import {
  creationCursor,
  creationPosition,
  decodeCursor,
  listOf,
  pageOf,
  pageParameters,
  pageSchema,
} from '../http/pagination.ts';
import { ProblemError } from '../http/problem.ts';
import { BODY_PROBLEMS, PAGE_PROBLEMS, problemResponses } from '../http/problem-schema.ts';
import { readJson } from '../http/request-body.ts';
import { faultCode } from '../http/validation.ts';
import { requiresInTenant } from '../http/scopes.ts';
import {
  endpointAnswer,
  endpointNotFound,
  endpointWithSecret,
  eventTypesField,
  existingEndpoint,
  idParameter,
  oneProblems,
  orderingField,
  path,
  refuseUrl,
  renderEndpoint,
  tags,
  toolsOf,
  urlField,
  urlProblems,
  type WebhookDeps,
} from './webhook-fields.ts';

const bodyProblems = [
  ...BODY_PROBLEMS,
  'too_long',
  ...urlProblems,
  'event_types_invalid',
  'event_type_unknown',
  'ordering_invalid',
  'webhooks_not_configured',
] as const;

const post = createRoute({
  method: 'post',
  path: '/v1/webhook-endpoints',
  operationId: 'createWebhookEndpoint',
  summary: 'Have events delivered to a URL',
  tags,
  description: `Delivers every event that comes after this, at least once, as a POST of the event with its position, signed as
[Standard Webhooks](https://www.standardwebhooks.com) says. \`webhook-id\` is \`evt_<position>\` and the same at every try: use it to
act once. Any 2xx within 15 seconds accepts; anything else is tried again after 5 s, 30 s, 5 min, 30 min, 2 h, 5 h, 10 h … for three
days, or later if \`Retry-After\` asks for it. 410 disables the endpoint, as do five days without one success.

No Idempotency-Key is needed; a repeat creates another endpoint.`,
  middleware: [requiresInTenant('webhooks:write'), readJson] as const,
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject(
              {
                url: urlField,
                types: eventTypesField.default(null),
                ordering: orderingField.default('subject'),
              },
              { error: faultCode('body_invalid') },
            )
            .openapi('WebhookEndpointRequest'),
        },
      },
    },
  },
  responses: {
    201: {
      description: 'Created, with its secret, which is not shown again.',
      headers: { Location: { schema: { type: 'string' }, description: 'The path of the endpoint.' } },
      content: { 'application/json': { schema: endpointWithSecret } },
    },
    ...problemResponses(...bodyProblems, 'field_missing', 'webhook_endpoints_exceeded', 'database_unavailable'),
  },
});

const get = createRoute({
  method: 'get',
  path,
  operationId: 'getWebhookEndpoint',
  summary: 'A webhook endpoint',
  tags,
  middleware: requiresInTenant('webhooks:read'),
  request: { params: idParameter },
  responses: {
    200: { description: 'As it is now.', content: { 'application/json': { schema: endpointAnswer } } },
    ...problemResponses(...oneProblems),
  },
});

const list = createRoute({
  method: 'get',
  path: '/v1/webhook-endpoints',
  operationId: 'listWebhookEndpoints',
  summary: 'Webhook endpoints, newest first',
  tags,
  middleware: requiresInTenant('webhooks:read'),
  request: { query: z.strictObject(pageParameters) },
  responses: {
    200: { description: 'A page.', content: { 'application/json': { schema: pageSchema(endpointAnswer) } } },
    ...problemResponses(...PAGE_PROBLEMS, 'database_unavailable'),
  },
});

const patch = createRoute({
  method: 'patch',
  path,
  operationId: 'updateWebhookEndpoint',
  summary: 'Change, pause or resume a webhook endpoint',
  tags,
  description:
    'What is left out stays. While it is PAUSED nothing is sent and nothing is lost: it goes on where it was. A DISABLED one is made ' +
    'active by `/enable`.',
  middleware: [requiresInTenant('webhooks:write'), readJson] as const,
  request: {
    params: idParameter,
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject(
              {
                url: urlField.optional(),
                types: eventTypesField.optional(),
                ordering: orderingField.optional(),
                status: z.enum(['ACTIVE', 'PAUSED'], { error: faultCode('status_invalid') }).optional(),
              },
              { error: faultCode('body_invalid') },
            )
            .openapi('WebhookEndpointChange'),
        },
      },
    },
  },
  responses: {
    200: { description: 'As it is now.', content: { 'application/json': { schema: endpointAnswer } } },
    ...problemResponses(...oneProblems, ...bodyProblems, 'status_invalid', 'webhook_endpoint_disabled'),
  },
});

const remove = createRoute({
  method: 'delete',
  path,
  operationId: 'deleteWebhookEndpoint',
  summary: 'Delete a webhook endpoint',
  tags,
  description: 'Nothing is sent to it any more, but for what is under way. A repeat is answered 404.',
  middleware: requiresInTenant('webhooks:write'),
  request: { params: idParameter },
  responses: {
    200: {
      description: 'As it was.',
      content: { 'application/json': { schema: endpointAnswer } },
    },
    ...problemResponses(...oneProblems),
  },
});

export function webhookEndpointRoutes(deps: WebhookDeps) {
  const { eventsDatabase: database } = deps;
  return new OpenAPIHono<ApiEnv>()
    .openapi(post, async (c) => {
      const tools = toolsOf(deps);
      const { url, types, ordering } = c.req.valid('json');
      await refuseUrl(tools, url);
      const webhookEndpointId = randomUUID() as WebhookEndpointId;
      c.var.log.setBindings({ webhook_endpoint_id: webhookEndpointId });
      const secret = newSecret();
      const sealed = tools.box.seal(secret, webhookEndpointId);
      const endpoint = await boundedQuery(
        database,
        () =>
          createEndpoint(
            database,
            { tenant: c.var.holder.tenant, webhookEndpointId, url, types, ordering, secret: sealed },
            byWhom(c),
          ),
        { isWrite: true },
      );
      if (endpoint === undefined)
        throw new ProblemError('webhook_endpoints_exceeded', { detail: `There may be ${ENDPOINTS_MAX}.` });
      c.header('Location', `/v1/webhook-endpoints/${webhookEndpointId}`);
      return c.json({ ...renderEndpoint(endpoint), secret }, 201);
    })
    .openapi(get, async (c) => {
      const { webhook_endpoint_id: id } = c.req.valid('param');
      return c.json(renderEndpoint(await existingEndpoint(c, database, id)), 200);
    })
    .openapi(list, async (c) => {
      const { limit, cursor } = c.req.valid('query');
      const position = decodeCursor(listOf(c), creationCursor, cursor);
      const after = position && { createdAt: position[0], webhookEndpointId: position[1] };
      const rows = await boundedQuery(database, () => listEndpoints(database, c.var.holder.tenant, after, limit + 1));
      return c.json(
        pageOf(rows, {
          list: listOf(c),
          limit,
          render: renderEndpoint,
          cursorOf: ({ createdAt, webhookEndpointId }) => creationPosition(createdAt, webhookEndpointId),
        }),
        200,
      );
    })
    .openapi(patch, async (c) => {
      const { webhook_endpoint_id: id } = c.req.valid('param');
      const changes = c.req.valid('json');
      c.var.log.setBindings({ webhook_endpoint_id: id });
      if (changes.url !== undefined) await refuseUrl(toolsOf(deps), changes.url);
      await existingEndpoint(c, database, id);
      const changed = await boundedQuery(database, () => changeEndpoint(database, id, changes, byWhom(c)), {
        isWrite: true,
      });
      if (changed !== undefined) return c.json(renderEndpoint(changed), 200);
      await existingEndpoint(c, database, id);
      throw new ProblemError('webhook_endpoint_disabled', { detail: `POST /v1/webhook-endpoints/${id}/enable first.` });
    })
    .openapi(remove, async (c) => {
      const { webhook_endpoint_id: id } = c.req.valid('param');
      c.var.log.setBindings({ webhook_endpoint_id: id });
      const endpoint = await existingEndpoint(c, database, id);
      if (!(await boundedQuery(database, () => deleteEndpoint(database, id, byWhom(c)), { isWrite: true })))
        throw endpointNotFound(id);
      return c.json(renderEndpoint(endpoint), 200);
    });
}
