/**
 * The activity of a recurring transfer's run: accepts the run's transfer, and starts its workflow. A repeat accepts nothing
 * again and finds the workflow.
 */
import type { Database } from '../../db/database.ts';
import type { Transfer } from '../../db/transfer/queries.ts';
import { findRecurringTransfer } from '../../db/transfer/recurring-queries.ts';
import { acceptScheduledRun } from '../../db/transfer/recurring-runs.ts';
import { shardsBehind } from '../../db/transfer/watermark-queries.ts';
import { LATE, within } from '../../process/deadline.ts';
import type { RecurringTransferId, TransferId } from '../../domain/ids.ts';
import { shardsOf } from '../../domain/routing.ts';

export type RecurringActivities = ReturnType<typeof createRecurringActivities>;

/** What became of a run. */
export type RunAnswer =
  { readonly outcome: 'accepted'; readonly transferId: TransferId } | { readonly outcome: 'not_due' };

const START_LIMIT_MS = 2_000;

/**
 * `start` starts the workflow of a transfer, now or finds it started; `deadlineSeconds` are from a transfer's acceptance until it
 * is given up.
 */
export function createRecurringActivities({
  database,
  start,
  walletShardCount,
  deadlineSeconds,
}: {
  database: Database;
  start: (transfer: Transfer) => Promise<void>;
  walletShardCount: number;
  deadlineSeconds: number;
}) {
  return {
    /** Accepts the transfer of the run at a nominal time, once, unless the recurring transfer was or is paused or deleted. */
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
      const { transfer } = run;
      // Only so that it begins at once: it is accepted, and the sweep starts what is not started.
      if (transfer.status === 'PENDING') await within(START_LIMIT_MS, start(transfer)).catch(() => LATE);
      return { outcome: 'accepted', transferId: transfer.transferId };
    },
  };

  /** A run is put off, and not lost, while a shard that it would move money in is behind: its activity is tried again. */
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
