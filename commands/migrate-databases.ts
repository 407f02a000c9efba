/** The databases of an installation as an administrator's commands know them: named, and migrated one after the other. */
import { requireSettings, SettingsError, type Settings } from '../config.ts';
import type { BoundDatabase } from '../db/bind-installation.ts';
import { migrateTransferDatabase, migrateWalletDatabase } from '../db/migrate.ts';

/** The transfer service's first, which decides which installation the others belong to. */
export function administratedDatabases(settings: Settings): BoundDatabase[] {
  const { TRANSFER_ADMIN_DATABASE_URL, WALLET_ADMIN_DATABASE_URLS } = requireSettings(
    settings,
    'TRANSFER_ADMIN_DATABASE_URL',
    'WALLET_ADMIN_DATABASE_URLS',
  );
  return [
    { name: 'transfer', adminUrl: TRANSFER_ADMIN_DATABASE_URL },
    ...WALLET_ADMIN_DATABASE_URLS.map((adminUrl, shard) => ({ name: `wallet-${shard}`, adminUrl })),
  ];
}

/** Makes each database what this version needs. A repeat changes nothing. `say` is told of each. */
export async function migrateDatabases(settings: Settings, say: (line: string) => void): Promise<void> {
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
    say(`wallet shard ${shard} of ${shardCount}: migrated`);
  }
  await migrateTransferDatabase({ adminUrl: urls.TRANSFER_ADMIN_DATABASE_URL, serviceUrl: urls.TRANSFER_DATABASE_URL });
  say('transfer database: migrated');
}
