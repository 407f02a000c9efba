/**
 * The activity of a recurring transfer's run: it accepts the run's transfer, and starts the workflow. A repeat finds the transfer
 * and the workflow.
 */
import type { Database } from '../../db/database.ts';
import type { Transfer } from '../../db/transfer/queries.ts';
import { findRecurringTransfer } from '../../db/transfer/recurring-queries.ts';
import { acceptScheduledRun } from '../../db/transfer/recurring-runs.ts';
import { shardsBehind } from '../../db/transfer/watermark-queries.ts';
import { UNCOUNTED, type MovementCounts } from '../../domain/transfer/movement-counts.ts';
import { LATE, within } from '../../process/deadline.ts';
import type { RecurringTransferId, TransferId } from '../../domain/ids.ts';
import { shardsOf } from '../../domain/routing.ts';

export type RecurringActivities = ReturnType<typeof createRecurringActivities>;

/** The outcome of a run. */
export type RunAnswer =
  { readonly outcome: 'accepted'; readonly transferId: TransferId } | { readonly outcome: 'not_due' };

const START_LIMIT_MS = 2_000;

/**
 * `start` starts the workflow of a transfer, or finds it started; `deadlineSeconds` is the time from a transfer's acceptance until
 * the transfer is given up.
 */
export function createRecurringActivities({
  database,
  start,
  walletShardCount,
  deadlineSeconds,
  counts = UNCOUNTED,
}: {
  database: Database;
  start: (transfer: Transfer) => Promise<void>;
  walletShardCount: number;
  deadlineSeconds: number;
  counts?: MovementCounts;
}) {
  return {
    /** Accepts the transfer of the run at a nominal time, once, if the recurring transfer is active and was so at that time. */
    async acceptRecurringRun({
      recurringTransferId,
      nominalMs,
    }: {
      recurringTransferId: RecurringTransferId;
      nominalMs: number;
    }): Promise<RunAnswer> {
      await refuseWhileBehind(recurringTransferId);
      const run = await acceptScheduledRun(database, recurringTransferId, new Date(nominalMs), deadlineSeconds);
      if (run.outcome === 'not_due') return run;
      const { transfer, isNew } = run;
      if (isNew) counts.accepted('transfer', 1);
      // This start only saves time: the transfer is accepted, and the sweep starts whatever is not started.
      if (transfer.status === 'PENDING') await within(START_LIMIT_MS, start(transfer)).catch(() => LATE);
      return { outcome: 'accepted', transferId: transfer.transferId };
    },
  };

  /** Throws while a shard in which the run would move money is behind: Temporal tries again, so the run is late, not lost. */
  async function refuseWhileBehind(id: RecurringTransferId): Promise<void> {
    const behind = await shardsBehind(database);
    if (behind.length === 0) return;
    const recurring = await findRecurringTransfer(database, id);
    if (recurring === undefined) return;
    const shards = shardsOf([recurring.senderWalletId, recurring.receiverWalletId], walletShardCount);
    const shard = shards.find((each) => behind.includes(each));
    if (shard !== undefined) throw new Error(`wallet shard ${shard} was restored: see its case`);
  }
}
