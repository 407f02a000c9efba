/** The outboxes as sources of the event log: what the relay knows of each, and going on with one that it had stopped reading. */
import { sql } from 'drizzle-orm';
import type { Acting } from '../../domain/acting.ts';
import type { CloudEvent } from '../../domain/event.ts';
import { executePrepared, type Database } from '../database.ts';
import { addUp, type EventSum, type SumRow } from '../outbox-queries.ts';
import type { Lease } from './lease-queries.ts';
import { readHead } from './log-queries.ts';

/** What the relay says of an outbox. */
export interface EventSource {
  readonly source: string;
  /** Why the relay reads it no further. */
  readonly stoppedReason: string | undefined;
  readonly isResuming: boolean;
  /** The position of its last event in the log; 0 if it has none. */
  readonly lastPosition: number;
  /** How many of its events the log has been given. */
  readonly eventCount: number;
  /** As it was at `seenAt`: the events that are not in the log, and since when the oldest of them is there. */
  readonly waitingEvents: number;
  readonly waitingSince: Date | undefined;
  readonly seenAt: Date | undefined;
  readonly lastResume: SourceResume | undefined;
}

export interface SourceResume {
  readonly stoppedReason: string;
  readonly actor: string;
  readonly onBehalfOf: string | undefined;
  readonly comment: string;
  readonly requestedAt: Date;
  readonly completedAt: Date | undefined;
  /** Once it is completed: the events that the log has and the outbox has lost, and those that the log has lost. */
  readonly lostInOutbox: number | undefined;
  readonly lostInLog: number | undefined;
}

interface SourceRow extends Record<string, unknown> {
  source: string;
  stopped_reason: string | null;
  is_resuming: boolean;
  last_position: string;
  event_count: string;
  waiting_events: string;
  waiting_since: string | null;
  seen_at: string | null;
  resume_reason: string | null;
  actor: string;
  on_behalf_of: string | null;
  comment: string;
  requested_at: string;
  completed_at: string | null;
  lost_in_outbox: string | null;
  lost_in_log: string | null;
}

/** Every outbox that the relay has ever read, or one of them, by name. */
export async function listSources(database: Database, source?: string): Promise<EventSource[]> {
  const { rows } = await database.execute<SourceRow>(sql`
    SELECT cursor.source, cursor.stopped_reason, is_resuming, last_position, event_count, waiting_events, waiting_since, seen_at,
      resume.stopped_reason AS resume_reason, actor, on_behalf_of, comment, requested_at, completed_at, lost_in_outbox, lost_in_log
    FROM outbox_cursors cursor LEFT JOIN LATERAL (
      SELECT * FROM outbox_resumes resume WHERE resume.source = cursor.source ORDER BY requested_at DESC LIMIT 1
    ) resume ON true
    ${source === undefined ? sql`` : sql`WHERE cursor.source = ${source}`} ORDER BY cursor.source`);
  return rows.map((row) => ({
    source: row.source,
    stoppedReason: row.stopped_reason ?? undefined,
    isResuming: row.is_resuming,
    lastPosition: Number(row.last_position),
    eventCount: Number(row.event_count),
    waitingEvents: Number(row.waiting_events),
    waitingSince: dateOf(row.waiting_since),
    seenAt: dateOf(row.seen_at),
    lastResume: row.resume_reason === null ? undefined : resumeOf(row, row.resume_reason),
  }));
}

function resumeOf(row: SourceRow, stoppedReason: string): SourceResume {
  const { actor, on_behalf_of: onBehalfOf, comment, lost_in_outbox: lostInOutbox, lost_in_log: lostInLog } = row;
  return {
    stoppedReason,
    ...{ actor, onBehalfOf: onBehalfOf ?? undefined },
    comment,
    requestedAt: new Date(row.requested_at),
    completedAt: dateOf(row.completed_at),
    lostInOutbox: lostInOutbox === null ? undefined : Number(lostInOutbox),
    lostInLog: lostInLog === null ? undefined : Number(lostInLog),
  };
}

function dateOf(text: string | null): Date | undefined {
  return text === null ? undefined : new Date(text);
}

