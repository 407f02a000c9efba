/**
 * The end of processed events. What comes from the log is told by the cursor, and has a row only if it had failed; what comes from
 * elsewhere may come again, and is told by its row for some time.
 */
import type { Lease } from './cursor.ts';
import { run, type Store } from './store.ts';

/** Behind the cursor, of a consumer that reads the log: for people who look. */
const KEPT_POSITIONS = 10_000;
/** At once. */
const REMOVED_MAX = 5_000;

/**
 * Removes rows that nobody asks for any more, 5,000 at most: those 10,000 positions behind `readTo` if the source is the log,
 * otherwise those older than `keptMs`.
 */
export async function removeProcessed(
  store: Store,
  { consumer }: Lease,
  readTo: number | undefined,
  keptMs: number,
): Promise<void> {
  const [condition, bound] =
    readTo === undefined
      ? [`processed_at < clock_timestamp() - $2::float8 * interval '1 ms'`, keptMs]
      : ['position <= $2::bigint', readTo - KEPT_POSITIONS];
  await run(
    store,
    `DELETE FROM processed_events WHERE consumer = $1 AND event_id IN (
       SELECT event_id FROM (
         SELECT event_id, position, processed_at FROM processed_events WHERE consumer = $1 ORDER BY position LIMIT ${REMOVED_MAX}
       ) AS oldest WHERE ${condition}
     )`,
    [consumer, bound],
  );
}
