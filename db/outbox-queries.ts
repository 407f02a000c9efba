/**
 * Reading an outbox in windows between two snapshots, as PgQ does: what is visible in the second one and was not in the first.
 * A transaction that commits late is in a later window, whatever its sequences are, and nothing is read twice. Within a window
 * the order is that of the sequence. Two changes of one subject cannot be reversed: the second one's transaction waited for the
 * first one's commit, so that a snapshot that shows the second shows the first.
 */
import { sql, type SQL } from 'drizzle-orm';
import { executePrepared, type Database } from './database.ts';
import { CURRENT_SERVER } from './installation.ts';

export interface OutboxRow {
  readonly sequence: number;
  readonly eventId: string;
  readonly eventCount: number;
  /** The payload as it is stored: a CloudEvent or FoldedEvents. */
  readonly payload: string;
}

export interface OutboxPage {
  readonly rows: readonly OutboxRow[];
  /** The snapshot at the window's end: the present one when a window is opened. */
  readonly end: string;
  /** Whether the window has more rows behind these. */
  readonly hasMore: boolean;
}

export interface PageLimits {
  readonly rowsMax: number;
  /** A page ends behind the row that reaches it. */
  readonly eventsMax: number;
}

/** The place of the outbox's database (db/installation.ts). */
export async function outboxServer(database: Database): Promise<string> {
  const { rows } = await database.execute<{ server_id: string }>(sql`SELECT ${sql.raw(CURRENT_SERVER)} AS server_id`);
  return rows[0]!.server_id;
}

/** Whether the outbox has this row, or it was taken away once it was read. */
export async function hasHad(
  database: Database,
  { sequence, eventId }: Pick<OutboxRow, 'sequence' | 'eventId'>,
): Promise<boolean> {
  const { rows } = await database.execute<{ has_had: boolean }>(sql`
    SELECT EXISTS (SELECT FROM outbox_events WHERE sequence = ${sequence} AND event_id = ${eventId})
      OR coalesce((SELECT max(through_sequence) FROM outbox_seals) >= ${sequence}, false) AS has_had`);
  return rows[0]!.has_had;
}

/** The last sequence that was drawn. Cheap, and enough to see whether something is being written. */
export async function lastSequence(database: Database): Promise<number> {
  const { rows } = await executePrepared<{ last_value: string }>(database, sql`SELECT last_value FROM outbox_sequence`);
  return Number(rows[0]!.last_value);
}

/** Opens a window: the first page of what was not visible in `since`, of everything if that is undefined. */
export function openWindow(database: Database, since: string | undefined, limits: PageLimits): Promise<OutboxPage> {
  // pg_current_snapshot() is the snapshot that the statement itself reads by.
  const isInside =
    since === undefined
      ? sql`true`
      : sql`xid >= pg_snapshot_xmin(${since}::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, ${since}::pg_snapshot)`;
  return readPage(database, sql`pg_current_snapshot()::text`, isInside, limits);
}

/** The next page of a window that is read already up to `sequence`. */
export function continueWindow(
  database: Database,
  since: string | undefined,
  { end, sequence }: { readonly end: string; readonly sequence: number },
  limits: PageLimits,
): Promise<OutboxPage> {
  // No condition on xid that an index could serve: the sequence's index leads to the page without sorting the window.
  const isInside = sql`sequence > ${sequence} AND pg_visible_in_snapshot(xid, ${end}::pg_snapshot)
    ${since === undefined ? sql`` : sql`AND NOT pg_visible_in_snapshot(xid, ${since}::pg_snapshot)`}`;
  return readPage(database, sql`${end}::text`, isInside, limits);
}

async function readPage(
  database: Database,
  end: SQL,
  isInside: SQL,
  { rowsMax, eventsMax }: PageLimits,
): Promise<OutboxPage> {
  const { rows } = await executePrepared<{
    snapshot_end: string;
    found: string;
    sequence: string | null;
    event_id: string;
    event_count: number;
    payload: string;
  }>(
    database,
    sql`
    SELECT ${end} AS snapshot_end, found, sequence, event_id, event_count, payload::text AS payload FROM (SELECT) one LEFT JOIN (
      SELECT sequence, event_id, event_count, payload, count(*) OVER () AS found, sum(event_count) OVER (ORDER BY sequence) - event_count AS before
      FROM (SELECT sequence, event_id, payload, event_count FROM outbox_events WHERE ${isInside} ORDER BY sequence LIMIT ${rowsMax + 1}) inside
    ) page ON before < ${eventsMax}
    ORDER BY sequence`,
  );
  const kept = rows
    .filter(({ sequence }) => sequence !== null)
    .slice(0, rowsMax)
    .map(({ sequence, event_id: eventId, event_count: eventCount, payload }) => ({
      sequence: Number(sequence),
      eventId,
      eventCount,
      payload,
    }));
  return { rows: kept, end: rows[0]!.snapshot_end, hasMore: Number(rows[0]!.found ?? 0) > kept.length };
}
