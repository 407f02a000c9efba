/**
 * The routing of wallets to the shards of the wallet service. A wallet's bucket is read off its id and never changes; the buckets
 * are dealt to the shards in equal ranges. The wallet databases record their range and refuse another (db/migrate.ts).
 */
import type { WalletId } from './ids.ts';

const BUCKET_COUNT = 256;

/** 0 to 255: the first byte of the id. */
function bucketOf(walletId: WalletId): number {
  return Number.parseInt(walletId.slice(0, 2), 16);
}

/** 0 to shardCount - 1. */
export function shardOf(walletId: WalletId, shardCount: number): number {
  return Math.floor((bucketOf(walletId) * shardCount) / BUCKET_COUNT);
}

/** The shards that hold these wallets, each once. */
export function shardsOf(walletIds: readonly WalletId[], shardCount: number): number[] {
  return [...new Set(walletIds.map((walletId) => shardOf(walletId, shardCount)))];
}

/** The buckets of a shard, both ends included. */
export function bucketRange(shard: number, shardCount: number): { first: number; last: number } {
  const first = Math.ceil((shard * BUCKET_COUNT) / shardCount);
  return { first, last: Math.ceil(((shard + 1) * BUCKET_COUNT) / shardCount) - 1 };
}

/** The task queue that the workers of a wallet shard poll. */
export function walletTaskQueue(shard: number): string {
  return `wallet-${shard}`;
}
