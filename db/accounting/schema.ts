/**
 * The tables of the accounting service: each seller's books. The service's role reads them and writes none: every change is made by
 * a function of functions/, under the seller's lock (functions/open_books.sql). A journal line names a debit account, a credit
 * account and one amount, so a journal that does not balance cannot be written.
 */
import { sql } from 'drizzle-orm';
import { check, index, integer, pgTable, primaryKey, text, unique, uuid } from 'drizzle-orm/pg-core';
import { ACCOUNT_CODES, DOCUMENT_KINDS, INVOICE_STATUSES, JOURNAL_KINDS } from '../../domain/accounting/books.ts';
import type { ConsignmentId, OrderId, ReturnId, TransferId, WalletId } from '../../domain/ids.ts';
import { amount, balance, instant, ofOtherTenants, tenantColumn } from '../database.ts';

export { installation } from '../installation.ts';
export { outboxEvents, outboxSealProgress, outboxSeals, outboxTruncation } from '../outbox.ts';
export { stepFences } from '../step-fences.ts';

const quoted = (texts: readonly string[]) => sql.raw(texts.map((text) => `'${text}'`).join(', '));
const created = () =>
  instant('created_at')
    .notNull()
    .default(sql`clock_timestamp()`);

export const accounts = pgTable(
  'accounts',
  {
    /** `<seller_wallet_id>/<code>`, and with `<tenant>/` before it of any tenant but the default one. */
    accountId: text('account_id').primaryKey(),
    /** Each tenant keeps books of its own, also of a seller whose wallet is another's. */
    tenant: tenantColumn(),
    sellerWalletId: uuid('seller_wallet_id').$type<WalletId>().notNull(),
    code: text('code', { enum: ACCOUNT_CODES }).notNull(),
    /** As people call it; of the account that follows a wallet, `wallet:<wallet_id>`. */
    name: text('name').notNull(),
    currency: text('currency').notNull(),
    debitTotal: balance('debit_total').notNull().default('0'),
    creditTotal: balance('credit_total').notNull().default('0'),
    balance: balance('balance')
      .notNull()
      .generatedAlwaysAs(sql`debit_total - credit_total`),
    createdAt: created(),
  },
  (t) => [
    unique('accounts_seller_code').on(t.sellerWalletId, t.code, t.tenant),
    check(
      'accounts_id',
      sql`${t.accountId} = CASE ${t.tenant} WHEN 'default' THEN '' ELSE ${t.tenant} || '/' END || ${t.sellerWalletId}::text || '/' || ${t.code}`,
    ),
    check('accounts_code', sql`${t.code} IN (${quoted(ACCOUNT_CODES)})`),
    check('accounts_totals', sql`${t.debitTotal} >= 0 AND ${t.creditTotal} >= 0`),
  ],
);

/** The number of the newest document of each kind. Whoever writes to a seller's books holds all of the seller's rows under lock. */
export const documentNumbers = pgTable(
  'document_numbers',
  {
    tenant: tenantColumn(),
    sellerWalletId: uuid('seller_wallet_id').$type<WalletId>().notNull(),
    kind: text('kind', { enum: DOCUMENT_KINDS }).notNull(),
    lastNumber: integer('last_number').notNull().default(0),
  },
  (t) => [
    primaryKey({ columns: [t.sellerWalletId, t.kind, t.tenant] }),
    check('document_numbers_kind', sql`${t.kind} IN (${quoted(DOCUMENT_KINDS)})`),
  ],
);

export const journals = pgTable(
  'journals',
  {
    journalId: uuid('journal_id').primaryKey(),
    /** That of the order. */
    tenant: tenantColumn(),
    sellerWalletId: uuid('seller_wallet_id').$type<WalletId>().notNull(),
    kind: text('kind', { enum: JOURNAL_KINDS }).notNull(),
    orderId: uuid('order_id').$type<OrderId>().notNull(),
    /** The consignment of an invoice, or the return of a credit note, that it is about. */
    consignment: integer('consignment'),
    returnId: uuid('return_id').$type<ReturnId>(),
    /** The number of the invoice or the credit note that it posts. */
    number: integer('number'),
    /** The transfer that moved the money; null where none has moved. */
    transferId: uuid('transfer_id').$type<TransferId>(),
    /** The time of the server's clock after the seller's lock was taken. */
    createdAt: created(),
  },
  (t) => [
    index('journals_seller').on(t.sellerWalletId, t.createdAt, t.journalId),
    index('journals_order').on(t.orderId, t.createdAt, t.journalId),
    index('journals_created').on(t.createdAt, t.journalId),
    index('journals_of_tenant').on(t.tenant, t.createdAt, t.journalId).where(ofOtherTenants),
    check('journals_kind', sql`${t.kind} IN (${quoted(JOURNAL_KINDS)})`),
    check('journals_subject', sql`(${t.consignment} IS NULL) = (${t.kind} IN ('credit_note', 'refund'))`),
    check('journals_of_return', sql`(${t.returnId} IS NULL) = (${t.consignment} IS NOT NULL)`),
    check('journals_number', sql`(${t.number} IS NOT NULL) = (${t.kind} IN ('invoice', 'credit_note'))`),
  ],
);

