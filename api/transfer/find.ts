/** The transfer service's part of what is found, which api/console/ puts together. */
import type { Database } from '../../db/database.ts';
import { findInTransfers, findMovements } from '../../db/transfer/find-queries.ts';
import type { Found } from '../../domain/found.ts';
import { boundedQuery } from '../http/bounded-query.ts';

/** `database` is the transfer service's. */
export function findTransfersById(database: Database, id: string): Promise<Found[]> {
  return boundedQuery(database, () => findInTransfers(database, id));
}

/** By a reference or by a pair of metadata. */
export function findMovementsBy(database: Database, wanted: Parameters<typeof findMovements>[1]): Promise<Found[]> {
  return boundedQuery(database, () => findMovements(database, wanted));
}
