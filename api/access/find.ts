/** The access service's part of what is found by a name, which api/console/ puts together. */
import type { Database } from '../../db/database.ts';
import { findByName } from '../../db/access/find-queries.ts';
import type { Found } from '../../domain/found.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { boundedQuery } from '../http/bounded-query.ts';

/** `database` is the access service's. */
export function findKeysByName(database: Database, tenant: Tenant, name: string): Promise<Found[]> {
  return boundedQuery(database, () => findByName(database, tenant, name));
}
