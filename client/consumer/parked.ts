/**
 * Parked events: those that have failed, with the time of their next attempt, and those that wait behind them. One of each subject
 * is due at a time, so that a subject keeps its order and no other subject waits.
 *
 *   parked, due ── attempt ──▶ applied, and the next of its subject is due
 *                     └──────▶ due later, after the last pause a dead letter: no time
 */
import type { Event } from '../wire.ts';
import { lost, type Lease } from './cursor.ts';
import type { EventPage } from './source.ts';
import { run, type Connection, type Store } from './store.ts';

/** What is behind a dead letter: `wait` for it, or `go_on`. */
export type AfterDeadLetter = 'wait' | 'go_on';

export interface DueEvent {
  readonly event: Event;
  /** With the one that is to be made now; it is counted already. */
  readonly attempts: number;
}

const ERROR_CHARACTERS_MAX = 2_000;
/** A retry that is further ahead than this beyond the longest pause was set by a clock that was wrong, and is due. */
const LEAP_MS = 3_600_000;

/** Rows that the subject's next event waits for: all, or all but dead letters. $2 is AfterDeadLetter in each statement below. */
const BLOCKS = `(b.retry_at IS NOT NULL OR $2 = 'wait')`;

/** What of a page is to be handled now, and what waits behind a parked event of its subject, or is parked itself. By their ids. */
export interface Claimed {
  readonly fresh: ReadonlySet<string>;
  readonly waiting: ReadonlySet<string>;
}

const WAITING = `
  SELECT DISTINCT event_id FROM given WHERE EXISTS (
    SELECT FROM parked_events b
    WHERE b.consumer = $1 AND b.subject = given.subject AND (b.event_id = given.event_id OR ${BLOCKS})
  )`;

/** Claims events of another source than the log: those that were not processed before are noted as processed. */
export async function claimByIds(
  connection: Connection,
  { consumer }: Lease,
  after: AfterDeadLetter,
  events: readonly Event[],
): Promise<Claimed> {
  const { rows } = await connection.query(
    `WITH given AS (SELECT * FROM unnest($3::text[], $4::bigint[], $5::text[]) AS g (event_id, position, subject)),
     waiting AS (${WAITING}),
     fresh AS (
       INSERT INTO processed_events (consumer, event_id, position)
       SELECT $1, event_id, position FROM given WHERE event_id NOT IN (SELECT event_id FROM waiting)
       ON CONFLICT DO NOTHING RETURNING event_id
     )
     SELECT event_id, true AS is_fresh FROM fresh UNION ALL SELECT event_id, false FROM waiting`,
    [consumer, after, ...columns(events)],
  );
  const ids = (isFresh: boolean): Set<string> =>
    new Set(
      (rows as { event_id: string; is_fresh: boolean }[])
        .filter((row) => row.is_fresh === isFresh)
        .map((row) => row.event_id),
    );
  return { fresh: ids(true), waiting: ids(false) };
}

/**
 * Claims events of the log: those behind the cursor. It needs no note of each, for in a lease one transaction comes after the other,
 * and the next lease waits for the end of the last one, which moves the cursor. Throws a LeaseLostError if the lease is another's.
 */
export async function claimByPosition(
  connection: Connection,
  lease: Lease,
  after: AfterDeadLetter,
  events: readonly Event[],
): Promise<Claimed> {
  const { rows } = await connection.query(
    `WITH given AS (SELECT * FROM unnest($3::text[], $4::text[]) AS g (event_id, subject))
     SELECT position, ARRAY(${WAITING}) AS waiting FROM consumer_cursors WHERE consumer = $1 AND token = $5`,
    [lease.consumer, after, events.map(({ id }) => id), events.map(({ subject }) => subject), lease.token],
  );
  const [row] = rows as { position: string; waiting: string[] }[];
  if (row === undefined) throw lost(lease);
  const unread = events.filter(({ position }) => position > Number(row.position)).map(({ id }) => id);
  const parked = new Set(row.waiting);
  return {
    fresh: new Set(unread.filter((id) => !parked.has(id))),
    waiting: new Set(unread.filter((id) => parked.has(id))),
  };
}

/**
 * Parks what of a page is neither processed nor parked: the first of each subject is due now, unless an earlier one is in its way. For
 * the transaction that moves the cursor, before it does.
 */
