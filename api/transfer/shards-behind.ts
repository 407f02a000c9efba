/**
 * The watch on wallet shards that are behind, that is, known to have been restored from before what they had done: nothing is
 * accepted that would move money by their balances. One small read a second. While the database does not answer, the last result
 * counts.
 */
import type { Database } from '../../db/database.ts';
import { shardsBehind } from '../../db/transfer/watermark-queries.ts';
import type { Logger } from '../../process/telemetry.ts';

export interface ShardsBehind {
  /** Whether any of these shards is known to be behind; reads the database first if nothing is known yet. */
  readonly areAnyBehind: (shards: readonly number[]) => Promise<boolean>;
  /** The shards that are known to be behind at this moment, in the order of their numbers; reads nothing. */
  readonly known: () => readonly number[];
  readonly stop: () => void;
}

const INTERVAL_MS = 1_000;

export function watchShardsBehind(database: Database, log: Pick<Logger, 'warn' | 'info'>): ShardsBehind {
  let known: ReadonlySet<number> | undefined;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;

  const look = async (): Promise<ReadonlySet<number>> => {
    const found = new Set(await shardsBehind(database));
    const isNew = [...found].some((shard) => known?.has(shard) !== true);
    if (isNew)
      log.warn({ shards: [...found] }, 'wallet shards are behind: nothing is accepted that would move money in them');
    if (found.size === 0 && known !== undefined && known.size > 0) log.info('no wallet shard is behind any more');
    known = found;
    return found;
  };
  const watch = async (): Promise<void> => {
    // Not logged: the requests that need the database report that it is ill.
    await look().catch(() => {});
    if (!isStopped) timer = setTimeout(() => void watch(), INTERVAL_MS);
  };
  void watch();

  return {
    async areAnyBehind(shards) {
      const behind = known ?? (await look());
      return shards.some((shard) => behind.has(shard));
    },
    known: () => [...(known ?? [])].toSorted((one, other) => one - other),
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
