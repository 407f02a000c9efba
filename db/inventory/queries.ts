/** The inventory's stock as people see and change it: reads, receipts, adjustments, counts. */
import { and, asc, desc, eq, gt, lt, sql } from 'drizzle-orm';
import type { ByWhom } from '../../domain/audit-event.ts';
import { ON_HAND_MAX, type StockRefusal } from '../../domain/inventory/stock.ts';
import { DEFAULT_TENANT, tenantOf, type OfTenant, type Tenant } from '../../domain/tenant.ts';
import type { TraceContext } from '../../domain/trace-context.ts';
import { actingArgument } from '../audit-events.ts';
import { executePrepared, type Database } from '../database.ts';
import { stock, stockEntries } from './schema.ts';

export type Stock = typeof stock.$inferSelect;
export type StockEntry = typeof stockEntries.$inferSelect;

export async function findStock(
  database: Database,
  sku: string,
  tenant: Tenant = DEFAULT_TENANT,
): Promise<Stock | undefined> {
  const rows = await database
    .select()
    .from(stock)
    .where(and(eq(stock.tenant, tenant), eq(stock.sku, sku)));
  return rows[0];
}

/** A tenant's stock that follows this SKU, in the order of the SKUs. */
export function listStock(
  database: Database,
  { after, limit, ...of }: OfTenant & { readonly after?: string | undefined; readonly limit: number },
): Promise<Stock[]> {
  return database
    .select()
    .from(stock)
    .where(and(eq(stock.tenant, tenantOf(of)), after === undefined ? undefined : gt(stock.sku, after)))
    .orderBy(asc(stock.sku))
    .limit(limit);
}

/** The entries of a tenant's SKU before this one, newest first. */
export function listStockEntries(
  database: Database,
  sku: string,
  { before, limit, ...of }: OfTenant & { readonly before?: number | undefined; readonly limit: number },
): Promise<StockEntry[]> {
  return database
    .select()
    .from(stockEntries)
    .where(
      and(
        eq(stockEntries.tenant, tenantOf(of)),
        eq(stockEntries.sku, sku),
        before === undefined ? undefined : lt(stockEntries.sequence, before),
      ),
    )
    .orderBy(desc(stockEntries.sequence))
    .limit(limit);
}

export interface StockChange extends OfTenant {
  /** Names the change, for ever. */
  readonly changeId: string;
  readonly sku: string;
  readonly type: 'RECEIPT' | 'ADJUSTMENT';
  readonly quantity: number;
  readonly unitCost: string | undefined;
  readonly reason: string | undefined;
}

export type ChangedStock =
  | { readonly outcome: 'done'; readonly entry: StockEntry; readonly isNew: boolean }
  | { readonly outcome: 'conflicts' }
  | { readonly outcome: 'refused'; readonly reason: StockRefusal };

/**
 * Receives or adjusts, once for the change's id; a repeat returns the first entry. Without `by`, the audit log has no entry of it.
 */
export async function changeStock(
  database: Database,
  change: StockChange,
  trace: TraceContext,
  by?: ByWhom,
): Promise<ChangedStock> {
  const { changeId, sku, type, quantity, unitCost = null, reason = null } = change;
  const { rows } = await executePrepared<{
    outcome: 'done' | 'conflicts' | 'refused';
    reason: StockRefusal;
    entry: string;
    is_new: boolean;
  }>(
    database,
    sql`SELECT outcome, reason, entry, is_new FROM change_stock(${changeId}, ${sku}, ${type}, ${quantity}, ${unitCost}::numeric,
      ${reason}, ${ON_HAND_MAX}, ${trace.requestId}, ${trace.traceparent ?? null}, ${actingArgument(by)}, ${tenantOf(change)})`,
  );
  const row = rows[0]!;
  if (row.outcome === 'conflicts') return { outcome: 'conflicts' };
  if (row.outcome === 'refused') return { outcome: 'refused', reason: row.reason };
  const [entry] = await database
    .select()
    .from(stockEntries)
    .where(
      and(
        eq(stockEntries.tenant, tenantOf(change)),
        eq(stockEntries.sku, sku),
        eq(stockEntries.sequence, Number(row.entry)),
      ),
    );
  return { outcome: 'done', entry: entry!, isNew: row.is_new };
}

/** Sets what is on hand; returns the stock then, or `reserved` if that would be less than is reserved. */
export async function countStock(
  database: Database,
  sku: string,
  onHand: number,
  trace: TraceContext,
  { by, ...of }: OfTenant & { readonly by?: ByWhom } = {},
): Promise<Stock | 'reserved'> {
  const tenant = tenantOf(of);
  const { rows } = await executePrepared<{ is_done: boolean }>(
    database,
    sql`SELECT count_stock(${sku}, ${onHand}, ${trace.requestId}, ${trace.traceparent ?? null}, ${actingArgument(by)}, ${tenant}) AS is_done`,
  );
  return rows[0]!.is_done ? (await findStock(database, sku, tenant))! : 'reserved';
}