export const journalLines = pgTable(
  'journal_lines',
  {
    journalId: uuid('journal_id')
      .notNull()
      .references(() => journals.journalId),
    /** From 1. */
    line: integer('line').notNull(),
    debitAccount: text('debit_account')
      .notNull()
      .references(() => accounts.accountId),
    creditAccount: text('credit_account')
      .notNull()
      .references(() => accounts.accountId),
    amount: amount('amount').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.journalId, t.line] }),
    check('journal_lines_amount_positive', sql`${t.amount} > 0`),
    check('journal_lines_two_accounts', sql`${t.debitAccount} <> ${t.creditAccount}`),
  ],
);

export const invoices = pgTable(
  'invoices',
  {
    /** The consignment's id: each has one invoice. */
    invoiceId: uuid('invoice_id').$type<ConsignmentId>().primaryKey(),
    /** That of the order. */
    tenant: tenantColumn(),
    sellerWalletId: uuid('seller_wallet_id').$type<WalletId>().notNull(),
    /** 1, 2, 3 … within the seller's invoices, without gaps. */
    number: integer('number').notNull(),
    buyerWalletId: uuid('buyer_wallet_id').$type<WalletId>().notNull(),
    orderId: uuid('order_id').$type<OrderId>().notNull(),
    consignment: integer('consignment').notNull(),
    currency: text('currency').notNull(),
    shippingAmount: amount('shipping_amount').notNull(),
    /** Its lines and the shipping. */
    amount: amount('amount').notNull(),
    status: text('status', { enum: INVOICE_STATUSES }).notNull(),
    /** The transfer that has paid it. */
    transferId: uuid('transfer_id').$type<TransferId>(),
    createdAt: created(),
    updatedAt: instant('updated_at')
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (t) => [
    unique('invoices_seller_number_tenant').on(t.sellerWalletId, t.number, t.tenant),
    unique('invoices_order_consignment').on(t.orderId, t.consignment),
    index('invoices_created').on(t.createdAt, t.invoiceId),
    index('invoices_of_tenant').on(t.tenant, t.createdAt, t.invoiceId).where(ofOtherTenants),
    index('invoices_seller').on(t.sellerWalletId, t.createdAt, t.invoiceId),
    index('invoices_buyer').on(t.buyerWalletId, t.createdAt, t.invoiceId),
    index('invoices_order').on(t.orderId, t.createdAt, t.invoiceId),
    // Nearly all are paid; those are found by the order of creation.
    index('invoices_unusual')
      .on(t.status, t.createdAt, t.invoiceId)
      .where(sql`status <> 'PAID'`),
    check('invoices_status', sql`${t.status} IN (${quoted(INVOICE_STATUSES)})`),
    check('invoices_paid_by', sql`(${t.transferId} IS NOT NULL) = (${t.status} IN ('PAID', 'COLLECTED'))`),
    check('invoices_amount', sql`${t.amount} > 0 AND ${t.shippingAmount} >= 0`),
  ],
);

const lineColumns = {
  /** From 1. */
  line: integer('line').notNull(),
  sku: text('sku').notNull(),
  quantity: integer('quantity').notNull(),
  unitPrice: amount('unit_price').notNull(),
  amount: amount('amount').notNull(),
};

export const invoiceLines = pgTable(
  'invoice_lines',
  {
    invoiceId: uuid('invoice_id')
      .$type<ConsignmentId>()
      .notNull()
      .references(() => invoices.invoiceId),
    ...lineColumns,
  },
  (t) => [
    primaryKey({ columns: [t.invoiceId, t.line] }),
    check('invoice_lines_amount', sql`${t.quantity} > 0 AND ${t.amount} = ${t.quantity} * ${t.unitPrice}`),
  ],
);

export const creditNotes = pgTable(
  'credit_notes',
  {
    /** The return's id: each has one credit note. */
    creditNoteId: uuid('credit_note_id').$type<ReturnId>().primaryKey(),
    /** That of the order. */
    tenant: tenantColumn(),
    sellerWalletId: uuid('seller_wallet_id').$type<WalletId>().notNull(),
    /** 1, 2, 3 … within the seller's credit notes, without gaps. */
    number: integer('number').notNull(),
    orderId: uuid('order_id').$type<OrderId>().notNull(),
    currency: text('currency').notNull(),
    amount: amount('amount').notNull(),
    /** The transfer that has paid it back. */
    transferId: uuid('transfer_id').$type<TransferId>(),
    createdAt: created(),
    updatedAt: instant('updated_at')
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (t) => [
    unique('credit_notes_seller_number_tenant').on(t.sellerWalletId, t.number, t.tenant),
    index('credit_notes_created').on(t.createdAt, t.creditNoteId),
    index('credit_notes_of_tenant').on(t.tenant, t.createdAt, t.creditNoteId).where(ofOtherTenants),
    index('credit_notes_seller').on(t.sellerWalletId, t.createdAt, t.creditNoteId),
    index('credit_notes_order').on(t.orderId, t.createdAt, t.creditNoteId),
    check('credit_notes_amount_positive', sql`${t.amount} > 0`),
  ],
);

export const creditNoteLines = pgTable(
  'credit_note_lines',
  {
    creditNoteId: uuid('credit_note_id')
      .$type<ReturnId>()
      .notNull()
      .references(() => creditNotes.creditNoteId),
    ...lineColumns,
  },
  (t) => [
    primaryKey({ columns: [t.creditNoteId, t.line] }),
    check('credit_note_lines_amount', sql`${t.quantity} > 0 AND ${t.amount} = ${t.quantity} * ${t.unitPrice}`),
  ],
);
