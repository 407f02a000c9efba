/** The event log: appending what the relay has read, and reading it by position. */
import { sql } from 'drizzle-orm';
import type { Tenant } from '../../domain/tenant.ts';
import type { CloudEvent } from '../../domain/event.ts';
import { executePrepared, type Database } from '../database.ts';
import { isHeld, type Lease } from './lease-queries.ts';

export interface LogHead {
  /** The newest position; 0 if the log is empty. */
  readonly position: number;
  /** Hex. */
  readonly chain: string;
  /** The oldest position that is kept. */
  readonly firstPosition: number;
}

export interface LoggedEvent {
  readonly position: number;
  readonly event: CloudEvent;
}

/** How far an outbox has been read: see db/events/schema.ts. */
export interface OutboxCursor {
  readonly source: string;
  readonly serverId: string;
  readonly snapshot: string | undefined;
  readonly window: { readonly end: string; readonly sequence: number } | undefined;
  /** The newest row that is in the log. */
  readonly witness: { readonly sequence: number; readonly eventId: string } | undefined;
  readonly stoppedReason: string | undefined;
  /** Until the first window ends: its rows may be in the log already. */
  readonly isResuming: boolean;
}

/** An event with its chain, as it is to be appended. */
export interface ChainedEvent {
  readonly event: CloudEvent;
  /** The event as text. */
  readonly payload: string;
  /** Hex. */
  readonly chain: string;
}

type HeadRow = Readonly<Record<'head_position' | 'head_chain' | 'first_position', string>>;

const HEAD_COLUMNS = sql`log_head.position AS head_position, encode(log_head.chain, 'hex') AS head_chain, log_head.first_position`;

function headOf(row: HeadRow): LogHead {
  return { position: Number(row.head_position), chain: row.head_chain, firstPosition: Number(row.first_position) };
}

export async function readHead(database: Database): Promise<LogHead> {
  const { rows } = await database.execute<HeadRow>(sql`SELECT ${HEAD_COLUMNS} FROM log_head`);
  return headOf(rows[0]!);
}

/** The head, if the event at a position has this chain (hex): then all events up to it are those from which the chain was made. */
export async function readHeadAfter(database: Database, position: number, chain: string): Promise<LogHead | undefined> {
  const { rows } = await executePrepared<HeadRow>(
    database,
    sql`SELECT ${HEAD_COLUMNS} FROM log_head
      WHERE EXISTS (SELECT FROM event_log WHERE position = ${position} AND chain = decode(${chain}, 'hex'))`,
  );
  return rows[0] && headOf(rows[0]);
}

/** The cursor of an outbox; a new one if it has never been read. */
export async function openCursor(database: Database, source: string, serverId: string): Promise<OutboxCursor> {
  await database.execute(
    sql`INSERT INTO outbox_cursors (source, server_id) VALUES (${source}, ${serverId}) ON CONFLICT DO NOTHING`,
  );
  return (await findCursor(database, source))!;
}

/** The cursor of an outbox as it is stored. Undefined if it has never been read. */
export async function findCursor(database: Database, source: string): Promise<OutboxCursor | undefined> {
  const { rows } = await database.execute<{
    server_id: string;
    snapshot: string | null;
    window_end: string | null;
    window_sequence: string | null;
    witness_sequence: string | null;
    witness_event_id: string | null;
    stopped_reason: string | null;
    is_resuming: boolean;
  }>(
    sql`SELECT server_id, snapshot, window_end, window_sequence, witness_sequence, witness_event_id, stopped_reason, is_resuming FROM outbox_cursors WHERE source = ${source}`,
  );
  const [row] = rows;
  return (
    row && {
      source,
      serverId: row.server_id,
      snapshot: row.snapshot ?? undefined,
      window: row.window_end === null ? undefined : { end: row.window_end, sequence: Number(row.window_sequence) },
      witness:
        row.witness_event_id === null
          ? undefined
          : { sequence: Number(row.witness_sequence), eventId: row.witness_event_id },
      stoppedReason: row.stopped_reason ?? undefined,
      isResuming: row.is_resuming,
    }
  );
}

/** Makes sure that positions up to this one can be appended. Returns the last position that can. */
export async function extendLog(database: Database, position: number): Promise<number> {
  const { rows } = await database.execute<{ last: string }>(sql`SELECT extend_event_log(${position}) AS last`);
  return Number(rows[0]!.last);
}

/**
 * Takes a step towards letting events go that are older than so many days and that nobody keeps the log for
 * (db/events/functions/expire_events.sql). Returns whether another step would do more.
 */
export async function expireEvents(database: Database, retentionDays: number, eventsMax: number): Promise<boolean> {
  const { rows } = await database.execute<{ has_more: boolean }>(
    sql`SELECT expire_events(${retentionDays} * interval '1 day', ${eventsMax}) AS has_more`,
  );
  return rows[0]!.has_more;
}

/**
 * Appends events behind `position`, the head, and moves the outbox's cursor, both or neither. Returns false, and changes nothing, if the lease or
 * the head is no longer what the caller believes: somebody else appends.
 */
