/**
 * The routes that probes ask: whether the process lives, and whether a movement would go through. Both answer in time
 * whatever is down. Imported by app.ts and wallet-app.ts.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Readiness } from './readiness.ts';
import type { ApiEnv } from './request-context.ts';

const readinessAnswer = z
  .object({
    status: z.enum(['ready', 'unavailable']),
    checks: z.record(z.string(), z.object({ status: z.enum(['up', 'down']), reason: z.string().optional() })).openapi({
      example: { 'transfer-database': { status: 'up' }, temporal: { status: 'down', reason: 'no answer in time' } },
    }),
  })
  .openapi('Readiness');

const live = createRoute({
  method: 'get',
  path: '/health',
  operationId: 'getHealth',
  summary: 'Whether the process lives',
  tags: ['Health'],
  responses: {
    200: {
      description: 'It does.',
      content: { 'application/json': { schema: z.object({ status: z.literal('ok') }) } },
    },
  },
});

const ready = createRoute({
  method: 'get',
  path: '/health/ready',
  operationId: 'getReadiness',
  summary: 'Whether a movement would go through, and the state of everything it needs',
  tags: ['Health'],
  description: 'Answers within two seconds, and remembers the answer for one.',
  responses: {
    200: { description: 'Everything is up.', content: { 'application/json': { schema: readinessAnswer } } },
    503: { description: 'Something is down.', content: { 'application/json': { schema: readinessAnswer } } },
  },
});

export function healthRoutes(readiness: Readiness) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(live, (c) => c.json({ status: 'ok' as const }, 200))
    .openapi(ready, async (c) => {
      const checks = await readiness();
      const isReady = Object.values(checks).every(({ status }) => status === 'up');
      c.header('Cache-Control', 'no-store');
      return isReady
        ? c.json({ status: 'ready' as const, checks }, 200)
        : c.json({ status: 'unavailable' as const, checks }, 503);
    });
}
