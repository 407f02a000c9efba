/** Places of readers in the event log: how far each has got, moved under the reader's lease alone. */
import { sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { isHeld, type Lease } from './lease-queries.ts';

/** An event as the log has it. */
export interface EventText {
  readonly position: number;
  /** The CloudEvent as JSON, byte for byte. */
  readonly text: string;
}

/** The position up to which the reader has read. A new reader begins at the oldest event that is kept. */
export async function openLogCursor(database: Database, name: string): Promise<number> {
  await database.execute(sql`
    INSERT INTO log_cursors (name, position) SELECT ${name}, first_position - 1 FROM log_head ON CONFLICT DO NOTHING`);
  const { rows } = await database.execute<{ position: string }>(
    sql`SELECT position FROM log_cursors WHERE name = ${name}`,
  );
  return Number(rows[0]!.position);
}

/**
 * Moves the cursor of the lease's name. Returns false, and changes nothing, if the lease or the cursor is no longer what the caller
 * believes: somebody else reads.
 */
export async function moveLogCursor(database: Database, lease: Lease, from: number, to: number): Promise<boolean> {
  const { rowCount } = await database.execute(sql`
    UPDATE log_cursors SET position = ${to}, updated_at = clock_timestamp()
    WHERE name = ${lease.name} AND position = ${from} AND ${isHeld(lease)}`);
  return rowCount === 1;
}

/** The events behind a position, in their order. */
export async function readEventTexts(database: Database, after: number, limit: number): Promise<EventText[]> {
  const { rows } = await database.execute<{ position: string; text: string }>(sql`
    SELECT position, payload::text AS text FROM event_log WHERE position > ${after} ORDER BY position LIMIT ${limit}`);
  return rows.map(({ position, text }) => ({ position: Number(position), text }));
}
