/** The transfer service's part of what is found, which api/console/ puts together. */
import type { Database } from '../../db/database.ts';
import { findInTransfers, findMovements, type FoundMovements } from '../../db/transfer/find-queries.ts';
import type { Found } from '../../domain/found.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { boundedQuery } from '../http/bounded-query.ts';

/** `database` is the transfer service's. */
export function findTransfersById(database: Database, tenant: Tenant, id: string): Promise<Found[]> {
  return boundedQuery(database, () => findInTransfers(database, tenant, id));
}

/** By a reference or by a pair of metadata. */
export function findMovementsBy(
  database: Database,
  tenant: Tenant,
  wanted: Parameters<typeof findMovements>[2],
): Promise<FoundMovements> {
  return boundedQuery(database, () => findMovements(database, tenant, wanted));
}
