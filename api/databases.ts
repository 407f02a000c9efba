/**
 * The databases as an API uses them: with pools of its own, whose bounds are shorter than an activity's, because somebody
 * is waiting for an answer.
 */
import { requireSettings, type Settings } from '../process/config.ts';
import type { Database } from '../db/database.ts';
import type { InstallationGuard } from '../db/installation.ts';
import { openWalletShard, type PoolLimits } from '../db/service-databases.ts';

/** For a connection and for an answer each, so that connections to a frozen server are let go of; see database-step.ts. */
const QUERY_TIMEOUT_MS = 1_300;

/** Of the transfer service's database. */
export const API_POOL: PoolLimits = { applicationName: 'counterpoise-api', queryTimeoutMs: QUERY_TIMEOUT_MS };

/** Of the transfer service's database for the acceptance of batches. */
export const BATCH_POOL: PoolLimits = {
  applicationName: 'counterpoise-api-batches',
  /** So many batches are accepted at once; others take turns. */
  connectionsMax: 2,
  /** Longer than the role's statement_timeout lets the server speak first. */
  queryTimeoutMs: 4_500,
};

/** Every shard's database, in the order of their numbers. */
export function openShards(settings: Settings, guard: InstallationGuard): Database[] {
  const { WALLET_DATABASE_URLS: urls } = requireSettings(settings, 'WALLET_DATABASE_URLS');
  return urls.map((_, shard) =>
    openWalletShard(settings, shard, guard, {
      applicationName: `counterpoise-api-wallet-${shard}`,
      queryTimeoutMs: QUERY_TIMEOUT_MS,
    }),
  );
}
