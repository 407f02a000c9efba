/** The route of event types: it lists them, each with the JSON Schema of its events. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { EVENT_TYPES } from '../../domain/events/event-types.ts';
import type { ApiEnv } from '../http/env.ts';
import { problemResponses } from '../http/problem-schema.ts';
import { requiresInTenant } from '../http/scopes.ts';

const eventTypeAnswer = z
  .object({
    type: z.string().openapi({ example: 'transfer.completed' }),
    title: z.string().openapi({ example: 'A transfer is completed' }),
    description: z.string().openapi({ example: 'The money has arrived.' }),
    dataschema: z.string().openapi({
      example: 'urn:counterpoise:event:transfer.completed:v1',
      description: 'Names the version of the shape. Each event carries it.',
    }),
    schema: z
      .record(z.string(), z.unknown())
      .openapi({ description: 'JSON Schema 2020-12 of the event as a whole, with an example.' }),
  })
  .openapi('EventType');

const list = createRoute({
  method: 'get',
  path: '/v1/event-types',
  operationId: 'listEventTypes',
  summary: 'The types of events, with their JSON Schemas',
  tags: ['Events'],
  description: `All types, ordered by name. An event is valid by its type's schema; members that the schema does not name may be
added, and a change that breaks a reader has a new \`dataschema\`. How events arrive by Kafka, streams and webhooks is in
\`/asyncapi.json\`.`,
  middleware: requiresInTenant('events:read'),
  responses: {
    200: {
      description: 'The types.',
      content: { 'application/json': { schema: z.object({ data: z.array(eventTypeAnswer) }) } },
    },
    ...problemResponses(),
  },
});

export function eventTypeRoutes() {
  return new OpenAPIHono<ApiEnv>().openapi(list, (c) =>
    c.json({ data: EVENT_TYPES.map((each) => ({ ...each })) }, 200),
  );
}
