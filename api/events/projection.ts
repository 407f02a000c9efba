/** The routes of projections: how far they are, a rebuild, and the dead letters of the consumers that build them. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { listDeadLetters } from '../../client/consumer/consumer.ts';
import type { Database } from '../../db/database.ts';
import { readHead } from '../../db/events/log-queries.ts';
import {
  PROJECTION_NAMES,
  readProjection,
  requestRebuild,
  retryProjectionLetters,
  type Generation,
  type ProjectionName,
} from '../../db/events/projection-queries.ts';
import { byWhom } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import { instantAnswer, textField } from '../http/fields.ts';
import { pageParameters } from '../http/pagination.ts';
import { ProblemError } from '../http/problem.ts';
import { problemResponses } from '../http/problem-schema.ts';
import { requires } from '../http/scopes.ts';
import { positionField, type EventDeps } from './event.ts';

const tags = ['Projections'];

const generationAnswer = z.object({
  generation: z.int().openapi({ example: 2 }),
  position: z.int().openapi({ example: 42, description: 'Up to which it has counted the log.' }),
  parked_count: z.int().openapi({ example: 0, description: 'Events that have failed, or wait behind such.' }),
  dead_letter_count: z
    .int()
    .openapi({ example: 0, description: 'Of those, the ones that are not tried again by themselves.' }),
});

const projectionAnswer = z
  .object({
    projection: z.enum(PROJECTION_NAMES),
    head: z.int().openapi({ example: 42, description: 'The newest position of the log.' }),
    live: generationAnswer.openapi({ description: 'The one that is read.' }),
    next: generationAnswer.nullable().openapi({
      description:
        'The one that is being built, and becomes the live one once it has come as far and has nothing parked.',
    }),
  })
  .openapi('Projection');

const deadLetterAnswer = z
  .object({
    generation: z.int().openapi({ example: 1 }),
    position: z.int().openapi({ example: 42 }),
    event_id: z.string().openapi({ example: 'wallet.debited/5b3a9d51-0c7e-8f42-b8d1-6e2f4a7c9d10' }),
    type: z.string().openapi({ example: 'wallet.debited' }),
    subject: z.string(),
    error: z.string().openapi({ description: 'Of the last attempt.' }),
    attempts: z.int().openapi({ example: 5 }),
    failed_at: instantAnswer,
    waiting_count: z.int().openapi({ example: 0, description: 'How many events of its subject wait behind it.' }),
  })
  .openapi('DeadLetter');

const one = { params: z.object({ projection: textField(100) }) };
const oneProblems = ['projection_not_found', 'text_invalid', 'too_long', 'database_unavailable'] as const;
const answered = (description: string) => ({
  description,
  content: { 'application/json': { schema: projectionAnswer } },
});

const list = createRoute({
  method: 'get',
  path: '/v1/projections',
  operationId: 'listProjections',
  summary: 'What is derived from the event log, and how far it is',
  tags,
  middleware: requires('events:read'),
  responses: {
    200: {
      description: 'All of them.',
      content: { 'application/json': { schema: z.object({ data: z.array(projectionAnswer) }) } },
    },
    ...problemResponses('database_unavailable'),
  },
});

const rebuild = createRoute({
  method: 'post',
  path: '/v1/projections/{projection}/rebuild',
  operationId: 'rebuildProjection',
  summary: 'Build a projection anew, from the first event on',
  tags,
  description: `The next generation is built beside the live one, which is read meanwhile, and takes its place at once. A repeat while one is
being built changes nothing. Refused with \`position_expired\` once the log no longer keeps its first event: then the live one knows more
than the log.`,
  middleware: requires('events:write'),
  request: one,
  responses: { 202: answered('It is being built.'), ...problemResponses(...oneProblems, 'position_expired') },
});

const deadLetters = createRoute({
  method: 'get',
  path: '/v1/projections/{projection}/dead-letters',
  operationId: 'listDeadLetters',
  summary: 'The events that a projection could not count, in the order of the log',
  tags,
  middleware: requires('events:read'),
  request: { ...one, query: z.strictObject({ after: positionField.default(0), limit: pageParameters.limit }) },
  responses: {
    200: {
      description: 'Those behind the position `after`.',
      content: { 'application/json': { schema: z.object({ data: z.array(deadLetterAnswer) }) } },
    },
    ...problemResponses(...oneProblems, 'position_invalid', 'limit_invalid', 'unknown_parameter'),
  },
});

const retry = createRoute({
  method: 'post',
  path: '/v1/projections/{projection}/dead-letters/retry',
  operationId: 'retryDeadLetters',
  summary: 'Try dead letters again, all of them or one',
  tags,
  description:
    'They are counted within a second or so, or become dead letters again. A repeat finds none; of one that is named, 404 says so.',
  middleware: requires('events:write'),
  request: { ...one, query: z.strictObject({ event_id: textField(500).optional() }) },
  responses: {
    202: {
      description: 'They are due now.',
      content: { 'application/json': { schema: z.object({ retried_count: z.int().openapi({ example: 1 }) }) } },
    },
    ...problemResponses(...oneProblems, 'unknown_parameter', 'dead_letter_not_found'),
  },
});

export function projectionRoutes({ eventsDatabase }: EventDeps) {
  const generationsOf = async (name: ProjectionName): Promise<Generation[]> => {
    const { live, next } = await readProjection(eventsDatabase, name);
    return next === undefined ? [live] : [live, next];
  };
  return new OpenAPIHono<ApiEnv>()
    .openapi(list, async (c) => {
      const data = await boundedQuery(eventsDatabase, () =>
        Promise.all(PROJECTION_NAMES.map((name) => describe(eventsDatabase, name))),
      );
      return c.json({ data }, 200);
    })
    .openapi(rebuild, async (c) => {
      const name = known(c.req.valid('param').projection);
      const request = () => requestRebuild(eventsDatabase, name, byWhom(c));
      const requested = await boundedQuery(eventsDatabase, request, { isWrite: true });
      if (!requested.isRequested) throw cannotRebuild(requested.firstPosition);
      return c.json(await boundedQuery(eventsDatabase, () => describe(eventsDatabase, name)), 202);
    })
    .openapi(deadLetters, async (c) => {
      const name = known(c.req.valid('param').projection);
      const { after, limit } = c.req.valid('query');
      const data = await boundedQuery(eventsDatabase, async () => {
        const lists = (await generationsOf(name)).map(async ({ generation, consumer }) =>
          (await listDeadLetters(eventsDatabase.$client, consumer, { after, limit })).map((letter) => ({
            generation,
            ...letter,
          })),
        );
        return (await Promise.all(lists)).flat();
      });
      const inOrder = data.sort((a, b) => a.event.position - b.event.position).slice(0, limit);
      return c.json({ data: inOrder.map(renderDeadLetter) }, 200);
    })
    .openapi(retry, async (c) => {
      const name = known(c.req.valid('param').projection);
      const { event_id: eventId } = c.req.valid('query');
      const retried = await boundedQuery(
        eventsDatabase,
        async () => {
          const consumers = (await generationsOf(name)).map(({ consumer }) => consumer);
          return retryProjectionLetters(eventsDatabase, name, { consumers, eventId }, byWhom(c));
        },
        { isWrite: true },
      );
      if (eventId !== undefined && retried === 0)
        throw new ProblemError('dead_letter_not_found', { detail: `The event ${eventId} is none of ${name}.` });
      return c.json({ retried_count: retried }, 202);
    });
}

function known(name: string): ProjectionName {
  const found = PROJECTION_NAMES.find((each) => each === name);
  if (found === undefined)
    throw new ProblemError('projection_not_found', { detail: `There is ${PROJECTION_NAMES.join(', ')}.` });
  return found;
}

function cannotRebuild(firstPosition: number): ProblemError {
  return new ProblemError('position_expired', {
    detail: `The oldest event that is kept has the position ${firstPosition}: what came before could not be counted again.`,
    members: { first_position: firstPosition },
  });
}

async function describe(database: Database, name: ProjectionName): Promise<z.infer<typeof projectionAnswer>> {
  const { live, next } = await readProjection(database, name);
  const { position: head } = await readHead(database);
  return {
    projection: name,
    head,
    live: renderGeneration(live),
    next: next === undefined ? null : renderGeneration(next),
  };
}

function renderGeneration(generation: Generation): z.infer<typeof generationAnswer> {
  return {
    generation: generation.generation,
    position: generation.position,
    parked_count: generation.parkedCount,
    dead_letter_count: generation.deadLetterCount,
  };
}

type ListedLetter = Awaited<ReturnType<typeof listDeadLetters>>[number] & { readonly generation: number };

function renderDeadLetter({ generation, event, ...letter }: ListedLetter): z.infer<typeof deadLetterAnswer> {
  return {
    generation,
    position: event.position,
    event_id: event.id,
    type: event.type,
    subject: event.subject,
    error: letter.error,
    attempts: letter.attempts,
    failed_at: letter.failedAt.toISOString(),
    waiting_count: letter.waitingCount,
  };
}
