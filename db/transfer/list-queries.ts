/**
 * Lists of transfers and of transactions, by any combination of filters, newest first. Each list walks one index from the cursor
 * on, in the order of creation, and tests the other filters on each row: its cost grows with the rows that it walks, not with the
 * rows that are stored.
 */
import { sql } from 'drizzle-orm';
import type { RecurringTransferId, TransferId, WalletId } from '../../domain/ids.ts';
import { DEFAULT_TENANT, type OfTenant } from '../../domain/tenant.ts';
import type { TransactionStatus, TransactionType } from '../../domain/transfer/transaction.ts';
import type { TransferStatus } from '../../domain/transfer/transfer.ts';
import { rowOf, type Database } from '../database.ts';
import { equal, leadsOf, type Listed } from './list-leads.ts';
import { WALK, walk, type Position, type Walked } from './list-walk.ts';
import type { Transfer } from './queries.ts';
import { transactions, transfers } from './schema.ts';
import type { Transaction } from './transaction-queries.ts';

interface MovementFilter extends OfTenant {
  /** As sender or receiver. */
  readonly walletId?: WalletId | undefined;
  readonly reference?: string | undefined;
  readonly metadata?: { readonly key: string; readonly value: string } | undefined;
  /** Decimal strings; both bounds are included. */
  readonly amountMin?: string | undefined;
  readonly amountMax?: string | undefined;
  /** Included. */
  readonly createdAfter?: Date | undefined;
  /** Excluded. */
  readonly createdBefore?: Date | undefined;
  readonly after?: Position | undefined;
  readonly limit: number;
}

export interface TransferFilter extends MovementFilter {
  readonly status?: TransferStatus | undefined;
  readonly reversesTransferId?: TransferId | undefined;
  readonly recurringTransferId?: RecurringTransferId | undefined;
}

export interface TransactionFilter extends MovementFilter {
  readonly status?: TransactionStatus | undefined;
  readonly type?: TransactionType | undefined;
}

/**
 * At most `limit` rows. Fewer rows without `stoppedAt` are all that there are. With `stoppedAt`, the walk was given up there
 * because too many rows were tested in vain, and the caller may go on from there: each filter is common, but they hardly ever
 * coincide.
 */
export interface Listing<Row> {
  readonly rows: Row[];
  readonly stoppedAt: Position | undefined;
}

const TRANSFERS: Listed = {
  movement: 'transfer',
  table: 'transfers',
  id: 'transfer_id',
  wallets: ['sender_wallet_id', 'receiver_wallet_id'],
  statusColumn: 'listed_status',
  unlisted: {
    status: 'COMPLETED',
    scan: { by: 'columns', tests: [], predicate: sql`batch_id IS NULL`, nullColumn: 'listed_status' },
  },
  // No item of a batch is ever SCHEDULED or DEBITED.
  inBatches: { PENDING: sql`status = 'PROCESSING'`, COMPLETED: sql`completed_count > 0` },
  unsuccessful: ['FAILED', 'CANCELED'],
};
const TRANSACTIONS: Listed = {
  movement: 'transaction',
  table: 'transactions',
  id: 'transaction_id',
  wallets: ['wallet_id'],
  statusColumn: 'status',
  inBatches: {},
  unsuccessful: ['FAILED'],
};

export async function listTransfers(database: Database, filter: TransferFilter): Promise<Listing<Transfer>> {
  const { rows, stoppedAt } = await list(database, TRANSFERS, filter, {
    rare: [
      equal('reverses_transfer_id', 'uuid', filter.reversesTransferId, { isSparse: true }),
      equal('recurring_transfer_id', 'uuid', filter.recurringTransferId, { isSparse: true }),
    ],
    common: [],
  });
  return { rows: rows.map((row) => rowOf(transfers, row)), stoppedAt };
}

export async function listTransactions(database: Database, filter: TransactionFilter): Promise<Listing<Transaction>> {
  const { rows, stoppedAt } = await list(database, TRANSACTIONS, filter, {
    rare: [],
    common: [equal('type', 'text', filter.type)],
  });
  return { rows: rows.map((row) => rowOf(transactions, row)), stoppedAt };
}

/**
 * Which of several filters is rare is not known before they are tried, and statistics tell little of values that come together.
 * So each lead is walked a little way, the usually rarest first; a lead that fills the page or comes to its end gives the result.
 * Otherwise all filters are common, and the lead with the most hits is walked further.
 */
async function list(
  database: Database,
  listed: Listed,
  filter: MovementFilter & { readonly status?: string | undefined },
  own: Parameters<typeof leadsOf>[2],
): Promise<Walked> {
  const leads = leadsOf(listed, { ...filter, tenant: filter.tenant ?? DEFAULT_TENANT }, own);
  const [only] = leads;
  if (leads.length === 1) return walk(database, listed, only!, filter, WALK.rowsMax);
  let best = { lead: only!, hits: -1 };
  for (const lead of leads) {
    const walked = await walk(database, listed, lead, filter, WALK.rowsAtFirst);
    if (walked.stoppedAt === undefined || walked.rows.length >= filter.limit) return walked;
    if (walked.rows.length > best.hits) best = { lead, hits: walked.rows.length };
  }
  return walk(database, listed, best.lead, filter, WALK.rowsMax);
}
