/**
 * The watch over the wallet shards: every five seconds it asks whether each shard still has what it had
 * (activities/transfer/shard-watermarks.ts), and starts a comparison of everything if a shard has not. Any number of watches may
 * run.
 */
import { compareWatermark } from '../../activities/transfer/shard-watermarks.ts';
import type { Database } from '../../db/database.ts';
import { LATE, within } from '../../process/deadline.ts';
import { comparisonRunId } from '../../domain/derived-id.ts';
import type { Ledger } from '../../domain/ledger.ts';
import type { RunningService } from '../../process/run-service.ts';
import type { Logger } from '../../process/telemetry.ts';
import type { MovementStarter } from '../../temporal/transfer/start-movement.ts';
import { startComparison } from '../../temporal/transfer/start-reconciliation.ts';
import { repeatUntilStopped } from '../repeat.ts';

const INTERVAL_MS = 5_000;
const LOOK_LIMIT_MS = 4_000;

export interface ShardWatchDeps {
  readonly database: Database;
  readonly ledger: Pick<Ledger, 'shardCount' | 'watermark'>;
  readonly starter: Pick<MovementStarter, 'client' | 'binding'>;
  readonly logger: Logger;
}

export function watchShards({ database, ledger, starter, logger }: ShardWatchDeps): RunningService {
  return repeatUntilStopped(INTERVAL_MS, async () => {
    await Promise.all(Array.from({ length: ledger.shardCount }, (_, shard) => look(shard)));
  });

  /** Looks at one shard. A shard that does not answer in time is not taken to be behind. */
  async function look(shard: number): Promise<void> {
    try {
      const behind = await within(LOOK_LIMIT_MS, compareWatermark(database, ledger, shard));
      if (behind === LATE || behind === undefined) return;
      const { movement, leg } = behind.known;
      if (behind.isNew) logger.error({ shard, movement, leg }, 'a wallet shard lacks what it had: it was restored');
      await starter.binding.verify();
      await startComparison(starter.client, comparisonRunId(shard, behind.known));
    } catch (error) {
      logger.warn({ err: error, shard }, 'a wallet shard could not be compared with what it had: asked again soon');
    }
  }
}
