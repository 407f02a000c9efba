/**
 * The whole course of a group of transfers that meet no obstacle, as one activity: for local dispatch, where the process of the
 * workflow's worker has every database. It consists of the same fenced operations and writes as the single activities, so it may be
 * repeated, or be followed by any of them, wherever it stopped.
 */
import { formatIndexes, parseIndexes } from '../domain/index-set.ts';
import type { GroupId, TransferId } from '../domain/ids.ts';
import type { GroupTransferActivities } from './transfer/group.ts';
import type { GroupWalletActivities } from './wallet/group.ts';

export type TransferGroupAtOnceActivities = ReturnType<typeof createTransferGroupAtOnce>;

export function createTransferGroupAtOnce({
  debitGroup,
  creditGroup,
  recordGroupEnds,
}: GroupWalletActivities & Pick<GroupTransferActivities, 'recordGroupEnds'>) {
  return {
    /** Returns the places (index-set.ts) in `transferIds` of the transfers that have ended. */
    async transferGroupAtOnce({
      groupId,
      transferIds,
      shardCount,
    }: {
      groupId: GroupId;
      transferIds: readonly TransferId[];
      shardCount: number;
    }): Promise<string> {
      const inEveryShard = async (
        operation: GroupWalletActivities['debitGroup'],
        ids: readonly TransferId[],
      ): Promise<TransferId[]> => {
        const shards = Array.from({ length: shardCount }, (_, shard) => shard);
        // A shard that fails has moved nothing that is known of: its transfers go on by themselves, and meet the same fault there.
        const answers = await Promise.all(
          shards.map((shard) => operation({ groupId, transferIds: ids, shard, shardCount }).catch(() => '')),
        );
        const applied = new Set(answers.flatMap(parseIndexes));
        return ids.filter((_, place) => applied.has(place));
      };
      const debited = await inEveryShard(debitGroup, transferIds);
      const debitedAtMs = Date.now();
      const credited = await inEveryShard(creditGroup, debited);
      const ended = parseIndexes(await recordGroupEnds({ groupId, transferIds: credited, debitedAtMs }));
      const endedIds = new Set(ended.map((place) => credited[place]));
      return formatIndexes(transferIds.flatMap((id, place) => (endedIds.has(id) ? [place] : [])));
    },
  };
}
