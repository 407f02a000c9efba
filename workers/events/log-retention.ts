/**
 * The retention of the event log: lets events go that are older than EVENTS_RETENTION_DAYS, in short steps, and their partitions
 * once they are empty.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../db/database.ts';
import { expireEvents } from '../../db/events/log-queries.ts';
import type { Logger } from '../../process/telemetry.ts';

/** Of one step: some 100 ms. */
const EVENTS_MAX = 5_000;
/** Between two steps, for whoever waits, and when there is nothing to do. */
const PAUSE_MS = 200;
const REST_MS = 60_000;

/** Works until the signal is aborted. What fails is tried again later. */
export async function keepRetention(
  database: Database,
  retentionDays: number,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const hasMore = await expireEvents(database, retentionDays, EVENTS_MAX).catch((error: unknown) => {
      logger.warn({ err: error }, 'old events could not be let go: tried again soon');
      return false;
    });
    await sleep(hasMore ? PAUSE_MS : REST_MS, undefined, { signal }).catch(() => {});
  }
}
