/**
 * `npm run migrate`: migrates the databases to what this version needs, binds them to each other and to the Temporal namespace,
 * registers Temporal's search attributes, and makes the reconciliation's Schedule. A repeat changes nothing. It runs before the
 * services, as an administrator: WALLET_ADMIN_DATABASE_URLS, TRANSFER_ADMIN_DATABASE_URL, EVENTS_ADMIN_DATABASE_URL, and where there
 * are orders, those of their four services.
 */
import { readSettings } from '../process/config.ts';
import { bindInstallation, requireFitting } from '../db/bind-installation.ts';
import { connectClient, createClient } from '../temporal/connection.ts';
import { namespaceId } from '../temporal/namespace-binding.ts';
import { registerSearchAttributes } from '../temporal/search-attributes.ts';
import { ensureReconciliationSchedule } from '../temporal/transfer/start-reconciliation.ts';
import { installKeys } from './install-keys.ts';
import { compareWatermarks } from './compare-watermarks.ts';
import { readFlags } from './arguments.ts';
import { exitCodeFor } from './exit.ts';
import { administratedDatabases, migratedDatabases, migrateDatabases } from './migrate-databases.ts';

const USAGE = `Usage: npm run migrate
The databases are those of WALLET_ADMIN_DATABASE_URLS, WALLET_DATABASE_URLS, TRANSFER_ADMIN_DATABASE_URL, TRANSFER_DATABASE_URL,
EVENTS_ADMIN_DATABASE_URL and EVENTS_DATABASE_URL; for orders, also ORDER_ADMIN_DATABASE_URL, ORDER_DATABASE_URL and the like of INVENTORY,
DELIVERY and ACCOUNTING; for keys, ACCESS_ADMIN_DATABASE_URL and ACCESS_DATABASE_URL, with ROOT_API_KEY, ORDER_API_KEY and WALLET_API_KEY,
which it installs; OUTBOX_DATABASE_URLS says how the events service reads the outboxes; Temporal is at TEMPORAL_ADDRESS.`;

try {
  readFlags({}, USAGE);
  const settings = readSettings();
  // All missing settings are named before anything is done.
  const migrated = migratedDatabases(settings);
  const databases = administratedDatabases(settings);
  const connection = connectClient(settings);
  const client = createClient(connection, settings);
  const namespace = await namespaceId(client);
  // Checked before anything is changed: the databases may belong to another installation.
  await requireFitting(databases, namespace);
  await migrateDatabases(migrated, (line) => console.log(line));
  const installationId = await bindInstallation(databases, namespace);
  console.log(`installation ${installationId}: bound to the namespace ${settings.TEMPORAL_NAMESPACE}`);
  for (const line of await compareWatermarks(settings)) console.log(line);
  for (const line of await installKeys(settings)) console.log(line);
  await registerSearchAttributes(client);
  console.log('search attributes: registered');
  await ensureReconciliationSchedule(client);
  await connection.close();
  console.log('schedule of the reconciliation: there');
} catch (error) {
  console.error(`migrate: ${(error as Error).message}`);
  process.exit(exitCodeFor(error));
}
