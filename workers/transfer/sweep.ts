/**
 * The sweep: it starts the workflows of movements that were accepted and are not known to be started, because the API died between
 * the two, or Temporal did not confirm in time. A second start finds the first. It looks after recurring transfers too, ends what
 * has waited for approvals for too long, accepts the items of batches that were approved, and carries out the decisions that were.
 * Any number of sweeps may run.
 */
import type { Database } from '../../db/database.ts';
import { claimDueDecisions, expireApprovals } from '../../db/transfer/approval-queries.ts';
import { claimDueBatches, noteBatchesStarted, type TransferBatch } from '../../db/transfer/batch-queries.ts';
import { claimDueTransfers, noteTransfersStarted } from '../../db/transfer/due-transfers.ts';
import { claimDueTransactions, noteTransactionsStarted } from '../../db/transfer/transaction-queries.ts';
import type { MovementCounts } from '../../domain/transfer/movement-counts.ts';
import { LATE, within } from '../../process/deadline.ts';
import type { RunningService } from '../../process/run-service.ts';
import type { Logger } from '../../process/telemetry.ts';
import { carryOutDecision } from '../../temporal/transfer/carry-out.ts';
import {
  startBatch,
  startTransaction,
  startTransfer,
  type MovementStarter,
} from '../../temporal/transfer/start-movement.ts';
import { withoutGroupsUnderWay } from './groups-under-way.ts';
import { repeatUntilStopped } from '../repeat.ts';
import { acceptApprovedBatches } from './sweep-approved.ts';
import { tendDueRecurring } from './sweep-recurring.ts';

const INTERVAL_MS = 2_000;
const START_LIMIT_MS = 2_000;
/** A start that was not confirmed is tried again after the lease, when others have had their turn. */
const CLAIM = { limit: 50, leaseSeconds: 10 };

export function startSweep({
  database,
  starter,
  counts,
  logger,
}: {
  database: Database;
  starter: MovementStarter;
  counts: Pick<MovementCounts, 'accepted'>;
  logger: Logger;
}): RunningService {
  const startAll = startsOf(starter, logger);
  return repeatUntilStopped(INTERVAL_MS, async (stopping) => {
    try {
      await expireApprovals(database, CLAIM.limit);
      await startBatches(await acceptApprovedBatches({ database, counts, logger }));
      // A backlog is worked off without a pause, as long as Temporal confirms the starts.
      while (!stopping.aborted && (await sweepBatch()) >= CLAIM.limit);
      await startAll(await claimDueDecisions(database, CLAIM), (approval) =>
        carryOutDecision(starter, database, approval),
      );
      await tendDueRecurring({ database, starter, logger });
    } catch (error) {
      logger.warn({ err: error }, 'sweep failed, the next one repeats it');
    }
  });

  /** Returns how many movements it has dealt with: started, or left to a group that moves them. */
  async function sweepBatch(): Promise<number> {
    const due = await claimDueTransfers(database, CLAIM);
    const alone = await withoutGroupsUnderWay(starter, due);
    const transfers = await startAll(alone, (row) => startTransfer(starter, row));
    await noteTransfersStarted(database, transfers);
    const transactions = await startAll(await claimDueTransactions(database, CLAIM), (row) =>
      startTransaction(starter, row),
    );
    await noteTransactionsStarted(
      database,
      transactions.map(({ transactionId }) => transactionId),
    );
    const batches = await startBatches(await claimDueBatches(database, CLAIM));
    const started = transfers.length + transactions.length + batches.length;
    if (started > 0)
      logger.info(
        { transfers: transfers.length, transactions: transactions.length, batches: batches.length },
        'started movements that were not known to be started',
      );
    return started + due.length - alone.length;
  }

  async function startBatches(rows: readonly TransferBatch[]): Promise<TransferBatch[]> {
    const batches = await startAll(rows, (row) => startBatch(starter, row));
    await noteBatchesStarted(
      database,
      batches.map(({ batchId }) => batchId),
    );
    return batches;
  }
}

/** Of rows, starts each, and returns those whose workflows are now known to be started. */
function startsOf(starter: MovementStarter, logger: Logger) {
  return async <Row>(rows: readonly Row[], start: (row: Row) => Promise<void>): Promise<Row[]> => {
    const confirmed = await Promise.all(
      rows.map(async (row) => {
        try {
          // A connection's own deadline is not kept while its server is gone, so the wait has a bound of its own.
          const attempt = starter.client.withDeadline(Date.now() + START_LIMIT_MS, () => start(row));
          return (await within(START_LIMIT_MS, attempt)) !== LATE;
        } catch (error) {
          logger.warn({ err: error }, 'something that was accepted could not be started now: a later sweep will');
          return false;
        }
      }),
    );
    return rows.filter((_, index) => confirmed[index]);
  };
}