export async function parkEvents(
  connection: Connection,
  { consumer }: Lease,
  after: AfterDeadLetter,
  { events, readTo }: EventPage,
): Promise<void> {
  await connection.query(
    `WITH given AS (
       SELECT *, row_number() OVER (PARTITION BY subject ORDER BY position) AS place
       FROM unnest($3::text[], $4::bigint[], $5::text[], $6::text[]) AS g (event_id, position, subject, event)
       WHERE NOT EXISTS (SELECT FROM processed_events p WHERE p.consumer = $1 AND p.event_id = g.event_id)
         AND NOT EXISTS (SELECT FROM parked_events p WHERE p.consumer = $1 AND p.event_id = g.event_id)
         AND ($7 OR position > (SELECT c.position FROM consumer_cursors c WHERE c.consumer = $1))
     )
     INSERT INTO parked_events (consumer, event_id, position, subject, event, retry_at)
     SELECT $1, event_id, position, subject, event::json, CASE
       WHEN place > 1 OR EXISTS (
         SELECT FROM parked_events b WHERE b.consumer = $1 AND b.subject = given.subject AND ${BLOCKS}
       ) THEN 'infinity' ELSE clock_timestamp() END
     FROM given ON CONFLICT DO NOTHING`,
    [consumer, after, ...columns(events), events.map((event) => JSON.stringify(event)), readTo === undefined],
  );
}

/**
 * Takes the due event that comes first in the log, and counts the attempt before it is made, so that one that ends the process is
 * counted too. `pausesMs` are those after each attempt but the last one.
 */
export async function takeDue(
  store: Store,
  { consumer, token }: Lease,
  pausesMs: readonly number[],
): Promise<DueEvent | undefined> {
  const [row] = await run<{ event: Event; attempts: number }>(
    store,
    `UPDATE parked_events p
     SET attempts = attempts + 1, failed_at = clock_timestamp(), error = coalesce(error, 'the process ended, or was held up, meanwhile'),
       retry_at = clock_timestamp() + coalesce(($2::float8[])[attempts + 1], 0) * interval '1 ms'
     WHERE consumer = $1 AND event_id = (
       SELECT event_id FROM parked_events WHERE consumer = $1 AND retry_at < 'infinity'
         AND (retry_at <= clock_timestamp() OR retry_at > clock_timestamp() + $4::float8 * interval '1 ms')
       ORDER BY retry_at, position LIMIT 1
     ) AND EXISTS (SELECT FROM consumer_cursors WHERE consumer = $1 AND token = $3)
     RETURNING event, attempts`,
    [consumer, [...pausesMs], token, Math.max(0, ...pausesMs) + LEAP_MS],
  );
  return row;
}

/**
 * Notes a parked event as processed and takes it away; the next of its subject is due. Returns false if it was processed before.
 */
export async function unpark(connection: Connection, { consumer }: Lease, event: Event): Promise<boolean> {
  const { rows } = await connection.query(
    `INSERT INTO processed_events (consumer, event_id, position) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING event_id`,
    [consumer, event.id, event.position],
  );
  await connection.query('DELETE FROM parked_events WHERE consumer = $1 AND event_id = $2', [consumer, event.id]);
  await connection.query(NEXT_IS_DUE, [consumer, event.subject]);
  return rows.length > 0;
}

/**
 * Keeps the error of an attempt, if there is one. After the last one the event is a dead letter; the next of its subject is due if
 * it is to go on.
 */
export async function noteFailure(
  connection: Connection,
  { consumer }: Lease,
  { event, attempts }: DueEvent,
  error: unknown,
  { after, attemptsMax }: { readonly after: AfterDeadLetter; readonly attemptsMax: number },
): Promise<void> {
  const isDead = attempts >= attemptsMax;
  await connection.query(
    `UPDATE parked_events SET error = coalesce($3, error), failed_at = clock_timestamp(), retry_at = CASE WHEN $4 THEN NULL ELSE retry_at END
     WHERE consumer = $1 AND event_id = $2`,
    [consumer, event.id, describe(error), isDead],
  );
  if (isDead && after === 'go_on') await connection.query(NEXT_IS_DUE, [consumer, event.subject]);
}

/** The first of a subject's events that wait becomes due, unless another one of the subject has its turn. */
export const NEXT_IS_DUE = `
  UPDATE parked_events SET retry_at = clock_timestamp()
  WHERE consumer = $1 AND event_id = (
    SELECT event_id FROM parked_events WHERE consumer = $1 AND subject = $2 AND retry_at = 'infinity' ORDER BY position LIMIT 1
  ) AND NOT EXISTS (SELECT FROM parked_events WHERE consumer = $1 AND subject = $2 AND retry_at < 'infinity')`;

function columns(events: readonly Event[]): [ids: string[], positions: number[], subjects: string[]] {
  return [events.map(({ id }) => id), events.map(({ position }) => position), events.map(({ subject }) => subject)];
}

function describe(error: unknown): string | null {
  if (error === undefined) return null;
  const text = error instanceof Error ? `${error.name}: ${error.message}` : `not an error: ${JSON.stringify(error)}`;
  // Text with a NUL cannot be stored.
  return text.replaceAll('\0', '').slice(0, ERROR_CHARACTERS_MAX);
}
