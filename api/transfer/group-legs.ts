/**
 * The route from which wallet workers read the legs of a group, if they are processes of their own, as batch-legs.ts is for batches.
 * It only reads, and is there on the internal
 * listener alone, which has read the body.
 */
import { Hono } from 'hono';
import { z } from 'zod';
import type { Database } from '../../db/database.ts';
import { readGroupLegs } from '../../db/transfer/group-queries.ts';
import type { GroupId, TransferId } from '../../domain/ids.ts';
import { BATCH_SIDES } from '../../domain/transfer/batch.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import { ProblemError } from '../http/problem.ts';

const bucket = z.int().min(0).max(255);
const legsQuery = z.object({
  groupId: z.guid().transform((id) => id as GroupId),
  transferIds: z.array(z.guid().transform((id) => id as TransferId)).max(1_000),
  side: z.enum(BATCH_SIDES),
  firstBucket: bucket,
  lastBucket: bucket,
});

export function groupLegsRoute(database: Database) {
  return new Hono<ApiEnv>().post('/internal/transfer-groups/:id/legs', async (c) => {
    const query = legsQuery.safeParse({ ...(await c.req.json()), groupId: c.req.param('id') });
    if (!query.success) throw new ProblemError('body_invalid', { detail: 'Not a question that a worker asks.' });
    return c.json(await boundedQuery(database, () => readGroupLegs(database, query.data)));
  });
}
