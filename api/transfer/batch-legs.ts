/**
 * The route from which wallet workers read the items of a batch, if they are processes of their own: the transfer service owns the
 * items, and such a worker opens no database but its shard's. It only reads, and is there on the internal
 * listener alone.
 */
import { Hono } from 'hono';
import { z } from 'zod';
import type { Database } from '../../db/database.ts';
import { readBatchLegs } from '../../db/transfer/batch-legs.ts';
import { BATCH_SIDES } from '../../domain/transfer/batch.ts';
import type { BatchId } from '../../domain/ids.ts';
import { parseRanges } from '../../domain/index-set.ts';
import { MovementMissing } from '../../domain/transfer/movement-missing.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import { ProblemError } from '../http/problem.ts';
import type { ApiEnv } from '../http/env.ts';

const bucket = z.coerce.number().int().min(0).max(255);
const legsQuery = z.object({
  batchId: z.guid().transform((id) => id as BatchId),
  side: z.enum(BATCH_SIDES),
  places: z.string().refine(isPlaces),
  firstBucket: bucket,
  lastBucket: bucket,
  // A worker of the previous version sends none.
  bodyHash: z.hash('sha256').optional(),
});

export function batchLegsRoute(database: Database) {
  return new Hono<ApiEnv>().get('/internal/transfer-batches/:id/legs', async (c) => {
    const { side, places, first_bucket: firstBucket, last_bucket: lastBucket, body_hash: bodyHash } = c.req.query();
    const asked = { batchId: c.req.param('id'), side, places, firstBucket, lastBucket, bodyHash };
    const query = legsQuery.safeParse(asked);
    if (!query.success) throw new ProblemError('value_invalid', { detail: 'Not a question that a worker asks.' });
    try {
      return c.json(await boundedQuery(database, () => readBatchLegs(database, query.data)));
    } catch (error) {
      if (error instanceof MovementMissing) throw new ProblemError('batch_not_found', { cause: error });
      throw error;
    }
  });
}

function isPlaces(text: string): boolean {
  try {
    parseRanges(text);
    return true;
  } catch {
    return false;
  }
}
