/**
 * The watermarks of the wallet shards: for each, a leg that it had decided when it was last asked. And the shards that are known
 * to lack theirs: while a shard does, nothing is accepted that would move money in it, because its balances are from before a
 * restore.
 */
import { sql } from 'drizzle-orm';
import type { Watermark } from '../../domain/ledger.ts';
import { shardSubject, subjectOf } from '../../domain/transfer/reconciliation.ts';
import type { Database } from '../database.ts';

export interface NotedWatermark extends Watermark {
  readonly notedAt: Date;
}

export async function findWatermark(database: Database, shard: number): Promise<NotedWatermark | undefined> {
  const { rows } = await database.execute<{ movement: string; leg: string; decided_at_ms: string; noted_at: string }>(
    sql`SELECT movement_id AS movement, leg, extract(epoch FROM decided_at) * 1000 AS decided_at_ms, noted_at FROM shard_watermarks WHERE shard = ${shard}`,
  );
  const row = rows[0];
  return (
    row && {
      movement: row.movement,
      leg: row.leg,
      decidedAtMs: Number(row.decided_at_ms),
      notedAt: new Date(row.noted_at),
    }
  );
}

/** Notes that a shard has decided this leg, in place of the `known` one, unless another process has replaced that meanwhile. */
export async function noteWatermark(
  database: Database,
  shard: number,
  { movement, leg, decidedAtMs }: Watermark,
  known: Watermark | undefined,
): Promise<void> {
  await database.execute(sql`
    INSERT INTO shard_watermarks AS noted (shard, movement_id, leg, decided_at)
    VALUES (${shard}, ${movement}, ${leg}, ${new Date(decidedAtMs).toISOString()}::timestamptz)
    ON CONFLICT (shard) DO UPDATE SET movement_id = excluded.movement_id, leg = excluded.leg, decided_at = excluded.decided_at, noted_at = clock_timestamp()
    WHERE (noted.movement_id, noted.leg) = (${known?.movement ?? null}::uuid, ${known?.leg ?? null})`);
}

/** The shards that are behind, which means that they lack their watermark. */
export async function shardsBehind(database: Database): Promise<number[]> {
  const { rows } = await database.execute<{ subject: string }>(
    sql`SELECT subject FROM cases WHERE status = 'OPEN' AND subject LIKE ${`${shardSubject('')}%`}`,
  );
  return rows.map(({ subject }) => Number(subjectOf(subject).id));
}
