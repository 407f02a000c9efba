/** The routes that read the event log: a page of it, and one event. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Database } from '../../db/database.ts';
import { readHead, readLog, type LoggedEvent, type LogHead } from '../../db/events/log-queries.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { FieldCode } from '../http/field-codes.ts';
import { instantAnswer, textField } from '../http/fields.ts';
import { limitField } from '../http/pagination.ts';
import { ProblemError } from '../http/problem.ts';
import { problemResponses } from '../http/problem-schema.ts';
import type { ApiEnv } from '../http/env.ts';
import { faultCode } from '../http/validation.ts';
import { requiresInTenant } from '../http/scopes.ts';

export interface EventDeps {
  /** The events service's database. */
  readonly eventsDatabase: Database;
}

const LIMIT_MAX = 1_000;
const LIMIT_DEFAULT = 100;
/** How many positions one request looks through for events of the types that it asks for. */
const POSITIONS_MAX = 20_000;
const TYPES_MAX = 50;

/** A position as text: 0 is before the first event. */
export function positionText(code: FieldCode) {
  return z
    .string({ error: faultCode(code) })
    .regex(/^(0|[1-9]\d{0,14})$/, code)
    .transform(Number);
}

export const positionField = positionText('position_invalid').openapi({ type: 'integer', minimum: 0, example: 42 });

export const typesField = z
  .string({ error: faultCode('types_invalid') })
  .transform((text) => text.split(','))
  .pipe(z.array(z.string().regex(/^[a-z0-9.-]{1,100}$/, 'types_invalid')).max(TYPES_MAX, 'types_invalid'))
  .openapi({
    type: 'string',
    example: 'transfer.completed,transfer.failed',
    description:
      'Types, separated by commas. One that is in no event is no error: the log may have events of other versions of this program.',
  });

export const eventAnswer = z
  .object({
    position: z.int().openapi({ example: 42, description: 'Its place in the log: 1, 2, 3 … without a gap.' }),
    specversion: z.literal('1.0'),
    id: z.string().openapi({ example: 'transfer.completed/5b3a9d51-0c7e-8f42-b8d1-6e2f4a7c9d10' }),
    source: z.string().openapi({ example: 'urn:counterpoise:transfer' }),
    type: z.string().openapi({ example: 'transfer.completed' }),
    subject: z.string().openapi({ description: 'The wallet or movement that it is about: the partition key.' }),
    tenant: z.string().optional().openapi({ example: 'acme', description: 'Left out for the default tenant.' }),
    time: instantAnswer,
    datacontenttype: z.literal('application/json'),
    dataschema: z.string().openapi({ example: 'urn:counterpoise:event:transfer.completed:v1' }),
    requestid: z.string().optional(),
    traceparent: z.string().optional(),
    data: z.record(z.string(), z.unknown()),
  })
  .openapi('Event', { description: 'A CloudEvent 1.0 with its position in the log.' });

const list = createRoute({
  method: 'get',
  path: '/v1/events',
  operationId: 'listEvents',
  summary: 'Events in the order of the log',
  tags: ['Events'],
  description: `The events behind the position \`after\`, oldest first; without it, from the oldest event that is kept. Events of
one subject stand in the order in which they happened. Ask again with \`after\` set to \`next_after\`; a page may be short or
empty although more follows, for a request looks through ${POSITIONS_MAX} positions at most. All is read once \`next_after\` is
\`head\`. No event comes to stand before one that was read already.`,
  middleware: requiresInTenant('events:read'),
  request: {
    query: z.strictObject({
      after: positionField.optional(),
      types: typesField.optional(),
      subject: textField(255).optional(),
      limit: limitField('event_limit_invalid', LIMIT_MAX, LIMIT_DEFAULT),
    }),
  },
  responses: {
    200: {
      description: 'A page of events.',
      content: {
        'application/json': {
          schema: z.object({
            data: z.array(eventAnswer),
            next_after: z.int().openapi({ example: 42, description: 'The `after` of the next page.' }),
            head: z.int().openapi({ example: 42, description: 'The newest position of the log.' }),
          }),
        },
      },
    },
    ...problemResponses(
      'position_invalid',
      'types_invalid',
      'event_limit_invalid',
      'text_invalid',
      'too_long',
      'unknown_parameter',
      'position_unknown',
      'position_expired',
      'database_unavailable',
    ),
  },
});

const one = createRoute({
  method: 'get',
  path: '/v1/events/{position}',
  operationId: 'getEvent',
  summary: 'The event at a position',
  tags: ['Events'],
  middleware: requiresInTenant('events:read'),
  request: { params: z.object({ position: positionField }) },
  responses: {
    200: { description: 'The event.', content: { 'application/json': { schema: eventAnswer } } },
    ...problemResponses('position_invalid', 'event_not_found', 'position_expired', 'database_unavailable'),
  },
});

export function eventRoutes({ eventsDatabase }: EventDeps) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(list, async (c) => {
      const { after: asked, limit, types, subject } = c.req.valid('query');
      const after = asked ?? (await boundedQuery(eventsDatabase, () => readHead(eventsDatabase))).firstPosition - 1;
      const { events, readTo, head } = await boundedQuery(eventsDatabase, () =>
        readLog(eventsDatabase, after, limit, { tenant: c.var.holder.tenant, types, subject }, POSITIONS_MAX),
      );
      refuseOutside(after, head);
      return c.json({ data: events.map(renderEvent), next_after: readTo, head: head.position }, 200);
    })
    .openapi(one, async (c) => {
      const { position } = c.req.valid('param');
      const { events, head } = await boundedQuery(eventsDatabase, () =>
        readLog(eventsDatabase, Math.max(0, position - 1), 1, { tenant: c.var.holder.tenant }, 1),
      );
      const [event] = events;
      if (event?.position === position) return c.json(renderEvent(event), 200);
      if (position > 0 && position < head.firstPosition) refuseOutside(position - 1, head);
      throw new ProblemError('event_not_found');
    });
}

/** Throws if the log does not keep, or does not have yet, what follows this position. */
export function refuseOutside(after: number, { position: head, firstPosition }: LogHead): void {
  if (after > head)
    throw new ProblemError('position_unknown', {
      detail: `The newest position is ${head}.`,
      members: { head },
    });
  if (after < firstPosition - 1)
    throw new ProblemError('position_expired', {
      detail: `The oldest event that is kept has the position ${firstPosition}: read on after ${firstPosition - 1}.`,
      members: { first_position: firstPosition },
    });
}

function renderEvent({ position, event }: LoggedEvent): z.infer<typeof eventAnswer> {
  return { position, ...event };
}
