/**
 * Reading an outbox in windows between two snapshots, as PgQ does: what is visible in the second one and was not in the first.
 * A transaction that commits late is in a later window, whatever its sequences are, and nothing is read twice. Within a window
 * the order is that of the sequence. Two changes of one subject cannot be reversed: the second one's transaction waited for the
 * first one's commit, so that a snapshot that shows the second shows the first.
 */
import { sql, type SQL } from 'drizzle-orm';
import { executePrepared, type Database, type DatabaseOptions } from './database.ts';
import { CURRENT_SERVER } from './installation.ts';

export interface OutboxRow {
  readonly sequence: number;
  readonly eventId: string;
  readonly eventCount: number;
  /** The payload as it is stored: a CloudEvent or FoldedEvents. */
  readonly payload: string;
}

/** A row that the relay has read. */
export type Witness = Pick<OutboxRow, 'sequence' | 'eventId'>;

export interface OutboxPage {
  readonly rows: readonly OutboxRow[];
  /** The snapshot at the window's end: when a window is opened, the present one as far as it is durable. */
  readonly end: string;
  /** The number that the database's next transaction was given at the least. */
  readonly transactionsBegun: bigint;
  /** Whether the window has more rows behind these. */
  readonly hasMore: boolean;
}

export interface PageLimits {
  readonly rowsMax: number;
  /** A page ends behind the row that reaches it. */
  readonly eventsMax: number;
}

type Admission = NonNullable<DatabaseOptions['admit']>;

/**
 * Has the connections that are admitted read outboxes by their indexes. The plan of a statement may be made while the outbox is empty,
 * and is kept: by such a plan, each look would read the whole outbox for the few rows at its end.
 */
export function readingByIndexes(admit: Admission): Admission {
  return async (connection) => {
    await admit(connection);
    await connection.query('SET enable_seqscan = off');
    await connection.query('SET enable_bitmapscan = off');
  };
}

/** The place of the outbox's database (db/installation.ts). */
export async function outboxServer(database: Database): Promise<string> {
  const { rows } = await database.execute<{ server_id: string }>(sql`SELECT ${sql.raw(CURRENT_SERVER)} AS server_id`);
  return rows[0]!.server_id;
}

/** How far the outbox was read. */
export interface Relayed {
  readonly snapshot: string | undefined;
  readonly witness: Witness | undefined;
}

/** What tells an outbox from one that was restored from a backup. */
export interface OutboxPast {
  /** Whether the newest row that was read is there, or was taken away once it was read; true if none was read. */
  readonly hasWitness: boolean;
  /** Whether rows were taken away that the given snapshot does not show: the one who has it does not know of having read them. */
  readonly wasEmptied: boolean;
}

export async function outboxPast(database: Database, { snapshot, witness }: Relayed): Promise<OutboxPast> {
  const { rows } = await database.execute<{ has_witness: boolean; was_emptied: boolean }>(sql`
    SELECT ${
      witness === undefined
        ? sql`true`
        : sql`EXISTS (SELECT FROM outbox_events WHERE sequence = ${witness.sequence} AND event_id = ${witness.eventId})
          OR coalesce((SELECT max(through_sequence) FROM outbox_seals) >= ${witness.sequence}, false)`
    } AS has_witness, EXISTS (
      SELECT FROM outbox_truncation truncation WHERE truncation.server_id = ${sql.raw(CURRENT_SERVER)}
        AND coalesce(pg_snapshot_xmax(snapshot) > pg_snapshot_xmax(${snapshot ?? null}::pg_snapshot)
          OR pg_snapshot_xmin(snapshot) > pg_snapshot_xmin(${snapshot ?? null}::pg_snapshot), true)
    ) AS was_emptied`);
  const { has_witness: hasWitness, was_emptied: wasEmptied } = rows[0]!;
  return { hasWitness, wasEmptied };
}

/** The last sequence that was drawn. Cheap, and enough to see whether something is being written. */
export async function lastSequence(database: Database): Promise<number> {
  const { rows } = await executePrepared<{ last_value: string }>(database, sql`SELECT last_value FROM outbox_sequence`);
  return Number(rows[0]!.last_value);
}

