/**
 * The routes for probes: whether the process is alive, and whether a movement would go through. Both answer in time, whatever is
 * down.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Readiness } from './readiness.ts';
import type { ApiEnv } from './http/env.ts';
import { openToAll } from './http/scopes.ts';

const readinessAnswer = z
  .object({
    status: z.enum(['ready', 'unavailable']),
    checks: z.record(z.string(), z.object({ status: z.enum(['up', 'down']), reason: z.string().optional() })).openapi({
      example: { 'transfer-database': { status: 'up' }, temporal: { status: 'down', reason: 'no answer in time' } },
    }),
    shards_behind: z
      .array(z.int())
      .optional()
      .openapi({
        example: [],
        description: `The wallet shards that were restored to an earlier state than they had. Movements of their wallets are
refused with 503 \`wallet_shard_behind\` until the case of \`shard/<n>\` is closed. Other movements are accepted, so the service
counts as available. Missing in answers of the wallet API, which does not know it.`,
      }),
    events: z
      .record(z.string(), z.object({ status: z.enum(['up', 'down']), reason: z.string().optional() }))
      .optional()
      .openapi({
        example: { relay: { status: 'up' } },
        description: `Whether events leave the outboxes. Movements do not need that: while it is down, events wait in their outboxes.
Missing in answers of the wallet API.`,
      }),
    orders: z
      .record(z.string(), z.object({ status: z.enum(['up', 'down']), reason: z.string().optional() }))
      .optional()
      .openapi({
        example: { 'inventory-database': { status: 'up' }, 'order-worker': { status: 'up' } },
        description: `Whether an order would go through. Movements do not need that. Missing where the installation has no orders.`,
      }),
  })
  .openapi('Readiness');

const live = createRoute({
  method: 'get',
  path: '/health',
  operationId: 'getHealth',
  summary: 'Whether the process is alive',
  tags: ['Health'],
  middleware: openToAll,
  responses: {
    200: {
      description: 'The process is alive.',
      content: { 'application/json': { schema: z.object({ status: z.literal('ok') }) } },
    },
  },
});

const ready = createRoute({
  method: 'get',
  path: '/health/ready',
  operationId: 'getReadiness',
  summary: 'Whether movements are accepted and carried out, and the state of everything that they need',
  tags: ['Health'],
  description:
    'Answers within two seconds, and keeps the answer for one second. If a wallet shard is behind, `shards_behind` names it and ' +
    'the answer is still 200.',
  middleware: openToAll,
  responses: {
    200: {
      description: 'Everything is up; `shards_behind` names shards that take no movements.',
      content: { 'application/json': { schema: readinessAnswer } },
    },
    503: { description: 'Something is down.', content: { 'application/json': { schema: readinessAnswer } } },
  },
});

/** What the transfer API knows and the wallet API does not. */
export interface WiderHealth {
  /** The wallet shards that are behind. */
  readonly shardsBehind: () => readonly number[];
  /** The checks that movements do not need. */
  readonly events: Readiness;
  readonly orders?: Readiness | undefined;
}

export function healthRoutes(readiness: Readiness, wider?: WiderHealth) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(live, (c) => c.json({ status: 'ok' as const }, 200))
    .openapi(ready, async (c) => {
      const [checks, events, orders] = await Promise.all([readiness(), wider?.events(), wider?.orders?.()]);
      const isReady = Object.values(checks).every(({ status }) => status === 'up');
      const told = {
        checks,
        ...(wider === undefined ? {} : { shards_behind: [...wider.shardsBehind()], events }),
        ...(orders === undefined ? {} : { orders }),
      };
      c.header('Cache-Control', 'no-store');
      return isReady
        ? c.json({ status: 'ready' as const, ...told }, 200)
        : c.json({ status: 'unavailable' as const, ...told }, 503);
    });
}
