/** The order service's queries about products. A price changes for later orders alone: an order keeps the price it was placed at. */
import { and, asc, eq, gt, sql } from 'drizzle-orm';
import type { Currency } from '../../domain/currency.ts';
import { DEFAULT_TENANT, tenantOf, type OfTenant, type Tenant } from '../../domain/tenant.ts';
import type { Database } from '../database.ts';
import { products } from './schema.ts';

export type Product = typeof products.$inferSelect;

/** Makes the product, or changes it to this; returns whether this call made it. A repeat changes nothing. */
export async function putProduct(
  database: Database,
  {
    tenant,
    ...product
  }: OfTenant & {
    readonly sku: string;
    readonly unitPrice: string;
    readonly currency: Currency;
    readonly name: string | null;
  },
): Promise<{ readonly product: Product; readonly isNew: boolean }> {
  const rows = await database
    .insert(products)
    .values({ ...product, tenant: tenantOf({ tenant }) })
    .onConflictDoUpdate({
      target: [products.tenant, products.sku],
      set: {
        unitPrice: product.unitPrice,
        currency: product.currency,
        name: product.name,
        updatedAt: sql`clock_timestamp()`,
      },
    })
    .returning({
      ...{
        tenant: products.tenant,
        sku: products.sku,
        name: products.name,
        unitPrice: products.unitPrice,
        currency: products.currency,
      },
      ...{ createdAt: products.createdAt, updatedAt: products.updatedAt },
      // A row version that replaces none has no transaction that ended one.
      isNew: sql<boolean>`products.xmax = 0`,
    });
  const { isNew, ...stored } = rows[0]!;
  return { product: stored, isNew };
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
