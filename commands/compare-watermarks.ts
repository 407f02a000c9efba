/**
 * The check that each wallet shard still has the leg that it is known to have decided. It runs before the services start: in a
 * shard that was restored, they would move money by outdated balances.
 */
import { compareWatermark } from '../activities/transfer/shard-watermarks.ts';
import { requireSettings, type Settings } from '../process/config.ts';
import { closeDatabases, openDatabase } from '../db/database.ts';
import { ledgerOf } from '../db/wallet/ledger.ts';

const QUERY_TIMEOUT_MS = 10_000;

/** Returns a line for each shard that lacks its leg. By then its case is open, and stops what would move money in the shard. */
export async function compareWatermarks(settings: Settings): Promise<string[]> {
  const urls = requireSettings(settings, 'TRANSFER_ADMIN_DATABASE_URL', 'WALLET_ADMIN_DATABASE_URLS');
  const [transfer, ...shards] = [urls.TRANSFER_ADMIN_DATABASE_URL, ...urls.WALLET_ADMIN_DATABASE_URLS].map((url) =>
    openDatabase(url, { applicationName: 'counterpoise-migrate', connectionsMax: 1, queryTimeoutMs: QUERY_TIMEOUT_MS }),
  );
  try {
    const ledger = ledgerOf(shards);
    const behind = await Promise.all(shards.map((_, shard) => compareWatermark(transfer!, ledger, shard)));
    return behind.flatMap((found) =>
      found === undefined
        ? []
        : [
            `! wallet shard ${found.shard} was restored from before ${found.known.notedAt.toISOString()}: nothing is accepted that would move money in it, see GET /v1/cases`,
          ],
    );
  } finally {
    await closeDatabases([transfer!, ...shards]);
  }
}
