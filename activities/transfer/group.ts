/**
 * The transfer service's activities for groups of transfers: the end of those that have arrived, and the start of the others as
 * workflows of their own.
 */
import type { Database } from '../../db/database.ts';
import { findTransfers, readGroupLegs, recordGroupEnds } from '../../db/transfer/group-queries.ts';
import type { Transfer } from '../../db/transfer/queries.ts';
import type { GroupId, TransferId } from '../../domain/ids.ts';
import { formatIndexes } from '../../domain/index-set.ts';
import type { ReadGroupLegs } from '../../domain/transfer/group.ts';
import { UNCOUNTED, type MovementCounts } from '../../domain/transfer/movement-counts.ts';
import { isTerminal } from '../../domain/transfer/transfer.ts';
import { forEach } from '../../process/for-each.ts';
import { countTransfer, secondsBetween } from './count-ends.ts';

export type GroupTransferActivities = ReturnType<typeof createGroupTransferActivities>;

/** How many of a group's transfers are started at once, so that a shard that is down does not become a burst of starts. */
const STARTS_AT_ONCE = 8;

/** The reader of a group's legs that the wallet service uses where both services run in one process. */
export function createGroupLegsReader(database: Database): ReadGroupLegs {
  return (query) => readGroupLegs(database, query);
}

/** `start` starts the workflow of a transfer, or finds it started. `tell` receives each transfer that has ended. */
export function createGroupTransferActivities({
  database,
  start,
  tell = () => {},
  counts = UNCOUNTED,
}: {
  database: Database;
  start: (transfer: Transfer) => Promise<void>;
  tell?: (transfer: Transfer) => void;
  counts?: MovementCounts;
}) {
  return {
    /**
     * Writes COMPLETED for transfers of the group whose credit is applied. Returns the places (index-set.ts) in `transferIds` of
     * those that have ended, now or before.
     */
    async recordGroupEnds({
      groupId,
      transferIds,
      debitedAtMs,
    }: {
      groupId: GroupId;
      transferIds: readonly TransferId[];
      debitedAtMs: number;
    }): Promise<string> {
      const ended = await recordGroupEnds(database, groupId, transferIds, new Date(debitedAtMs));
      for (const transfer of ended) {
        tell(transfer);
        countTransfer(counts, transfer, {
          isDebited: true,
          lastedSeconds: secondsBetween(transfer.createdAt, transfer.updatedAt),
        });
      }
      const known = new Set(ended.map(({ transferId }) => transferId));
      if (known.size < transferIds.length) {
        // A statement of its own: the one above may have waited for another's write, which its snapshot does not show.
        const others = await findTransfers(
          database,
          transferIds.filter((id) => !known.has(id)),
        );
        for (const row of others) if (row.groupId === groupId && isTerminal(row.status)) known.add(row.transferId);
      }
      return formatIndexes(transferIds.flatMap((id, place) => (known.has(id) ? [place] : [])));
    },

    /**
     * Starts those of these transfers that have not ended as workflows of their own. Throws if a start is not confirmed; a repeat
     * finds what was started.
     */
    async startOneByOne({ transferIds }: { transferIds: readonly TransferId[] }): Promise<void> {
      const open = (await findTransfers(database, transferIds)).filter(({ status }) => !isTerminal(status));
      await forEach(open, STARTS_AT_ONCE, start);
    },
  };
}
