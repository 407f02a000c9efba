/**
 * The taking away of what is in the event log from an outbox, in short steps between the copying. No movement waits for it, and
 * the copying waits for one step at most.
 */
import type { Database } from '../../db/database.ts';
import { findCursor } from '../../db/events/log-queries.ts';
import { truncateRelayed } from '../../db/outbox-queries.ts';
import type { Logger } from '../../process/telemetry.ts';

/** Of one step: some 50 ms. */
const EVENTS_MAX = 5_000;
/** So long nothing is tried after a step that found nothing to do. */
const REST_MS = 2_000;

export interface OutboxTruncationDeps {
  readonly source: string;
  readonly outbox: Database;
  /** The events service's database. */
  readonly database: Database;
  readonly logger: Logger;
}

/**
 * Takes a step at each call, of one that `isBusy` only if the outbox is full. Returns whether there is more to do. An outbox that
 * cannot be had now is tried again later.
 */
export function createOutboxTruncation(deps: OutboxTruncationDeps): (isBusy: boolean) => Promise<boolean> {
  const { source, outbox, database, logger } = deps;
  let notBefore = 0;

  return async (isBusy) => {
    if (performance.now() < notBefore) return false;
    const hasMore = await step(isBusy).catch((error: unknown) => {
      logger.warn({ err: error, source }, 'an outbox could not be emptied: tried again soon');
      return false;
    });
    if (!hasMore) notBefore = performance.now() + REST_MS;
    return hasMore;
  };

  /** By the cursor as it is stored: what a crash takes back is still in the outbox. */
  async function step(isBusy: boolean): Promise<boolean> {
    const cursor = await findCursor(database, source);
    if (cursor?.snapshot === undefined || cursor.stoppedReason !== undefined || cursor.isResuming) return false;
    const limits = { eventsMax: EVENTS_MAX, onlyIfFull: isBusy };
    return truncateRelayed(outbox, { ...cursor, snapshot: cursor.snapshot }, limits);
  }
}
