/**
 * Projections and their generations: the one that is read, and while it is rebuilt, the next one, which takes its place once it has
 * come as far. Each is built by a consumer of its own.
 */
import { sql, type SQL, type SQLChunk } from 'drizzle-orm';
import type { ByWhom } from '../../domain/audit-event.ts';
import { auditedIf, insertAudit } from '../audit-events.ts';
import type { Database } from '../database.ts';
import { readHead } from './log-queries.ts';

export const PROJECTION_NAMES = ['wallet_activity', 'flows'] as const;
export type ProjectionName = (typeof PROJECTION_NAMES)[number];

export interface Generation {
  readonly generation: number;
  readonly consumer: string;
  /** Up to which it has counted the log. */
  readonly position: number;
  /** Events that have failed or wait behind such. */
  readonly parkedCount: number;
  readonly deadLetterCount: number;
}

export interface Projection {
  readonly name: ProjectionName;
  readonly live: Generation;
  /** The one that is being built. */
  readonly next: Generation | undefined;
}

/** The name of the consumer that builds a generation. */
export function consumerOf(name: SQL, generation: SQL): SQL {
  return sql`${name} || '.' || ${generation}`;
}

export async function readProjection(database: Database, name: ProjectionName): Promise<Projection> {
  const { rows } = await database.execute<{
    is_live: boolean;
    generation: number;
    consumer: string;
    position: string;
    parked: string;
    dead: string;
  }>(sql`
    WITH generations AS (
      SELECT name, generation, true AS is_live FROM projections
      UNION ALL SELECT name, next_generation, false FROM projections WHERE next_generation IS NOT NULL
    ), named AS (SELECT *, ${consumerOf(sql`name`, sql`generation`)} AS consumer FROM generations WHERE name = ${name})
    SELECT is_live, generation, consumer,
      coalesce((SELECT position FROM consumer_cursors c WHERE c.consumer = named.consumer), 0) AS position,
      (SELECT count(*) FROM parked_events e WHERE e.consumer = named.consumer) AS parked,
      (SELECT count(*) FROM parked_events e WHERE e.consumer = named.consumer AND retry_at IS NULL) AS dead
    FROM named ORDER BY generation`);
  const [live, next] = [true, false].map((isLive) => {
    const row = rows.find(({ is_live }) => is_live === isLive);
    return (
      row && {
        generation: row.generation,
        consumer: row.consumer,
        position: Number(row.position),
        parkedCount: Number(row.parked),
        deadLetterCount: Number(row.dead),
      }
    );
  });
  return { name, live: live!, next };
}

/**
 * Has the next generation built from the first event of the log; one that is being built already goes on. Returns the oldest
 * position that is kept if that is not the first one: then a rebuild would lose what the projection has of the events before, and
 * nothing is changed. Without `by`, the audit log has no entry of it.
 */
export async function requestRebuild(
  database: Database,
  name: ProjectionName,
  by?: ByWhom,
): Promise<{ isRequested: true } | { isRequested: false; firstPosition: number }> {
  return database.transaction(async (transaction) => {
    const { rows } = await transaction.execute<{ generation: number; next_generation: number | null }>(
      sql`SELECT generation, next_generation FROM projections WHERE name = ${name} FOR UPDATE`,
    );
    const { generation, next_generation } = rows[0]!;
    if (next_generation !== null) return { isRequested: true };
    const next = generation + 1;
    // Retention, which takes its steps under this lock, does not see a place before it is committed; afterwards it does not pass it.
    await transaction.execute(sql`SELECT pg_advisory_xact_lock(hashtextextended('expire_events', 0))`);
    const { firstPosition } = await readHead(transaction as unknown as Database);
    if (firstPosition > 1) return { isRequested: false, firstPosition };
    await transaction.execute(
      sql`INSERT INTO consumer_cursors (consumer) VALUES (${consumerOf(sql`${name}::text`, sql`${next}::int`)})`,
    );
    await transaction.execute(sql`UPDATE projections SET next_generation = ${next} WHERE name = ${name}`);
    if (by !== undefined)
      await transaction.execute(insertAudit({ action: 'projection-rebuild-asked', object: name }, by));
    return { isRequested: true };
  });
}

/**
 * Has dead letters of these consumers of a projection tried again, all or the one with this id, as the consumer package does
 * (client/consumer/dead-letters.ts), in one statement with the entry of the audit log. Returns how many they are; a repeat finds none.
 */
