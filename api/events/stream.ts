/** The route that streams the event log as server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { readHead } from '../../db/events/log-queries.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import { textField } from '../http/fields.ts';
import { problemResponses } from '../http/problem-schema.ts';
import { requiresInTenant } from '../http/scopes.ts';
import { positionField, positionText, refuseOutside, typesField, type EventDeps } from './event.ts';
import type { EventStreams } from './event-streams.ts';

export interface EventStreamDeps extends EventDeps {
  readonly eventStreams: EventStreams;
}

const lastEventId = positionText('last_event_id_invalid').openapi({
  type: 'string',
  example: '42',
  description: 'The `id` of the last event that was read, as an EventSource sends it by itself. Goes before `after`.',
});

const stream = createRoute({
  method: 'get',
  path: '/v1/events/stream',
  operationId: 'streamEvents',
  summary: 'Events as they happen',
  tags: ['Events'],
  description: `Server-sent events: \`id\` is the position, \`event\` the type, and \`data\` the event as \`GET /v1/events\` has it,
on one line. The stream goes on behind \`Last-Event-ID\` or \`after\`, and without either begins at the head: with what happens from
now on. No event is left out, none comes twice, and none comes before one that was sent already.

An \`id\` without \`data\` is no event: it says how far the stream has come where nothing was to be sent, as at its beginning, so
that a client that comes back with it misses nothing. A comment comes after 15 seconds without anything else. The server ends a stream
when it stops, or when what follows is no longer kept; come back with the last \`id\`, and you are told which. It closes the
connection of a client that reads nothing for a minute. The number of streams is bounded: see \`too_many_streams\`.`,
  middleware: requiresInTenant('events:read'),
  request: {
    headers: z.object({ 'last-event-id': lastEventId.optional() }),
    query: z.strictObject({
      after: positionField.optional(),
      types: typesField.optional(),
      subject: textField(255).optional(),
    }),
  },
  responses: {
    200: {
      description: 'Events without end.',
      content: {
        'text/event-stream': {
          schema: z.string().openapi({
            example: 'id: 42\nevent: transfer.completed\ndata: {"position":42,"specversion":"1.0", …}\n\n',
          }),
        },
      },
    },
    ...problemResponses(
      'last_event_id_invalid',
      'position_invalid',
      'types_invalid',
      'text_invalid',
      'too_long',
      'unknown_parameter',
      'position_unknown',
      'position_expired',
      'too_many_streams',
      'database_unavailable',
    ),
  },
});

const HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store',
  // For nginx, which would otherwise keep events back until it has many.
  'X-Accel-Buffering': 'no',
};

export function eventStreamRoutes({ eventsDatabase, eventStreams }: EventStreamDeps) {
  return new OpenAPIHono<ApiEnv>().openapi(stream, async (c) => {
    const { after: asked, types, subject } = c.req.valid('query');
    const named = c.req.valid('header')['last-event-id'] ?? asked;
    const head = await boundedQuery(eventsDatabase, () => readHead(eventsDatabase));
    const after = named ?? head.position;
    refuseOutside(after, head);
    // The body of an answer to HEAD is never read, nor given up.
    if (c.req.method === 'HEAD') return c.body(null, 200, HEADERS);
    const place = { after, head: head.position, isNamed: named !== undefined };
    const { incoming } = (c.env as ApiEnv['Bindings'] | undefined) ?? {};
    const body = eventStreams.open(
      place,
      { tenant: c.var.holder.tenant, types, subject },
      { isLetIn: c.var.isLetIn, cut: () => incoming?.socket.destroy?.() },
    );
    return c.body(body, 200, HEADERS);
  });
}
