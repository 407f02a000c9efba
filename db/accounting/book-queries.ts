/** The accounting's reads: the lists of documents and journals with their lines, an invoice, and the trial balance. */
import { and, asc, eq, inArray, sql, type SQL } from 'drizzle-orm';
import type { InvoiceStatus } from '../../domain/accounting/books.ts';
import type { ConsignmentId, OrderId, WalletId } from '../../domain/ids.ts';
import { DEFAULT_TENANT, tenantOf, type OfTenant, type Tenant } from '../../domain/tenant.ts';
import { ofOtherTenants, type Database } from '../database.ts';
import { listNewestFirst, testOf, type Lead, type Listed } from '../newest-first.ts';
import type { Place } from '../../domain/place.ts';
import { accounts, creditNoteLines, creditNotes, invoiceLines, invoices, journalLines, journals } from './schema.ts';

export type Account = typeof accounts.$inferSelect;
type DocumentLine = Omit<typeof invoiceLines.$inferSelect, 'invoiceId'>;
export type Invoice = typeof invoices.$inferSelect & { readonly lines: readonly DocumentLine[] };
export type CreditNote = typeof creditNotes.$inferSelect & { readonly lines: readonly DocumentLine[] };
export type Journal = typeof journals.$inferSelect & { readonly lines: readonly (typeof journalLines.$inferSelect)[] };

export interface BookFilter extends OfTenant {
  readonly sellerWalletId?: WalletId | undefined;
  readonly orderId?: OrderId | undefined;
  readonly after?: Place | undefined;
  readonly limit: number;
}

export interface InvoiceFilter extends BookFilter {
  readonly buyerWalletId?: WalletId | undefined;
  readonly status?: InvoiceStatus | undefined;
}

/** Walks the index of the filter that is usually the rarest. */
export async function listInvoices(database: Database, filter: InvoiceFilter): Promise<Listed<Invoice>> {
  const { status, buyerWalletId, ...of } = filter;
  const isUnusual = status !== undefined && status !== 'PAID';
  const leads: (Lead | undefined)[] = [
    ofOrder(of),
    isUnusual ? { column: 'status', type: 'text', value: status, predicate: sql`status <> 'PAID'` } : undefined,
    buyerWalletId && { column: 'buyer_wallet_id', type: 'uuid', value: buyerWalletId },
    ofSeller(of),
  ];
  const paid = status === 'PAID' ? [sql`status = 'PAID'`] : [];
  const listed = await listNewestFirst(database, {
    table: invoices,
    id: 'invoice_id',
    ...walked(of, leads, paid),
    ...of,
  });
  return { ...listed, rows: await withInvoiceLines(database, listed.rows) };
}

/** Undefined if it is not the tenant's. */
export async function findInvoice(
  database: Database,
  invoiceId: ConsignmentId,
  tenant: Tenant,
): Promise<Invoice | undefined> {
  const rows = await database
    .select()
    .from(invoices)
    .where(and(eq(invoices.invoiceId, invoiceId), eq(invoices.tenant, tenant)));
  return (await withInvoiceLines(database, rows))[0];
}

export async function listCreditNotes(database: Database, filter: BookFilter): Promise<Listed<CreditNote>> {
  const walk = {
    table: creditNotes,
    id: 'credit_note_id',
    ...walked(filter, [ofOrder(filter), ofSeller(filter)]),
    ...filter,
  };
  const { rows, ...listed } = await listNewestFirst(database, walk);
  const ids = rows.map(({ creditNoteId }) => creditNoteId);
  const lines = await linesOf(ids, () =>
    database
      .select()
      .from(creditNoteLines)
      .where(inArray(creditNoteLines.creditNoteId, ids))
      .orderBy(asc(creditNoteLines.line)),
  );
  const ofNote = Map.groupBy(lines, ({ creditNoteId }) => creditNoteId);
  return { ...listed, rows: rows.map((row) => ({ ...row, lines: ofNote.get(row.creditNoteId) ?? [] })) };
}

export async function listJournals(database: Database, filter: BookFilter): Promise<Listed<Journal>> {
  const walk = { table: journals, id: 'journal_id', ...walked(filter, [ofOrder(filter), ofSeller(filter)]), ...filter };
  const { rows, ...listed } = await listNewestFirst(database, walk);
  const ids = rows.map(({ journalId }) => journalId);
  const lines = await linesOf(ids, () =>
    database.select().from(journalLines).where(inArray(journalLines.journalId, ids)).orderBy(asc(journalLines.line)),
  );
  const ofJournal = Map.groupBy(lines, ({ journalId }) => journalId);
  return { ...listed, rows: rows.map((row) => ({ ...row, lines: ofJournal.get(row.journalId) ?? [] })) };
}

/** The accounts of a seller in a tenant's books, at one instant; none if nothing was ever posted. */
export function listAccounts(database: Database, sellerWalletId: WalletId, tenant: Tenant): Promise<Account[]> {
  return database
    .select()
    .from(accounts)
    .where(and(eq(accounts.sellerWalletId, sellerWalletId), eq(accounts.tenant, tenant)))
    .orderBy(asc(accounts.accountId));
}

function ofOrder({ orderId }: BookFilter): Lead | undefined {
  return orderId && { column: 'order_id', type: 'uuid', value: orderId };
}

function ofSeller({ sellerWalletId }: BookFilter): Lead | undefined {
  return sellerWalletId && { column: 'seller_wallet_id', type: 'uuid', value: sellerWalletId };
}

/** The first filter leads; the others, and `more`, are tested. Of any tenant but the default one, the tenant leads if nothing else does. */
function walked(of: OfTenant, filters: readonly (Lead | undefined)[], more: readonly SQL[] = []) {
  const tenant = tenantOf(of);
  const own: Lead = { column: 'tenant', type: 'text', value: tenant, predicate: ofOtherTenants };
  const [lead, ...others] = filters.filter((filter) => filter !== undefined);
  if (lead === undefined && tenant !== DEFAULT_TENANT) return { lead: own, rest: more };
  return { lead, rest: [...others.map(testOf), ...more], likely: testOf(own) };
}

async function withInvoiceLines(
  database: Database,
  rows: readonly (typeof invoices.$inferSelect)[],
): Promise<Invoice[]> {
  const ids = rows.map(({ invoiceId }) => invoiceId);
  const lines = await linesOf(ids, () =>
    database.select().from(invoiceLines).where(inArray(invoiceLines.invoiceId, ids)).orderBy(asc(invoiceLines.line)),
  );
  const ofInvoice = Map.groupBy(lines, ({ invoiceId }) => invoiceId);
  return rows.map((row) => ({ ...row, lines: ofInvoice.get(row.invoiceId) ?? [] }));
}

/** Lines are written with what they belong to and never changed, so they may be read after it. */
async function linesOf<Line>(ids: readonly string[], read: () => Promise<Line[]>): Promise<Line[]> {
  return ids.length === 0 ? [] : read();
}
