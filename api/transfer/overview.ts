/** The transfer service's part of the overview, which api/console/ puts together. */
import type { Database } from '../../db/database.ts';
import { transferOverview, type TransferOverview } from '../../db/transfer/overview-queries.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { boundedQuery } from '../http/bounded-query.ts';

export type { LastRun, TransferOverview, Waiting } from '../../db/transfer/overview-queries.ts';

/** `database` is the transfer service's. */
export function readTransferOverview(database: Database, tenant: Tenant): Promise<TransferOverview> {
  return boundedQuery(database, () => transferOverview(database, tenant));
}
