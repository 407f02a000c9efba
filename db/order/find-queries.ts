/** What the order service finds by an id, and a product by its SKU. */
import type { Found } from '../../domain/found.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { Database } from '../database.ts';
import { findById, type Kind } from '../find-by-id.ts';
import { findProduct } from './products.ts';

const KINDS: readonly Kind[] = [
  {
    ...{ hasTenants: true, type: 'order' },
    table: 'orders',
    id: 'order_id',
    label: `goods_amount + shipping_amount || ' ' || currency`,
    status: 'status',
  },
  {
    ...{ hasTenants: true, type: 'order_case', table: 'order_cases', id: 'case_id', label: 'reason', at: 'opened_at' },
    status: `CASE WHEN closed_at IS NULL THEN 'OPEN' ELSE 'RESOLVED' END`,
  },
  { hasTenants: true, type: 'return', table: 'returns', id: 'return_id', label: 'amount', status: 'status' },
];

export function findInOrders(database: Database, tenant: Tenant, id: string): Promise<Found[]> {
  return findById(database, KINDS, tenant, id);
}

export async function findBySku(database: Database, tenant: Tenant, sku: string): Promise<Found[]> {
  const product = await findProduct(database, sku, tenant);
  if (product === undefined) return [];
  const { name, unitPrice, currency, createdAt } = product;
  const label = `${name === null ? '' : `${name}, `}${unitPrice} ${currency}`;
  return [{ type: 'product', id: sku, matched: 'sku', label, status: null, at: createdAt.toISOString() }];
}
