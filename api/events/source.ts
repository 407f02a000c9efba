/** The routes of the event log's sources: how far behind each outbox is, and going on with one that the relay has stopped reading. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Database } from '../../db/database.ts';
import { listSources, resumeSource, type EventSource, type SourceResume } from '../../db/events/source-queries.ts';
import { actingAnswer, actingHeaders, actingOf } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import { commentField, instantAnswer } from '../http/fields.ts';
import { ProblemError } from '../http/problem.ts';
import { BODY_PROBLEMS, problemResponses } from '../http/problem-schema.ts';
import { readJson } from '../http/request-body.ts';
import { faultCode } from '../http/validation.ts';
import { requires } from '../http/scopes.ts';

export interface EventSourceDeps {
  /** The events service's database. */
  readonly eventsDatabase: Database;
}

/** The names of databases. */
const SOURCE = /^[a-z][a-z0-9-]{0,62}$/;

const resumeAnswer = z
  .object({
    stopped_reason: z.string().openapi({ example: 'it is in another database than before' }),
    ...actingAnswer,
    comment: z.string(),
    requested_at: instantAnswer,
    completed_at: instantAnswer
      .nullable()
      .openapi({ description: 'When everything that the outbox had was in the log.' }),
    lost_in_outbox: z
      .int()
      .nullable()
      .openapi({ example: 2, description: 'Events that the log has and the outbox had lost.' }),
    lost_in_log: z
      .int()
      .nullable()
      .openapi({ example: 0, description: 'Events that were taken away of the outbox and that the log had lost.' }),
  })
  .openapi('EventSourceResume');

const sourceAnswer = z
  .object({
    source: z.string().openapi({ example: 'wallet-0', description: 'The database whose outbox it is.' }),
    status: z.enum(['COPYING', 'STOPPED', 'RESUMING']),
    stopped_reason: z
      .string()
      .nullable()
      .openapi({ example: null, description: 'Why nothing more is copied until somebody decides.' }),
    last_position: z
      .int()
      .openapi({ example: 42, description: 'The position of its newest event in the log; 0 if it has none.' }),
    event_count: z.int().openapi({ example: 17, description: 'How many of its events the log was given.' }),
    waiting_events: z
      .int()
      .openapi({ example: 0, description: 'How many were in the outbox and not in the log, at `seen_at`.' }),
    waiting_seconds: z
      .int()
      .nullable()
      .openapi({ example: null, description: 'For how long the oldest of them has waited until now.' }),
    seen_at: instantAnswer
      .nullable()
      .openapi({ description: 'When the relay looked. It looks every few seconds, and each minute if nothing waits.' }),
    last_resume: resumeAnswer.nullable(),
  })
  .openapi('EventSource', { description: 'An outbox from which events are copied into the log.' });

const list = createRoute({
  method: 'get',
  path: '/v1/event-sources',
  operationId: 'listEventSources',
  summary: 'The outboxes, and how far the log is behind them',
  tags: ['Events'],
  middleware: requires('events:read'),
  responses: {
    200: {
      description: 'Every outbox that was ever read, by name.',
      content: { 'application/json': { schema: z.object({ data: z.array(sourceAnswer) }) } },
    },
    ...problemResponses('database_unavailable'),
  },
});

const resume = createRoute({
  method: 'post',
  path: '/v1/event-sources/{source}/resume',
  operationId: 'resumeEventSource',
  summary: 'Go on with an outbox that is read no further',
  tags: ['Events'],
  description: `For an outbox that is STOPPED, because it or the event log was restored from a backup. Everything that it has now
is copied, but for what is in the log already. Events that only the log has stay there: who has read them cannot unread them.
The request returns at once; the source is RESUMING until \`last_resume.completed_at\`, and then says how many events were lost.`,
  middleware: [requires('events:write'), readJson] as const,
  request: {
    params: z.object({ source: z.string().openapi({ example: 'wallet-0' }) }),
    headers: actingHeaders,
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject({ comment: commentField }, { error: faultCode('body_invalid') })
            .openapi('EventSourceResumption'),
        },
      },
    },
  },
  responses: {
    200: { description: 'The source after the request.', content: { 'application/json': { schema: sourceAnswer } } },
    ...problemResponses(
      'event_source_not_found',
      'event_source_not_stopped',
      'actor_invalid',
      ...BODY_PROBLEMS,
      'field_missing',
      'too_short',
      'too_long',
      'character_forbidden',
      'database_unavailable',
    ),
  },
});

export function eventSourceRoutes({ eventsDatabase }: EventSourceDeps) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(list, async (c) => {
      const sources = await boundedQuery(eventsDatabase, () => listSources(eventsDatabase));
      return c.json({ data: sources.map(render) }, 200);
    })
    .openapi(resume, async (c) => {
      const { source } = c.req.valid('param');
      const acting = actingOf(c, c.req.valid('header')['X-Actor']);
      const { comment } = c.req.valid('json');
      if (!SOURCE.test(source)) throw new ProblemError('event_source_not_found');
      const outcome = await boundedQuery(eventsDatabase, () =>
        resumeSource(eventsDatabase, source, { comment, ...acting }),
      );
      if (outcome === 'unknown') throw new ProblemError('event_source_not_found');
      if (outcome === 'not_stopped') throw new ProblemError('event_source_not_stopped');
      const [resumed] = await boundedQuery(eventsDatabase, () => listSources(eventsDatabase, source));
      return c.json(render(resumed!), 200);
    });
}

function render(source: EventSource): z.infer<typeof sourceAnswer> {
  const { stoppedReason, isResuming, waitingSince, seenAt, lastResume } = source;
  return {
    source: source.source,
    status: stoppedReason !== undefined ? 'STOPPED' : isResuming ? 'RESUMING' : 'COPYING',
    stopped_reason: stoppedReason ?? null,
    last_position: source.lastPosition,
    event_count: source.eventCount,
    waiting_events: source.waitingEvents,
    waiting_seconds:
      waitingSince === undefined ? null : Math.max(0, Math.round((Date.now() - waitingSince.getTime()) / 1_000)),
    seen_at: seenAt?.toISOString() ?? null,
    last_resume: lastResume === undefined ? null : renderResume(lastResume),
  };
}

function renderResume(resume: SourceResume): z.infer<typeof resumeAnswer> {
  const { stoppedReason, actor, onBehalfOf, comment, requestedAt, completedAt, lostInOutbox, lostInLog } = resume;
  return {
    stopped_reason: stoppedReason,
    ...{ actor, on_behalf_of: onBehalfOf ?? null },
    comment,
    requested_at: requestedAt.toISOString(),
    completed_at: completedAt?.toISOString() ?? null,
    lost_in_outbox: lostInOutbox ?? null,
    lost_in_log: lostInLog ?? null,
  };
}