/**
 * Takes a step towards taking away the rows that are in the event log (db/outbox/functions/truncate_relayed_outbox.sql): all that
 * `snapshot` shows, if the outbox is still the one that the relay has read. Returns whether another step would do more.
 */
export async function truncateRelayed(
  database: Database,
  relayed: Relayed & { readonly snapshot: string; readonly serverId: string },
  { eventsMax, onlyIfFull }: { readonly eventsMax: number; readonly onlyIfFull: boolean },
): Promise<boolean> {
  const { hasWitness } = await outboxPast(database, relayed);
  if (!hasWitness) return false;
  const { rows } = await database.execute<{ has_more: boolean }>(
    sql`SELECT truncate_relayed_outbox(${relayed.snapshot}::pg_snapshot, ${relayed.serverId}, ${eventsMax}, ${onlyIfFull}) AS has_more`,
  );
  return rows[0]!.has_more;
}

/** Events of one type: their number, and the sum of their digests (db/outbox/functions/event_digest.sql). */
export interface EventSum {
  readonly type: string;
  readonly count: bigint;
  readonly digest: bigint;
}

/** As the database writes it. */
export type SumRow = { readonly type: string; readonly count: string; readonly digest: string };

/** Adds up sums of parts, by type. */
export function addUp(): { readonly add: (rows: readonly SumRow[]) => void; readonly all: () => EventSum[] } {
  const sums = new Map<string, EventSum>();
  return {
    add(rows) {
      for (const { type, count, digest } of rows) {
        const before = sums.get(type) ?? { type, count: 0n, digest: 0n };
        sums.set(type, { type, count: before.count + BigInt(count), digest: before.digest + BigInt(digest) });
      }
    },
    all: () => [...sums.values()],
  };
}

/** Of one statement. A row may have a thousand events, for which a statement takes some milliseconds. */
const SUMMED_ROWS = 500;

/**
 * Everything that the outbox ever had, as far as `snapshot` shows it: what is there, and what was taken away. Nothing must be taken away
 * meanwhile. Takes some seconds for a million events, in short statements.
 */
export async function sumOutbox(database: Database, snapshot: string): Promise<EventSum[]> {
  const { add, all } = addUp();
  add((await database.execute<SumRow>(sql`SELECT type, event_count AS count, digest FROM outbox_seals`)).rows);
  for (let after = 0; ;) {
    const { rows } = await database.execute<{ last: string | null }>(sql`
      SELECT max(sequence) AS last FROM (SELECT sequence FROM outbox_events WHERE sequence > ${after} ORDER BY sequence LIMIT ${SUMMED_ROWS}) page`);
    const last = rows[0]!.last;
    if (last === null) return all();
    const page = await database.execute<SumRow>(sql`
      SELECT type, count(*) AS count, sum(event_digest(unfolded.event_id, unfolded.subject, unfolded.data)) AS digest
      FROM outbox_events outbox CROSS JOIN LATERAL unfolded_events(outbox.event_id, outbox.subject, payload) unfolded
      WHERE sequence > ${after} AND sequence <= ${Number(last)} AND pg_visible_in_snapshot(xid, ${snapshot}::pg_snapshot) GROUP BY type`);
    add(page.rows);
    after = Number(last);
  }
}

/** What is in the outbox and was not copied, as far as `snapshot` says: how many events, and since when the oldest is there. */
export async function waitingIn(
  database: Database,
  snapshot: string | undefined,
): Promise<{ events: number; since: Date | undefined }> {
  const isCopied = snapshot === undefined ? sql`false` : sql`pg_visible_in_snapshot(xid, ${snapshot}::pg_snapshot)`;
  const isNew = snapshot === undefined ? sql`true` : sql`xid >= pg_snapshot_xmin(${snapshot}::pg_snapshot)`;
  const { rows } = await database.execute<{ events: string; since: string | null }>(
    sql`SELECT coalesce(sum(event_count), 0) AS events, min(created_at) AS since FROM outbox_events WHERE ${isNew} AND NOT ${isCopied}`,
  );
  const { events, since } = rows[0]!;
  return { events: Number(events), since: since === null ? undefined : new Date(since) };
}

