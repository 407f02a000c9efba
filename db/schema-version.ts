/**
 * The schema version that this program needs of each service's database: the number of its migrations. A database that has had
 * more fits too, because the schema of each version also serves the programs of the version before.
 */
import accessJournal from './access/migrations/meta/_journal.json' with { type: 'json' };
import accountingJournal from './accounting/migrations/meta/_journal.json' with { type: 'json' };
import deliveryJournal from './delivery/migrations/meta/_journal.json' with { type: 'json' };
import eventsJournal from './events/migrations/meta/_journal.json' with { type: 'json' };
import inventoryJournal from './inventory/migrations/meta/_journal.json' with { type: 'json' };
import orderJournal from './order/migrations/meta/_journal.json' with { type: 'json' };
import transferJournal from './transfer/migrations/meta/_journal.json' with { type: 'json' };
import walletJournal from './wallet/migrations/meta/_journal.json' with { type: 'json' };

export const SCHEMA_VERSIONS = {
  wallet: walletJournal.entries.length,
  transfer: transferJournal.entries.length,
  events: eventsJournal.entries.length,
  order: orderJournal.entries.length,
  inventory: inventoryJournal.entries.length,
  delivery: deliveryJournal.entries.length,
  accounting: accountingJournal.entries.length,
  access: accessJournal.entries.length,
} as const;

export type ServiceName = keyof typeof SCHEMA_VERSIONS;
