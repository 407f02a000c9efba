/**
 * Starts the workflows of movements that were accepted and are not known to be started: the API died between the two, or
 * Temporal did not confirm in time. A start that turns out to be the second finds the first. Any number of sweeps may run.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../db/database.ts';
import { sweepTransfers } from '../db/transfer/queries.ts';
import { sweepTransactions } from '../db/transfer/transaction-queries.ts';
import type { RunningService } from '../run-service.ts';
import type { Logger } from '../telemetry.ts';
import { startTransaction, startTransfer, type MovementStarter } from '../temporal/start-movement.ts';

const INTERVAL_MS = 2_000;
/** Longer than the API waits for a start, so that a sweep rarely repeats one that is under way. */
const OLDER_THAN_SECONDS = 3;
const BATCH = 50;
/** The rows of a batch stay locked meanwhile, so a start that is not confirmed by then is left to the next sweep. */
const START_TIMEOUT_MS = 2_000;

export function startSweep({ database, starter, logger }: { database: Database; starter: MovementStarter; logger: Logger }): RunningService {
  const stopping = new AbortController();
  const loop = run();
  return {
    stop: async () => {
      stopping.abort();
      await loop;
    },
  };

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await sweepAll();
      } catch (error) {
        logger.warn({ err: error }, 'sweep failed, the next one repeats it');
      }
      await sleep(INTERVAL_MS, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }

  async function sweepAll(): Promise<void> {
    const due = { olderThanSeconds: OLDER_THAN_SECONDS, limit: BATCH };
    const transfers = await sweepTransfers(database, due, (row) => confirmed(startTransfer(starter, row)));
    const transactions = await sweepTransactions(database, due, (row) => confirmed(startTransaction(starter, row)));
    if (transfers + transactions > 0) logger.info({ transfers, transactions }, 'swept movements that were not known to be started');
  }

  async function confirmed(start: Promise<void>): Promise<boolean> {
    const started = start.then(
      () => true,
      (error: unknown) => {
        logger.warn({ err: error }, 'a swept movement could not be started');
        return false;
      },
    );
    return Promise.race([started, sleep(START_TIMEOUT_MS, false, { ref: false })]);
  }
}