export async function retryProjectionLetters(
  database: Database,
  name: ProjectionName,
  { consumers, eventId }: { readonly consumers: readonly string[]; readonly eventId: string | undefined },
  by: ByWhom,
): Promise<number> {
  const entry = { action: 'dead-letters-retried', object: name, details: { event_id: eventId } } as const;
  const { rows } = await database.execute<{ count: number }>(sql`
    WITH due AS (
      UPDATE parked_events SET retry_at = clock_timestamp(), attempts = 0
      WHERE consumer = ANY(${sql.param([...consumers])}::text[]) AND retry_at IS NULL
        AND (${eventId ?? null}::text IS NULL OR event_id = ${eventId ?? null})
      RETURNING event_id
    )${auditedIf(entry, by, sql`(SELECT FROM due LIMIT 1) AS one`)}
    SELECT count(*)::int AS count FROM due`);
  return rows[0]!.count;
}

const CATCH_UP_LIMIT_MS = 2_000;
const CATCH_UP_POLL_SECONDS = 0.02;

/**
 * Has the next generation take the live one's place, if it has come as far and has nothing parked. The live one is held for two
 * seconds at most meanwhile, so that the other reaches it, however fast the log grows, and what is read never goes back. Returns
 * whether it did.
 */
export async function switchGeneration(database: Database, name: ProjectionName, next: number): Promise<boolean> {
  return database.transaction(async (transaction) => {
    const { rows } = await transaction.execute<{ generation: number; next_generation: number | null }>(
      sql`SELECT generation, next_generation FROM projections WHERE name = ${name} FOR UPDATE`,
    );
    const { generation, next_generation } = rows[0]!;
    if (next_generation !== next) return false;
    await transaction.execute(
      sql`SELECT FROM consumer_cursors WHERE consumer = ${consumerOf(sql`${name}::text`, sql`${generation}::int`)} FOR UPDATE`,
    );
    const deadline = performance.now() + CATCH_UP_LIMIT_MS;
    for (;;) {
      const { live, next: built } = await readProjection(transaction as unknown as Database, name);
      if (built!.parkedCount > 0) return false;
      if (built!.position >= live.position) break;
      if (performance.now() > deadline) return false;
      await transaction.execute(sql`SELECT pg_sleep(${CATCH_UP_POLL_SECONDS})`);
    }
    await transaction.execute(
      sql`UPDATE projections SET generation = ${next}, next_generation = NULL WHERE name = ${name}`,
    );
    return true;
  });
}

const REMOVED_MAX = 5_000;

/**
 * Removes what is left of generations that are neither live nor being built, some 5,000 rows of each table at most. A consumer of
 * such a generation commits nothing afterwards. Returns whether there may be more.
 */
export async function removeOldGenerations(database: Database, name: ProjectionName): Promise<boolean> {
  return database.transaction(async (transaction) => {
    const { rows } = await transaction.execute<{ consumer: string }>(sql`
      SELECT consumer FROM consumer_cursors WHERE consumer LIKE ${`${name}.%`} AND consumer NOT IN (
        SELECT ${consumerOf(sql`name`, sql`generation`)} FROM projections UNION ALL
        SELECT ${consumerOf(sql`name`, sql`next_generation`)} FROM projections WHERE next_generation IS NOT NULL
      ) FOR UPDATE`);
    const old = sql.param(rows.map(({ consumer }) => consumer));
    const removals = rows.length === 0 ? [] : [removal(sql`processed_events`, old), removal(sql`parked_events`, old)];
    const counts: number[] = [];
    for (const statement of [...removals, ...ROWS[name].map(({ table, key }) => removalOfRows(name, table, key))])
      counts.push((await transaction.execute(statement)).rowCount ?? 0);
    const isMore = counts.includes(REMOVED_MAX);
    if (!isMore && rows.length > 0)
      await transaction.execute(sql`DELETE FROM consumer_cursors WHERE consumer = ANY(${old}::text[])`);
    return isMore;
  });
}

function removal(table: SQL, consumers: SQLChunk): SQL {
  return sql`DELETE FROM ${table} WHERE (consumer, event_id) IN (
    SELECT consumer, event_id FROM ${table} WHERE consumer = ANY(${consumers}::text[]) LIMIT ${REMOVED_MAX})`;
}

/** The tables that each projection is made of, with their keys. */
const ROWS: Readonly<Record<ProjectionName, readonly { readonly table: SQL; readonly key: SQL }[]>> = {
  wallet_activity: [{ table: sql`wallet_activity`, key: sql`generation, wallet_id, day, type` }],
  flows: [
    { table: sql`flows`, key: sql`generation, tenant, starts_at, currency, kind` },
    { table: sql`flows_waiting`, key: sql`generation, movement_id, kind` },
  ],
};

function removalOfRows(name: ProjectionName, table: SQL, key: SQL): SQL {
  return sql`DELETE FROM ${table} WHERE (${key}) IN (
    SELECT ${key} FROM ${table}
    WHERE generation < (SELECT generation FROM projections WHERE name = ${name}) LIMIT ${REMOVED_MAX})`;
}
