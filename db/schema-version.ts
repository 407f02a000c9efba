/**
 * How many migrations the database of a service has had that fits this program. One that has had more fits too: each version's
 * schema serves the programs of the version before.
 */
import transferJournal from './transfer/migrations/meta/_journal.json' with { type: 'json' };
import walletJournal from './wallet/migrations/meta/_journal.json' with { type: 'json' };

export const SCHEMA_VERSIONS = {
  wallet: walletJournal.entries.length,
  transfer: transferJournal.entries.length,
} as const;

export type ServiceName = keyof typeof SCHEMA_VERSIONS;
