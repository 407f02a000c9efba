/**
 * The reader of a batch's items for a wallet worker that is a process of its own. It asks the transfer API: the transfer service
 * owns the items, and the worker opens no database but its shard's.
 */
import type { BatchLegs, ReadBatchLegs } from '../../domain/transfer/batch.ts';
import type { BatchId } from '../../domain/ids.ts';
import { MovementMissing } from '../../domain/transfer/movement-missing.ts';
import type { AskInternal, InternalAnswer } from '../ask-internal.ts';

/** Shorter than the activity's own time-out. */
const ANSWER_LIMIT_MS = 5_000;

export function fetchBatchLegs(ask: AskInternal): ReadBatchLegs {
  return async ({ batchId, side, places, firstBucket, lastBucket, bodyHash }) => {
    const buckets = { first_bucket: String(firstBucket), last_bucket: String(lastBucket) };
    const asked = new URLSearchParams({ side, places, ...buckets });
    if (bodyHash !== undefined) asked.set('body_hash', bodyHash);
    const answer = await ask(`/internal/transfer-batches/${batchId}/legs?${asked.toString()}`, ANSWER_LIMIT_MS);
    if (answer.status === 404) throw missingOrNoRoute(answer, batchId);
    if (answer.status !== 200)
      throw new Error(`the transfer API answered ${answer.status} for the items of batch ${batchId}`);
    return answer.body as BatchLegs;
  };
}

/** Tells a missing batch from a missing route: a batch is missing only if the transfer API itself says so. */
function missingOrNoRoute({ body }: InternalAnswer, batchId: BatchId): Error {
  const { code } = body as { code?: string };
  return code === 'batch_not_found'
    ? new MovementMissing(`batch ${batchId}`)
    : new Error(`the transfer API answered 404 ${code} for the items of batch ${batchId}`);
}
