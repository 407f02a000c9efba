/** The order service's queries about products. A price changes for later orders alone: an order keeps the price it was placed at. */
import { and, asc, eq, gt, sql } from 'drizzle-orm';
import type { ByWhom } from '../../domain/audit-event.ts';
import type { Currency } from '../../domain/currency.ts';
import { DEFAULT_TENANT, tenantOf, type OfTenant, type Tenant } from '../../domain/tenant.ts';
import { auditedIf } from '../audit-events.ts';
import { columnsOf, rowOf, type Database } from '../database.ts';
import { products } from './schema.ts';

export type Product = typeof products.$inferSelect;

/**
 * Makes the product, or changes it to this; returns whether this call made it. A repeat changes nothing. Without `by`, the audit log has no
 * entry of it.
 */
export async function putProduct(
  database: Database,
  product: OfTenant & {
    readonly sku: string;
    readonly unitPrice: string;
    readonly currency: Currency;
    readonly name: string | null;
  },
  by?: ByWhom,
): Promise<{ readonly product: Product; readonly isNew: boolean }> {
  const { sku, unitPrice, currency, name } = product;
  const tenant = tenantOf(product);
  const details = { unit_price: unitPrice, currency, name: name ?? undefined };
  const { rows } = await database.execute(sql`
    WITH changed AS (
      INSERT INTO products (tenant, sku, name, unit_price, currency) VALUES (${tenant}, ${sku}, ${name}, ${unitPrice}, ${currency})
      ON CONFLICT (tenant, sku) DO UPDATE SET name = excluded.name, unit_price = excluded.unit_price, currency = excluded.currency,
        updated_at = clock_timestamp()
      WHERE (products.name, products.unit_price, products.currency) IS DISTINCT FROM (excluded.name, excluded.unit_price, excluded.currency)
      -- A row version that replaces none has no transaction that ended one.
      RETURNING products.*, products.xmax = 0 AS is_new
    )${auditedIf({ action: 'product-set', object: sku, details }, by, sql`changed`)}
    SELECT ${columnsOf(products)}, is_new FROM changed`);
  const [changed] = rows;
  if (changed === undefined) return { product: (await findProduct(database, sku, tenant))!, isNew: false };
  return { product: rowOf(products, changed), isNew: changed['is_new'] === true };
}

export async function findProduct(
  database: Database,
  sku: string,
  tenant: Tenant = DEFAULT_TENANT,
): Promise<Product | undefined> {
  const rows = await database
    .select()
    .from(products)
    .where(and(eq(products.tenant, tenant), eq(products.sku, sku)));
  return rows[0];
}

/** A tenant's products that follow this SKU, in the order of their SKUs. */
export function listProducts(
  database: Database,
  { after, limit, ...of }: OfTenant & { readonly after?: string | undefined; readonly limit: number },
): Promise<Product[]> {
  return database
    .select()
    .from(products)
    .where(and(eq(products.tenant, tenantOf(of)), after === undefined ? undefined : gt(products.sku, after)))
    .orderBy(asc(products.sku))
    .limit(limit);
}
