/** What the transfer service finds by an id, by a reference, and by a pair of metadata: each by an index, and bounded. */
import { sql } from 'drizzle-orm';
import { FOUND_MAX, type Found } from '../../domain/found.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { Database } from '../database.ts';
import { findById, type Kind } from '../find-by-id.ts';
import { listTransactions, listTransfers } from './list-queries.ts';

const AMOUNT = `amount || ' ' || currency`;

const KINDS: readonly Kind[] = [
  { hasTenants: true, type: 'transfer', table: 'transfers', id: 'transfer_id', label: AMOUNT, status: 'status' },
  {
    hasTenants: true,
    type: 'transaction',
    table: 'transactions',
    id: 'transaction_id',
    label: `type || ' ' || ${AMOUNT}`,
    status: 'status',
  },
  {
    hasTenants: true,
    type: 'batch',
    table: 'transfer_batches',
    id: 'batch_id',
    label: `item_count || ' transfers'`,
    status: 'status',
  },
  {
    hasTenants: true,
    type: 'recurring_transfer',
    table: 'recurring_transfers',
    id: 'recurring_transfer_id',
    label: AMOUNT,
    status: 'status',
  },
  {
    hasTenants: true,
    type: 'case',
    table: 'cases',
    id: 'case_id',
    label: `reason || ' ' || subject`,
    status: 'status',
    at: 'opened_at',
  },
  {
    ...{ type: 'reconciliation_run', table: 'reconciliation_runs', id: 'run_id', at: 'started_at' },
    ...{ label: `found || ' found of ' || checked || ' checked'`, status: 'status' },
  },
];

export function findInTransfers(database: Database, tenant: Tenant, id: string): Promise<Found[]> {
  return findById(database, KINDS, tenant, id);
}

/** Whose a transfer or a transaction is; undefined if it has no row. */
export async function tenantOfMovement(database: Database, id: string): Promise<Tenant | undefined> {
  const { rows } = await database.execute<{ tenant: Tenant }>(sql`
    SELECT tenant FROM transfers WHERE transfer_id = ${id} UNION ALL SELECT tenant FROM transactions WHERE transaction_id = ${id}`);
  return rows[0]?.tenant;
}

export interface FoundMovements {
  readonly found: Found[];
  /** The walk was given up: what is asked for is common among other tenants' movements, and there may be more behind them. */
  readonly isStopped: boolean;
}

/** A tenant's movements that have a reference or a pair of metadata, newest first; one more than FOUND_MAX of each if there are more. */
export async function findMovements(
  database: Database,
  tenant: Tenant,
  wanted: { readonly reference: string } | { readonly metadata: { readonly key: string; readonly value: string } },
): Promise<FoundMovements> {
  const matched = 'reference' in wanted ? 'reference' : 'metadata';
  const filter = { ...wanted, tenant, limit: FOUND_MAX + 1 };
  const transfers = await listTransfers(database, filter);
  const transactions = await listTransactions(database, filter);
  const found = [
    ...transfers.rows.map(({ transferId, amount, currency, status, createdAt }): Found => ({
      ...{ type: 'transfer', id: transferId, matched, label: `${amount} ${currency}`, status },
      at: createdAt.toISOString(),
    })),
    ...transactions.rows.map(({ transactionId, type, amount, currency, status, createdAt }): Found => ({
      ...{ type: 'transaction', id: transactionId, matched, label: `${type} ${amount} ${currency}`, status },
      at: createdAt.toISOString(),
    })),
  ];
  return { found, isStopped: [transfers, transactions].some(({ stoppedAt }) => stoppedAt !== undefined) };
}
