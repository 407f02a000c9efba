/**
 * The comparison of each wallet shard with a leg that it is known to have decided. A shard that lacks this leg was restored to an
 * earlier state: it alone has lost what it did since. A case is then opened: until an operator resolves it, nothing is accepted
 * that would move money in that shard. Otherwise the shard's newest leg is noted, for the next comparison.
 */
import type { Database } from '../../db/database.ts';
import { openDisagreement } from '../../db/transfer/case-queries.ts';
import { findWatermark, noteWatermark, type NotedWatermark } from '../../db/transfer/watermark-queries.ts';
import type { Ledger } from '../../domain/ledger.ts';
import { shardSubject, type Finding } from '../../domain/transfer/reconciliation.ts';

/** A shard that is behind, and the leg that it lacks. */
export interface ShardBehind {
  readonly shard: number;
  readonly known: NotedWatermark;
  /** Whether this comparison was the first to find it. */
  readonly isNew: boolean;
}

/** Compares one shard. Undefined if it is not behind, or if an operator has resolved a case of exactly this. */
export async function compareWatermark(
  database: Database,
  ledger: Pick<Ledger, 'watermark'>,
  shard: number,
): Promise<ShardBehind | undefined> {
  const known = await findWatermark(database, shard);
  const { isKnownThere, newest } = await ledger.watermark(shard, known ?? null);
  if (!isKnownThere && known !== undefined) {
    const opened = await openDisagreement(database, shardFinding(shard, known), 0);
    if (opened !== 'resolved') return { shard, known, isNew: opened === 'opened' };
  }
  const isSame =
    newest?.movement === known?.movement && newest?.leg === known?.leg && newest?.decidedAtMs === known?.decidedAtMs;
  if (newest !== null && !isSame) await noteWatermark(database, shard, newest, known);
  return undefined;
}

export function shardFinding(shard: number, { movement, leg, notedAt }: NotedWatermark): Finding {
  return {
    subject: shardSubject(shard),
    reason: 'shard_behind',
    detail: `it lacks the ${leg} of movement ${movement}, which it had at ${notedAt.toISOString()}: it was restored from before that`,
  };
}