export async function appendEvents(
  database: Database,
  lease: Lease,
  position: number,
  events: readonly ChainedEvent[],
  cursor: Pick<OutboxCursor, 'source' | 'snapshot' | 'window' | 'witness'>,
): Promise<boolean> {
  const { rows } = await executePrepared<{ appended: boolean }>(
    database,
    sql`SELECT append_events(${lease.name}, ${lease.token}, ${position}, ${cursor.source}, ${cursor.snapshot ?? null},
      ${cursor.window?.end ?? null}, ${cursor.window?.sequence ?? null}, ${cursor.witness?.sequence ?? null}, ${cursor.witness?.eventId ?? null},
      ${events.length}, ${events.at(-1)?.chain ?? ''}, ${lines(events, ({ event }) => event.id)}, ${lines(events, ({ event }) => event.type)},
      ${lines(events, ({ event }) => event.subject)}, ${lines(events, ({ event }) => event.time)}, ${lines(events, ({ payload }) => payload)},
      ${lines(events, ({ chain }) => chain)}
    ) AS appended`,
  ).catch((error: Error) => {
    // The query's own error repeats its parameters, which are megabytes of events.
    throw new Error('the event log could not be appended to', { cause: error.cause });
  });
  return rows[0]!.appended;
}

/** A line for each event. Throws if one has a line break, which JSON text has only where it is laid out. */
function lines(events: readonly ChainedEvent[], of: (event: ChainedEvent) => string): string {
  return events
    .map((event) => {
      const line = of(event);
      if (line.includes('\n')) throw new Error(`the event ${event.event.id} has a line break`);
      return line;
    })
    .join('\n');
}

/**
 * Stops the reading of an outbox, with the reason; an operator decides how it goes on. Returns false, and changes nothing, if the lease or
 * the cursor is no longer what the caller believes.
 */
export async function stopCursor(
  database: Database,
  lease: Lease,
  { source, snapshot }: Pick<OutboxCursor, 'source' | 'snapshot'>,
  reason: string,
): Promise<boolean> {
  const { rowCount } = await database.execute(sql`
    UPDATE outbox_cursors SET stopped_reason = coalesce(stopped_reason, ${reason}), updated_at = clock_timestamp()
    WHERE source = ${source} AND snapshot::text IS NOT DISTINCT FROM ${snapshot ?? null} AND ${isHeld(lease)}`);
  return rowCount === 1;
}

export interface LogFilter {
  /** Whose events are read; without it, everybody's. */
  readonly tenant?: Tenant | undefined;
  readonly types?: readonly string[] | undefined;
  readonly subject?: string | undefined;
}

/**
 * The events behind a position in their order, at most `limit`, of at most `positionsMax` positions. `readTo` is the position up to
 * which the log was looked through: the next call begins there. The head is that of the same moment: if its `firstPosition` is not
 * past `after + 1`, no event is missing.
 */
export async function readLog(
  database: Database,
  after: number,
  limit: number,
  filter: LogFilter,
  positionsMax: number,
): Promise<LogPage> {
  const { tenant, types, subject } = filter;
  // An index leads to the events of a subject, however far they are apart.
  if (subject !== undefined) return readPositions(database, after, Number.MAX_SAFE_INTEGER, limit, filter);
  const isEach = tenant === undefined && types === undefined;
  const near = Math.min(positionsMax, isEach ? limit : Math.max(NEAR_POSITIONS, 2 * limit));
  const page = await readPositions(database, after, after + near, limit, filter);
  const isAll = page.events.length > 0 || page.readTo === page.head.position || near === positionsMax;
  return isAll ? page : readPositions(database, after, after + positionsMax, limit, filter);
}

/**
 * PostgreSQL sorts all that it looks through, as long as it knows nothing of a young partition: a page is looked for nearby before it
 * is looked for in everything.
 */
const NEAR_POSITIONS = 2_000;

export interface LogPage {
  readonly events: LoggedEvent[];
  readonly readTo: number;
  readonly head: LogHead;
}

async function readPositions(
  database: Database,
  after: number,
  last: number,
  limit: number,
  { tenant, types, subject }: LogFilter,
): Promise<LogPage> {
  const { rows } = await database.execute<HeadRow & { at: string | null; payload: CloudEvent }>(sql`
    SELECT ${HEAD_COLUMNS}, page.position AS at, page.payload
    FROM log_head LEFT JOIN (
      SELECT position, payload FROM event_log
      WHERE position > ${after} AND position <= ${last}
        ${tenant === undefined ? sql`` : sql`AND tenant = ${tenant}`}
        ${types === undefined ? sql`` : sql`AND type = ANY(${sql.param(types)}::text[])`}
        ${subject === undefined ? sql`` : sql`AND subject = ${subject}`}
      ORDER BY position LIMIT ${limit}
    ) AS page ON true
    ORDER BY page.position`);
  const head = headOf(rows[0]!);
  const events = rows
    .filter(({ at }) => at !== null)
    .map(({ at, payload }) => ({ position: Number(at), event: payload }));
  const isCut = events.length === limit;
  return { events, readTo: isCut ? events.at(-1)!.position : Math.max(after, Math.min(head.position, last)), head };
}