/** See db/events/functions/resume_outbox.sql. A repeat finds it not stopped. */
export async function resumeSource(
  database: Database,
  source: string,
  { actor, onBehalfOf, comment }: Acting & { readonly comment: string },
): Promise<'resumed' | 'not_stopped' | 'unknown'> {
  const { rows } = await database.execute<{ outcome: 'resumed' | 'not_stopped' | 'unknown' }>(
    sql`SELECT resume_outbox(${source}, ${actor}, ${onBehalfOf ?? null}, ${comment}) AS outcome`,
  );
  return rows[0]!.outcome;
}

/** Notes in which database the outbox is since it was resumed. */
export async function adoptOutbox(database: Database, source: string, serverId: string): Promise<void> {
  await database.execute(sql`SELECT adopt_outbox(${source}, ${serverId})`);
}

/** Notes what the relay has seen waiting in an outbox. */
export async function noteWaiting(
  database: Database,
  source: string,
  { events, since }: { readonly events: number; readonly since: Date | undefined },
): Promise<void> {
  await executePrepared(
    database,
    sql`UPDATE outbox_cursors SET waiting_events = ${events}, waiting_since = ${since?.toISOString() ?? null}::timestamptz, seen_at = clock_timestamp() WHERE source = ${source}`,
  );
}

/**
 * Those of the events that the log does not have. The same event has the same time: a change that a restore has undone, and that was
 * made again, is another event. What is older than an event that the log has let go was in it.
 */
export async function withoutLogged<Item extends { readonly event: CloudEvent }>(
  database: Database,
  items: readonly Item[],
): Promise<Item[]> {
  if (items.length === 0) return [];
  const list = (of: (event: CloudEvent) => string) => sql`${sql.param(items.map(({ event }) => of(event)))}::text[]`;
  const { rows } = await database.execute<{ place: string }>(sql`
    SELECT place FROM unnest(${list(({ id }) => id)}, ${list(({ subject }) => subject)}, ${list(({ time }) => time)})
      WITH ORDINALITY AS given (event_id, subject, time, place)
    WHERE time::timestamptz <= (SELECT dropped_time FROM log_head)
      OR EXISTS (SELECT FROM event_log logged WHERE logged.subject = given.subject AND logged.event_id = given.event_id AND logged.time = given.time::timestamptz)`);
  const logged = new Set(rows.map(({ place }) => Number(place) - 1));
  return items.filter((_, place) => !logged.has(place));
}

const PAGE_POSITIONS = 50_000;

/**
 * Everything of this outbox that the log ever had, while it is resumed, so that nothing is let go meanwhile. Takes some ten seconds
 * for a million events.
 */
export async function sumLogged(database: Database, source: string): Promise<EventSum[]> {
  const { add, all } = addUp();
  const sealed = await database.execute<SumRow>(
    sql`SELECT type, event_count AS count, digest FROM log_seals WHERE source = ${source}`,
  );
  add(sealed.rows);
  const { firstPosition, position } = await readHead(database);
  for (let from = firstPosition; from <= position; from += PAGE_POSITIONS) {
    const page = await database.execute<SumRow>(sql`
      SELECT type, count(*) AS count, sum(event_digest(event_id, subject, (payload -> 'data')::jsonb)) AS digest FROM event_log
      WHERE source = ${source} AND position >= ${from} AND position < ${from + PAGE_POSITIONS} GROUP BY type`);
    add(page.rows);
  }
  return all();
}

/** See db/events/functions/settle_resume.sql. */
export async function settleResume(
  database: Database,
  { name, token }: Lease,
  source: string,
  eventCount: bigint,
  differences: readonly EventSum[],
): Promise<boolean> {
  const { rows } = await database.execute<{ settled: boolean }>(sql`
    SELECT settle_resume(${name}, ${token}, ${source}, ${String(eventCount)}, ${sql.param(differences.map(({ type }) => type))}::text[],
      ${sql.param(differences.map(({ count }) => String(count)))}::bigint[], ${sql.param(differences.map(({ digest }) => String(digest)))}::numeric[]
    ) AS settled`);
  return rows[0]!.settled;
}
