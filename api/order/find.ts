/** The order service's part of what is found, which api/console/ puts together. */
import type { Database } from '../../db/database.ts';
import { findBySku, findInOrders } from '../../db/order/find-queries.ts';
import type { Found } from '../../domain/found.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { boundedQuery } from '../http/bounded-query.ts';

/** `database` is the order service's. */
export function findOrdersById(database: Database, tenant: Tenant, id: string): Promise<Found[]> {
  return boundedQuery(database, () => findInOrders(database, tenant, id));
}

export function findProductBySku(database: Database, tenant: Tenant, sku: string): Promise<Found[]> {
  return boundedQuery(database, () => findBySku(database, tenant, sku));
}
