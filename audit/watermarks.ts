/**
 * The audit of watermarks, a part of I2: each shard has the leg that it is known to have decided. A shard that lacks it was
 * restored to a state from before it, though each movement and each wallet in it may agree with itself. The transfer database's
 * snapshot is the oldest, so the legs that it knows of were there.
 */
import { sql } from 'drizzle-orm';
import type { Findings } from './findings.ts';
import { rowsOf, type Reader } from './reader.ts';

export async function checkWatermarks(transfer: Reader, shards: readonly Reader[], findings: Findings): Promise<void> {
  const known = await rowsOf<{ shard: number; movement_id: string; leg: string; decided_ms: string }>(
    transfer,
    sql`SELECT shard, movement_id, leg, (extract(epoch FROM decided_at) * 1000)::bigint AS decided_ms FROM shard_watermarks ORDER BY shard`,
  );
  for (const { shard, movement_id: movement, leg, decided_ms: decidedMs } of known) {
    const reader = shards[shard];
    if (reader === undefined) continue;
    const there = await rowsOf(
      reader,
      sql`SELECT FROM operation_fences WHERE transaction_id = ${movement} AND leg = ${leg}
        AND (extract(epoch FROM created_at) * 1000)::bigint = ${decidedMs}::bigint`,
    );
    if (there.length === 0)
      findings.report(
        'I2',
        `wallet shard ${shard}`,
        `it lacks the ${leg} of movement ${movement}, which it had: it was restored`,
      );
  }
}
