/** The routes of replays: events of a range are sent to a webhook endpoint again. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { readHead } from '../../db/events/log-queries.ts';
import {
  createReplay,
  findReplay,
  listReplays,
  REPLAYS_MAX,
  type NewReplay,
  type WebhookReplay,
} from '../../db/events/replay-queries.ts';
import type { ByWhom } from '../../domain/audit-event.ts';
import { bodyHash, webhookReplayId } from '../../domain/derived-id.ts';
import { byWhom } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import {
  exampleEndpointId,
  exampleRunId,
  idAnswer,
  instantAnswer,
  replayIdField,
  webhookEndpointIdField,
} from '../http/fields.ts';
import { idempotencyKeyHeader } from '../http/idempotency-key.ts';
import { faultyRequest, ProblemError } from '../http/problem.ts';
import {
  creationCursor,
  creationPosition,
  decodeCursor,
  listOf,
  pageOf,
  pageParameters,
  pageSchema,
} from '../http/pagination.ts';
import { BODY_PROBLEMS, PAGE_PROBLEMS, problemResponses } from '../http/problem-schema.ts';
import { readJson } from '../http/request-body.ts';
import { bodyFault, faultCode } from '../http/validation.ts';
import { requiresInTenant } from '../http/scopes.ts';
import { refuseOutside } from './event.ts';
import {
  eventTypesField,
  existingEndpoint,
  idParameter,
  oneProblems,
  path,
  tags,
  type WebhookDeps,
} from './webhook-fields.ts';

const replayAnswer = z
  .object({
    replay_id: idAnswer(exampleRunId),
    webhook_endpoint_id: idAnswer(exampleEndpointId),
    from_position: z.int().openapi({ example: 1 }),
    to_position: z.int().openapi({ example: 42 }),
    types: z.array(z.string()).nullable(),
    only_failed: z.boolean(),
    status: z.enum(['RUNNING', 'COMPLETED', 'EXPIRED']).openapi({
      description: '`EXPIRED`: the log keeps the events behind `read_to` no longer, and the replay ended there.',
    }),
    read_to: z.int().openapi({ example: 42, description: 'Up to here, everything was sent.' }),
    delivered_count: z.int().openapi({ example: 41 }),
    failed_count: z.int().openapi({ example: 1, description: 'These are deliveries now, and tried again.' }),
    created_at: instantAnswer,
    finished_at: instantAnswer.nullable(),
  })
  .openapi('WebhookReplay');

const bodyPosition = z
  .int({ error: faultCode('position_invalid') })
  .min(1, 'position_invalid')
  .max(Number.MAX_SAFE_INTEGER, 'position_invalid');

const post = createRoute({
  method: 'post',
  path: `${path}/replays`,
  operationId: 'createWebhookReplay',
  summary: 'Send events again',
  tags,
  description: `Sends the events of a range again, with the same \`webhook-id\`s, in their order, beside the new ones; with
\`only_failed\` those alone whose delivery was given up. \`types\` defaults to the endpoint's. It goes on when the endpoint is active.`,
  middleware: [requiresInTenant('webhooks:write'), readJson] as const,
  request: {
    params: idParameter,
    headers: z.object({ 'Idempotency-Key': idempotencyKeyHeader }),
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject(
              {
                from_position: bodyPosition,
                to_position: bodyPosition,
                types: eventTypesField.default(null),
                only_failed: z.boolean({ error: faultCode('value_invalid') }).default(false),
              },
              { error: faultCode('body_invalid') },
            )
            .openapi('WebhookReplayRequest'),
        },
      },
    },
  },
  responses: {
    201: {
      description: 'The replay, created now or by an earlier request with this key.',
      headers: {
        Location: { description: 'The path of the replay.', schema: { type: 'string' } },
        'Idempotent-Replayed': {
          description: '`true` if an earlier request with this key created it.',
          schema: { type: 'string', enum: ['true'] },
        },
      },
      content: { 'application/json': { schema: replayAnswer } },
    },
    ...problemResponses(
      ...oneProblems,
      ...BODY_PROBLEMS,
      'idempotency_key_missing',
      'idempotency_key_invalid',
      'idempotency_key_reused',
      'field_missing',
      'position_invalid',
      'positions_reversed',
      'event_types_invalid',
      'event_type_unknown',
      'value_invalid',
      'position_unknown',
      'position_expired',
      'webhook_replays_exceeded',
    ),
  },
});

const get = createRoute({
  method: 'get',
  path: `${path}/replays/{replay_id}`,
  operationId: 'getWebhookReplay',
  summary: 'A replay',
  tags,
  middleware: requiresInTenant('webhooks:read'),
  request: { params: z.object({ webhook_endpoint_id: webhookEndpointIdField, replay_id: replayIdField }) },
  responses: {
    200: { description: 'As it is now.', content: { 'application/json': { schema: replayAnswer } } },
    ...problemResponses(...oneProblems, 'replay_id_invalid', 'webhook_replay_not_found'),
  },
});

const list = createRoute({
  method: 'get',
  path: `${path}/replays`,
  operationId: 'listWebhookReplays',
  summary: 'The replays to a webhook endpoint, newest first',
  tags,
  description: 'Those that have ended are kept for five weeks.',
  middleware: requiresInTenant('webhooks:read'),
  request: { params: idParameter, query: z.strictObject(pageParameters) },
  responses: {
    200: { description: 'A page.', content: { 'application/json': { schema: pageSchema(replayAnswer) } } },
    ...problemResponses(...oneProblems, ...PAGE_PROBLEMS),
  },
});

export function webhookReplayRoutes({ eventsDatabase: database }: WebhookDeps) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(post, async (c) => {
      const { webhook_endpoint_id: id } = c.req.valid('param');
      const body = c.req.valid('json');
      const { from_position: fromPosition, to_position: toPosition, types, only_failed: onlyFailed } = body;
      const replayId = webhookReplayId(id, c.req.valid('header')['Idempotency-Key']);
      c.var.log.setBindings({ webhook_endpoint_id: id, replay_id: replayId });
      if (toPosition < fromPosition) throw faultyRequest([bodyFault('positions_reversed', ['to_position'])]);
      await existingEndpoint(c, database, id);
      const asked = {
        ...{ replayId, webhookEndpointId: id, bodyHash: bodyHash(body) },
        ...{ fromPosition, toPosition, types, onlyFailed },
      };
      const { stored, isNew } = await storeOnce(asked, byWhom(c));
      if (stored.bodyHash !== asked.bodyHash) throw new ProblemError('idempotency_key_reused');
      if (!isNew) c.header('Idempotent-Replayed', 'true');
      c.header('Location', `/v1/webhook-endpoints/${id}/replays/${replayId}`);
      return c.json(renderReplay(stored), 201);
    })
    .openapi(list, async (c) => {
      const { webhook_endpoint_id: id } = c.req.valid('param');
      const { limit, cursor } = c.req.valid('query');
      const position = decodeCursor(listOf(c), creationCursor, cursor);
      const after = position && { createdAt: position[0], replayId: position[1] };
      await existingEndpoint(c, database, id);
      const rows = await boundedQuery(database, () => listReplays(database, id, after, limit + 1));
      return c.json(
        pageOf(rows, {
          list: listOf(c),
          limit,
          render: renderReplay,
          cursorOf: ({ createdAt, replayId }) => creationPosition(createdAt, replayId),
        }),
        200,
      );
    })
    .openapi(get, async (c) => {
      const { webhook_endpoint_id: id, replay_id: replayId } = c.req.valid('param');
      await existingEndpoint(c, database, id);
      const found = await boundedQuery(database, () => findReplay(database, id, replayId));
      if (found === undefined)
        throw new ProblemError('webhook_replay_not_found', { detail: `There is no replay ${replayId} to it.` });
      return c.json(renderReplay(found), 200);
    });

  /** Only a new replay has to be of positions that the log has now. */
  async function storeOnce(asked: NewReplay, by: ByWhom): Promise<{ stored: WebhookReplay; isNew: boolean }> {
    const find = () => boundedQuery(database, () => findReplay(database, asked.webhookEndpointId, asked.replayId));
    const before = await find();
    if (before !== undefined) return { stored: before, isNew: false };
    const head = await boundedQuery(database, () => readHead(database));
    refuseOutside(asked.toPosition, head);
    refuseOutside(asked.fromPosition - 1, head);
    const created = await boundedQuery(database, () => createReplay(database, asked, by), { isWrite: true });
    const stored = created ?? (await find());
    if (stored === undefined)
      throw new ProblemError('webhook_replays_exceeded', { detail: `There may be ${REPLAYS_MAX}.` });
    return { stored, isNew: created !== undefined };
  }
}

function renderReplay(stored: WebhookReplay): z.infer<typeof replayAnswer> {
  return {
    replay_id: stored.replayId,
    webhook_endpoint_id: stored.webhookEndpointId,
    from_position: stored.fromPosition,
    to_position: stored.toPosition,
    types: stored.types,
    only_failed: stored.onlyFailed,
    status: stored.status,
    read_to: stored.readTo,
    delivered_count: stored.deliveredCount,
    failed_count: stored.failedCount,
    created_at: stored.createdAt.toISOString(),
    finished_at: stored.finishedAt?.toISOString() ?? null,
  };
}
