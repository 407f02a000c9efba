/**
 * The wallet service's activities for groups of transfers: one leg of many transfers in one operation of one shard, fenced transfer
 * by transfer. Each call is one attempt. Its answer names the transfers whose leg is applied; the others go on as workflows of their
 * own, which ask the fences.
 */
import type { Database } from '../../db/database.ts';
import { creditGroup, debitGroup, filterLegs } from '../../db/wallet/batch-queries.ts';
import type { GroupId, TransferId } from '../../domain/ids.ts';
import { formatIndexes } from '../../domain/index-set.ts';
import { bucketRange } from '../../domain/routing.ts';
import type { BatchSide } from '../../domain/transfer/batch.ts';
import type { ReadGroupLegs } from '../../domain/transfer/group.ts';
import { createShardTurns, type ShardTurns } from './turns.ts';

export interface ShardOfGroup {
  readonly groupId: GroupId;
  readonly transferIds: readonly TransferId[];
  /** The activity moves those whose wallet is in this shard. */
  readonly shard: number;
  readonly shardCount: number;
}

/** As long as an operation in a line waits where nothing gets done; longer than a group holds a wallet. */
const STUCK_AFTER_MS = 500;

export type GroupWalletActivities = ReturnType<typeof createGroupWalletActivities>;

/**
 * `databaseOf` returns a shard's database. Groups of a shard take turns. A transfer of a wallet at which no operation succeeds is
 * left out: the group would wait for it with all its other wallets locked.
 */
export function createGroupWalletActivities(
  databaseOf: (shard: number) => Database,
  readLegs: ReadGroupLegs,
  turnsOf: (shard: Database) => ShardTurns = createShardTurns(),
) {
  const move = async (
    side: BatchSide,
    operation: typeof debitGroup | typeof creditGroup,
    { groupId, transferIds, shard, shardCount }: ShardOfGroup,
  ): Promise<string> => {
    const { first: firstBucket, last: lastBucket } = bucketRange(shard, shardCount);
    const read = await readLegs({ groupId, transferIds, side, firstBucket, lastBucket });
    const database = databaseOf(shard);
    const { batch, single } = turnsOf(database);
    const applied = await batch.at(['groups'], async () => {
      const legs = filterLegs(read, (at) => !single.isStuck(read.walletIds[at]!, STUCK_AFTER_MS));
      const traces = new Map(read.transferIds.map((id, at) => [id, read.traces[at]!]));
      const exceptions = await operation(database, legs, traces);
      return new Set(legs.transferIds.filter((id) => !exceptions.has(id)));
    });
    return formatIndexes(transferIds.flatMap((id, place) => (applied.has(id) ? [place] : [])));
  };

  return {
    /**
     * Takes the transfers' amounts out of their senders' wallets, in their order. Returns the places (index-set.ts) in `transferIds`
     * of those that are debited, by this call or an earlier one.
     */
    debitGroup: (input: ShardOfGroup) => move('sender', debitGroup, input),

    /** Puts the amounts of transfers that are debited into their receivers' wallets. Returns as `debitGroup`. */
    creditGroup: (input: ShardOfGroup) => move('receiver', creditGroup, input),
  };
}