/** Opens a window: the first page of what was not visible in `since`, of everything if that is undefined. */
export function openWindow(database: Database, since: string | undefined, limits: PageLimits): Promise<OutboxPage> {
  // pg_current_snapshot() is the snapshot that the statement itself reads by.
  const inside =
    since === undefined
      ? sql`outbox_events`
      : // OFFSET 0 keeps the limit out of it: for its sake, the planner would take the sequence's index, and read the whole outbox for
        // the few rows at its end.
        sql`(SELECT sequence, event_id, payload, event_count FROM outbox_events WHERE xid >= pg_snapshot_xmin(${since}::pg_snapshot)
          AND NOT pg_visible_in_snapshot(xid, ${since}::pg_snapshot) OFFSET 0) unread`;
  return readPage(database, durableSnapshot(since), inside, limits);
}

/**
 * The present snapshot up to the newest row, or up to `since` if that is later. It shows the same rows as the present one, and claims
 * nothing of transactions without a row: one that was aborted is in no log that survives a crash, and its number is given out again.
 */
function durableSnapshot(since: string | undefined): SQL {
  const known = since === undefined ? sql`0` : sql`pg_snapshot_xmax(${since}::pg_snapshot)::text::bigint`;
  const newest = sql`(SELECT xid::text::bigint + 1 FROM outbox_events ORDER BY xid DESC LIMIT 1)`;
  return sql`(
    SELECT least(xmin, xmax) || ':' || xmax || ':' || coalesce(
      (SELECT string_agg(xip::text, ',' ORDER BY xip) FROM pg_snapshot_xip(present) xip WHERE xip::text::bigint < xmax), '')
    FROM (
      SELECT present, pg_snapshot_xmin(present)::text::bigint AS xmin, greatest(${FIRST_TRANSACTION}, ${known}, ${newest}) AS xmax
      FROM (SELECT pg_current_snapshot() AS present) now
    ) bounds
  )`;
}
/** The lowest number that a snapshot may have. */
const FIRST_TRANSACTION = sql`3::bigint`;

/** The next page of a window that is read already up to `sequence`. */
export function continueWindow(
  database: Database,
  since: string | undefined,
  { end, sequence }: { readonly end: string; readonly sequence: number },
  limits: PageLimits,
): Promise<OutboxPage> {
  // No condition on xid that an index could serve: the sequence's index leads to the page without sorting the window.
  const inside = sql`outbox_events WHERE sequence > ${sequence} AND pg_visible_in_snapshot(xid, ${end}::pg_snapshot)
    ${since === undefined ? sql`` : sql`AND NOT pg_visible_in_snapshot(xid, ${since}::pg_snapshot)`}`;
  return readPage(database, sql`${end}::text`, inside, limits);
}

async function readPage(
  database: Database,
  end: SQL,
  inside: SQL,
  { rowsMax, eventsMax }: PageLimits,
): Promise<OutboxPage> {
  const { rows } = await executePrepared<{
    snapshot_end: string;
    transactions_begun: string;
    found: string;
    sequence: string | null;
    event_id: string;
    event_count: number;
    payload: string;
  }>(
    database,
    sql`
    SELECT ${end} AS snapshot_end, pg_snapshot_xmax(pg_current_snapshot())::text AS transactions_begun, found, sequence, event_id, event_count, payload::text AS payload FROM (SELECT) one LEFT JOIN (
      SELECT sequence, event_id, event_count, payload, count(*) OVER () AS found, sum(event_count) OVER (ORDER BY sequence) - event_count AS before
      FROM (SELECT sequence, event_id, payload, event_count FROM ${inside} ORDER BY sequence LIMIT ${rowsMax + 1}) inside
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
  const { snapshot_end: snapshotEnd, transactions_begun: begun, found } = rows[0]!;
  return { rows: kept, end: snapshotEnd, transactionsBegun: BigInt(begun), hasMore: Number(found ?? 0) > kept.length };
}
