/** Dead letters: the events that a consumer has given up. They are kept until somebody has them tried again or discards them. */
import type { Event } from '../wire.ts';
import { NEXT_IS_DUE } from './parked.ts';
import { inTransaction, run, type Store } from './store.ts';

export interface DeadLetter {
  readonly event: Event;
  /** The error of the last attempt. */
  readonly error: string;
  readonly attempts: number;
  readonly failedAt: Date;
  /** How many events of its subject wait behind it. */
  readonly waitingCount: number;
}

const LIMIT_DEFAULT = 100;
const STATEMENT_LIMIT_MS = 30_000;

/** A consumer's dead letters in the order of the log, after the position `after`, at most `limit` (100). */
export async function listDeadLetters(
  store: Store,
  consumer: string,
  { after = 0, limit = LIMIT_DEFAULT }: { readonly after?: number; readonly limit?: number } = {},
): Promise<DeadLetter[]> {
  const rows = await run<{ event: Event; error: string; attempts: number; failed_at: Date; waiting_count: string }>(
    store,
    `SELECT event, error, attempts, failed_at, (
       SELECT count(*) FROM parked_events w WHERE w.consumer = $1 AND w.subject = d.subject AND w.retry_at = 'infinity'
     ) AS waiting_count
     FROM parked_events d WHERE consumer = $1 AND retry_at IS NULL AND position > $2 ORDER BY position LIMIT $3`,
    [consumer, after, limit],
  );
  return rows.map(({ event, error, attempts, failed_at, waiting_count }) => ({
    event,
    error,
    attempts,
    failedAt: failed_at,
    waitingCount: Number(waiting_count),
  }));
}

/**
 * Has dead letters tried again, as often as a new event: all of the consumer, or the one with this id. The running consumer does it
 * within a second. Returns how many they are; a repeat finds none.
 */
export async function retryDeadLetters(store: Store, consumer: string, eventId?: string): Promise<number> {
  const rows = await run(
    store,
    `UPDATE parked_events SET retry_at = clock_timestamp(), attempts = 0
     WHERE consumer = $1 AND retry_at IS NULL AND ($2::text IS NULL OR event_id = $2) RETURNING event_id`,
    [consumer, eventId ?? null],
  );
  return rows.length;
}

/**
 * Gives a dead letter up for ever: it counts as processed, without an effect, and what waits behind it goes on. Returns false if
 * there is no such dead letter.
 */
export async function discardDeadLetter(store: Store, consumer: string, eventId: string): Promise<boolean> {
  return inTransaction(store, STATEMENT_LIMIT_MS, async (connection) => {
    const { rows } = await connection.query(
      `WITH gone AS (
         DELETE FROM parked_events WHERE consumer = $1 AND event_id = $2 AND retry_at IS NULL RETURNING event_id, position, subject
       ), noted AS (
         INSERT INTO processed_events (consumer, event_id, position) SELECT $1, event_id, position FROM gone ON CONFLICT DO NOTHING
       )
       SELECT subject FROM gone`,
      [consumer, eventId],
    );
    const [gone] = rows as { subject: string }[];
    if (gone !== undefined) await connection.query(NEXT_IS_DUE, [consumer, gone.subject]);
    return gone !== undefined;
  });
}
