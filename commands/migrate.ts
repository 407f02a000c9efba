/**
 * `npm run migrate`: makes the databases what this version needs, registers Temporal's search attributes, and makes the
 * reconciliation's schedule. A repeat changes nothing. Runs before the services, as an administrator: WALLET_ADMIN_DATABASE_URLS, TRANSFER_ADMIN_DATABASE_URL.
 */
import { readSettings, requireSettings, SettingsError } from '../config.ts';
import { migrateTransferDatabase, migrateWalletDatabase } from '../db/migrate.ts';
import { connectClient, createClient } from '../temporal/connection.ts';
import { registerSearchAttributes } from '../temporal/search-attributes.ts';
import { ensureReconciliationSchedule } from '../temporal/start-reconciliation.ts';

try {
  const settings = readSettings();
  const urls = requireSettings(
    settings,
    'WALLET_ADMIN_DATABASE_URLS',
    'WALLET_DATABASE_URLS',
    'TRANSFER_ADMIN_DATABASE_URL',
    'TRANSFER_DATABASE_URL',
  );
  const shardCount = urls.WALLET_ADMIN_DATABASE_URLS.length;
  if (urls.WALLET_DATABASE_URLS.length !== shardCount)
    throw new SettingsError('WALLET_DATABASE_URLS and WALLET_ADMIN_DATABASE_URLS must list the same databases');
  for (const [shard, adminUrl] of urls.WALLET_ADMIN_DATABASE_URLS.entries()) {
    await migrateWalletDatabase({ adminUrl, serviceUrl: urls.WALLET_DATABASE_URLS[shard]!, shard, shardCount });
    console.log(`wallet shard ${shard} of ${shardCount}: migrated`);
  }
  await migrateTransferDatabase({ adminUrl: urls.TRANSFER_ADMIN_DATABASE_URL, serviceUrl: urls.TRANSFER_DATABASE_URL });
  console.log('transfer database: migrated');
  const connection = connectClient(settings);
  const client = createClient(connection, settings);
  await registerSearchAttributes(client);
  console.log('search attributes: registered');
  await ensureReconciliationSchedule(client);
  await connection.close();
  console.log('schedule of the reconciliation: there');
} catch (error) {
  console.error(`migrate: ${(error as Error).message}`);
  process.exit(1);
}
