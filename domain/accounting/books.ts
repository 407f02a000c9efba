/** The vocabulary of the books: accounts, journals, documents and the states of invoices. */

/**
 * A seller's accounts. `wallet` follows the seller's wallet; what an invoice that nobody has paid yet is due is `receivable`, and
 * what a return is still owed `refunds_payable`.
 */
export const ACCOUNT_CODES = [
  'wallet',
  'receivable',
  'revenue',
  'shipping_revenue',
  'returns',
  'refunds_payable',
  'bad_debt',
] as const;

/** What a journal posts. `collection` and `write_off`: what became of an invoice that was due. */
export const JOURNAL_KINDS = ['invoice', 'collection', 'write_off', 'credit_note', 'refund'] as const;

/** The documents that are numbered. */
export const DOCUMENT_KINDS = ['invoice', 'credit_note'] as const;

/** PAID when it was issued; DUE, and then COLLECTED or WRITTEN_OFF. */
export const INVOICE_STATUSES = ['PAID', 'DUE', 'COLLECTED', 'WRITTEN_OFF'] as const;
export type InvoiceStatus = (typeof INVOICE_STATUSES)[number];
