/**
 * The databases as an API uses them: with pools of its own, whose bounds are shorter than an activity's, because somebody
 * is waiting for an answer.
 */
import { requireSettings, type Settings } from '../process/config.ts';
import { openDatabase, type Database } from '../db/database.ts';
import type { InstallationGuard } from '../db/installation.ts';

/** For a connection and for an answer each, so that connections to a frozen server are let go of; see database-step.ts. */
const QUERY_TIMEOUT_MS = 1_300;

export function openTransferDatabase(settings: Settings, guard: InstallationGuard): Database {
  const { TRANSFER_DATABASE_URL: url } = requireSettings(settings, 'TRANSFER_DATABASE_URL');
  return open(settings, guard.admit('transfer'), url, 'counterpoise-api');
}

/** For an answer to the acceptance of a batch: longer than the role's statement_timeout lets the server speak first. */
const BATCH_QUERY_TIMEOUT_MS = 4_500;
/** So many batches are accepted at once; others take turns. */
const BATCH_CONNECTIONS_MAX = 2;

/** The transfer service's database for the acceptance of batches. */
export function openBatchDatabase(settings: Settings, guard: InstallationGuard): Database {
  const { TRANSFER_DATABASE_URL: url } = requireSettings(settings, 'TRANSFER_DATABASE_URL');
  return openDatabase(url, {
    applicationName: 'counterpoise-api-batches',
    connectionsMax: BATCH_CONNECTIONS_MAX,
    queryTimeoutMs: BATCH_QUERY_TIMEOUT_MS,
    admit: guard.admit('transfer'),
  });
}

/** Every shard's database, in the order of their numbers. */
export function openShards(settings: Settings, guard: InstallationGuard): Database[] {
  const { WALLET_DATABASE_URLS: urls } = requireSettings(settings, 'WALLET_DATABASE_URLS');
  return urls.map((url, shard) => open(settings, guard.admit('wallet'), url, `counterpoise-api-wallet-${shard}`));
}

type Admission = ReturnType<InstallationGuard['admit']>;

function open(settings: Settings, admit: Admission, url: string, applicationName: string): Database {
  return openDatabase(url, {
    applicationName,
    connectionsMax: settings.DATABASE_CONNECTIONS,
    queryTimeoutMs: QUERY_TIMEOUT_MS,
    admit,
  });
}
