/**
 * The reader of a batch's items for a wallet worker that is a process of its own. It asks the transfer API: the transfer service
 * owns the items, and the worker opens no database but its shard's.
 */
import type { BatchLegs, ReadBatchLegs } from '../../domain/transfer/batch.ts';
import type { BatchId } from '../../domain/ids.ts';
import { INSTALLATION_HEADER, type Installation } from '../../domain/installation.ts';
import { MovementMissing } from '../../domain/transfer/movement-missing.ts';

/** Shorter than the activity's own time-out. */
const ANSWER_LIMIT_MS = 5_000;

export function fetchBatchLegs(transferApiUrl: string, installation: () => Promise<Installation>): ReadBatchLegs {
  return async ({ batchId, side, places, firstBucket, lastBucket, bodyHash }) => {
    const url = new URL(`/internal/transfer-batches/${batchId}/legs`, transferApiUrl);
    const query = { side, places, first_bucket: firstBucket, last_bucket: lastBucket };
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
    if (bodyHash !== undefined) url.searchParams.set('body_hash', bodyHash);
    const answer = await fetch(url, {
      headers: { [INSTALLATION_HEADER]: (await installation()).installationId },
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    });
    if (answer.status === 404) throw await missingOrNoRoute(answer, batchId);
    if (!answer.ok) throw new Error(`the transfer API answered ${answer.status} for the items of batch ${batchId}`);
    return (await answer.json()) as BatchLegs;
  };
}

/** Tells a missing batch from a missing route: a batch is missing only if the transfer API itself says so. */
async function missingOrNoRoute(answer: Response, batchId: BatchId): Promise<Error> {
  const { code } = (await answer.json()) as { code?: string };
  return code === 'batch_not_found'
    ? new MovementMissing(`batch ${batchId}`)
    : new Error(`the transfer API answered 404 ${code} for the items of batch ${batchId}`);
}
