/**
 * The books of the accounting. O5: each journal balances by what a line is; each account is what its lines sum to; a seller's accounts
 * are even; documents are numbered from 1 without gaps; no transfer is posted twice. O4, as far as the accounting knows it: each
 * invoice and credit note is what its lines sum to, and has exactly the journals of its state.
 */
import { sql, type SQL } from 'drizzle-orm';
import { ACCOUNT_CODES } from '../domain/accounting/books.ts';
import { consignmentId } from '../domain/derived-id.ts';
import type { OrderId, TransferId, WalletId } from '../domain/ids.ts';
import { DEFAULT_TENANT } from '../domain/tenant.ts';
import type { Findings, Invariant } from './findings.ts';
import { pagesOf, type Reader } from './reader.ts';

const UUID_LENGTH = 36;

export interface BooksChecked {
  sellers: number;
  journals: number;
  invoices: number;
  credit_notes: number;
}

interface Looked {
  id: string;
  /** The conditions that do not hold, each in a sentence. */
  wrong: string[];
}

export async function checkBooks(reader: Reader, findings: Findings): Promise<BooksChecked> {
  const look = async <Row extends Looked>(
    invariant: Invariant,
    what: string,
    pageAfter: (id: string, limit: number) => SQL,
    more: (row: Row) => string[] = () => [],
  ): Promise<number> => {
    let looked = 0;
    for await (const page of pagesOf(reader, pageAfter, ({ id }: Row) => id)) {
      looked += page.length;
      for (const row of page)
        for (const detail of [...row.wrong, ...more(row)]) findings.report(invariant, `${what} ${row.id}`, detail);
    }
    return looked;
  };
  return {
    sellers: await look('O5', 'seller', sellersAfter),
    journals: await look('O5', 'journal', journalsAfter),
    invoices: await look('O4', 'invoice', invoicesAfter, (row: Looked & { order_id: OrderId; consignment: number }) =>
      row.id === consignmentId(row.order_id, row.consignment) ? [] : ['its id is not that of its consignment'],
    ),
    credit_notes: await look('O4', 'credit note', creditNotesAfter),
  };
}

/** The books of a seller, as a tenant keeps them: the id names the tenant behind the seller, unless that is the default one. */
function sellersAfter(key: string, limit: number): SQL {
  const after = sql`(${key.slice(0, UUID_LENGTH)}::uuid, ${key.slice(UUID_LENGTH + 1) || DEFAULT_TENANT})`;
  const own = sql`(seller_wallet_id, tenant) = (seller.wallet, seller.whose)`;
  return sql`
    SELECT concat_ws('/', seller.wallet, nullif(seller.whose, 'default')) AS id, kept.wrong || numbered.wrong || array_remove(ARRAY[
      CASE WHEN of_all.accounts <> ${ACCOUNT_CODES.length} THEN format('it has %s accounts', of_all.accounts) END,
      CASE WHEN of_all.balance <> 0 THEN format('its accounts sum to %s', of_all.balance) END,
      CASE WHEN posted.twice > 0 THEN format('%s transfers are posted more than once', posted.twice) END
    ], NULL) AS wrong
    FROM (
      SELECT seller_wallet_id AS wallet, tenant AS whose FROM accounts WHERE (seller_wallet_id, tenant) > ${after}
      UNION SELECT seller_wallet_id, tenant FROM document_numbers WHERE (seller_wallet_id, tenant) > ${after}
      ORDER BY wallet, whose LIMIT ${limit}
    ) seller
    CROSS JOIN LATERAL (
      SELECT count(*) AS accounts, coalesce(sum(balance), 0) AS balance FROM accounts WHERE ${own}
    ) of_all
    CROSS JOIN LATERAL (
      SELECT coalesce(array_agg(format('account %s says debit %s and credit %s, but its lines sum to %s and %s', account_id, debit_total,
        credit_total, coalesce(debits, 0), coalesce(credits, 0))), '{}') AS wrong
      FROM (SELECT * FROM accounts WHERE ${own}) account
      LEFT JOIN (
        SELECT account_id, sum(debit) AS debits, sum(credit) AS credits
        FROM journals JOIN journal_lines USING (journal_id)
        CROSS JOIN LATERAL (VALUES (debit_account, amount, 0::numeric), (credit_account, 0::numeric, amount)) side (account_id, debit, credit)
        WHERE ${own} GROUP BY 1
      ) lines USING (account_id)
      WHERE debit_total <> coalesce(debits, 0) OR credit_total <> coalesce(credits, 0)
    ) kept
    CROSS JOIN LATERAL (
      SELECT coalesce(array_agg(format('%s %ss are numbered %s to %s, and the last number given is %s', documents.count, kind, first, last,
        coalesce(last_number, 0))), '{}') AS wrong
      FROM (
        SELECT 'invoice' AS kind, count(*), coalesce(min(number), 1) AS first, coalesce(max(number), 0) AS last
        FROM invoices WHERE ${own}
        UNION ALL SELECT 'credit_note', count(*), coalesce(min(number), 1), coalesce(max(number), 0)
        FROM credit_notes WHERE ${own}
      ) documents
      LEFT JOIN (SELECT kind, last_number FROM document_numbers WHERE ${own}) given USING (kind)
      WHERE first <> 1 OR documents.count <> last OR last IS DISTINCT FROM last_number
    ) numbered
    CROSS JOIN LATERAL (
      SELECT count(transfer_id) - count(DISTINCT transfer_id) AS twice FROM journals WHERE ${own}
    ) posted
    ORDER BY seller.wallet, seller.whose`;
}

function journalsAfter(journalId: string, limit: number): SQL {
  return sql`
    SELECT journal_id AS id, array_remove(ARRAY[
      CASE WHEN lines.count = 0 THEN 'it has no lines' END,
      CASE WHEN lines.elsewhere > 0 THEN format('%s of its lines name an account of other books', lines.elsewhere) END,
      CASE WHEN NOT EXISTS (
        SELECT FROM invoices WHERE (order_id, consignment, seller_wallet_id, tenant)
          = (journal.order_id, journal.consignment, journal.seller_wallet_id, journal.tenant)
        UNION ALL SELECT FROM credit_notes
        WHERE (credit_note_id, order_id, seller_wallet_id, tenant)
          = (journal.return_id, journal.order_id, journal.seller_wallet_id, journal.tenant)
      ) THEN format('it posts %s of no document', kind) END
    ], NULL) AS wrong
    FROM (SELECT * FROM journals WHERE journal_id > ${journalId} ORDER BY journal_id LIMIT ${limit}) journal
    CROSS JOIN LATERAL (
      SELECT count(*), count(*) FILTER (
        WHERE NOT starts_with(debit_account, ${BOOKS} || '/') OR NOT starts_with(credit_account, ${BOOKS} || '/')
      ) AS elsewhere
      FROM journal_lines WHERE journal_id = journal.journal_id
    ) lines
    ORDER BY journal_id`;
}

/** What the ids of the accounts of a row's books begin with (db/accounting/functions/books_id.sql). */
const BOOKS = sql`(CASE tenant WHEN 'default' THEN '' ELSE tenant || '/' END || seller_wallet_id)`;

function codeOf(account: SQL): SQL {
  return sql`substring(${account} FROM '[^/]+$')`;
}

/** What the journals of a document say, one line of text for each of theirs; the expected ones are rendered in the same way. */
function posted(where: SQL): SQL {
  return sql`(
    SELECT coalesce(string_agg(${rendered(sql`kind`, codeOf(sql`debit_account`), codeOf(sql`credit_account`), sql`amount`, sql`number`, sql`transfer_id`)},
      '; ' ORDER BY kind, journal_id, line), 'none')
    FROM journals LEFT JOIN journal_lines USING (journal_id) WHERE ${where})`;
}

function rendered(kind: SQL, debit: SQL, credit: SQL, amount: SQL, number: SQL, transferId: SQL): SQL {
  return sql`concat(${kind}, ' ' || ${number}, ': ', ${debit}, ' from ', ${credit}, ' ', (${amount})::numeric(19,4), ' by ' || ${transferId})`;
}

/** The journals' lines that a document must have; rows of no amount are left out. */
function expected(rows: readonly SQL[]): SQL {
  return sql`(
    SELECT string_agg(${rendered(sql`kind`, sql`debit`, sql`credit`, sql`part`, sql`posted_number`, sql`paid_by`)}, '; ' ORDER BY kind, place)
    FROM (VALUES ${sql.join([...rows], sql`, `)}) AS line (place, kind, debit, credit, part, posted_number, paid_by) WHERE part > 0)`;
}

function invoicesAfter(invoiceId: string, limit: number): SQL {
  const paidInto = sql`CASE status WHEN 'PAID' THEN 'wallet' ELSE 'receivable' END`;
  const paidBy = sql`CASE status WHEN 'PAID' THEN transfer_id END`;
  const rows = [
    sql`(1, 'invoice', ${paidInto}, 'revenue', invoice.amount - shipping_amount, number, ${paidBy})`,
    sql`(2, 'invoice', ${paidInto}, 'shipping_revenue', shipping_amount, number, ${paidBy})`,
    sql`(3, 'collection', 'wallet', 'receivable', CASE status WHEN 'COLLECTED' THEN invoice.amount END, NULL, transfer_id)`,
    sql`(4, 'write_off', 'bad_debt', 'receivable', CASE status WHEN 'WRITTEN_OFF' THEN invoice.amount END, NULL, NULL)`,
  ];
  return sql`
    SELECT invoice_id AS id, order_id, consignment, array_remove(ARRAY[
      CASE WHEN amount <> shipping_amount + lines.total
        THEN format('it says %s, but its lines and the shipping sum to %s', amount, shipping_amount + lines.total) END,
      CASE WHEN journals.said IS DISTINCT FROM journals.expected
        THEN format('it is %s with the journals: %s, where they should be: %s', status, journals.said, journals.expected) END
    ], NULL) AS wrong
    FROM (SELECT * FROM invoices WHERE invoice_id > ${invoiceId} ORDER BY invoice_id LIMIT ${limit}) invoice
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(quantity * unit_price), 0) AS total FROM invoice_lines WHERE invoice_id = invoice.invoice_id
    ) lines
    CROSS JOIN LATERAL (
      SELECT ${posted(sql`order_id = invoice.order_id AND consignment = invoice.consignment`)} AS said, ${expected(rows)} AS expected
    ) journals
    ORDER BY invoice_id`;
}

function creditNotesAfter(creditNoteId: string, limit: number): SQL {
  const rows = [
    sql`(1, 'credit_note', 'returns', 'refunds_payable', note.amount, number, NULL)`,
    sql`(2, 'refund', 'refunds_payable', 'wallet', CASE WHEN transfer_id IS NOT NULL THEN note.amount END, NULL, transfer_id)`,
  ];
  return sql`
    SELECT credit_note_id AS id, array_remove(ARRAY[
      CASE WHEN amount <> lines.total THEN format('it says %s, but its lines sum to %s', amount, lines.total) END,
      CASE WHEN journals.said IS DISTINCT FROM journals.expected
        THEN format('it has the journals: %s, where they should be: %s', journals.said, journals.expected) END,
      CASE WHEN of_order.credited > of_order.invoiced
        THEN format('its order was invoiced %s, and credited %s', of_order.invoiced, of_order.credited) END
    ], NULL) AS wrong
    FROM (SELECT * FROM credit_notes WHERE credit_note_id > ${creditNoteId} ORDER BY credit_note_id LIMIT ${limit}) note
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(quantity * unit_price), 0) AS total FROM credit_note_lines WHERE credit_note_id = note.credit_note_id
    ) lines
    CROSS JOIN LATERAL (
      SELECT ${posted(sql`return_id = note.credit_note_id AND order_id = note.order_id`)} AS said, ${expected(rows)} AS expected
    ) journals
    CROSS JOIN LATERAL (
      SELECT (SELECT coalesce(sum(amount), 0) FROM invoices WHERE order_id = note.order_id) AS invoiced,
        (SELECT sum(amount) FROM credit_notes WHERE order_id = note.order_id) AS credited
    ) of_order
    ORDER BY credit_note_id`;
}

/** What a seller's books say is in the wallet by orders: debit minus credit. */
export interface WalletAccount {
  readonly seller_wallet_id: WalletId;
  readonly currency: string;
  readonly balance: string;
}

/** The account of each wallet, in pages by the wallet's id. */
export function walletAccounts(reader: Reader): AsyncGenerator<WalletAccount[]> {
  return pagesOf(
    reader,
    (id, limit) => sql`
      SELECT seller_wallet_id, currency, sum(balance) AS balance FROM accounts
      WHERE seller_wallet_id > ${id} AND code = 'wallet' GROUP BY 1, 2 ORDER BY seller_wallet_id LIMIT ${limit}`,
    (row) => row.seller_wallet_id,
  );
}

/** What a transfer has moved into the wallet, or, below zero, out of it, as the books say. */
export interface WalletPosting {
  readonly journal_id: string;
  readonly seller_wallet_id: WalletId;
  readonly transfer_id: TransferId;
  readonly amount: string;
}

/** Each journal that names a transfer, in pages by its id: their amounts sum to the wallet accounts' balances. */
export function walletPostings(reader: Reader): AsyncGenerator<WalletPosting[]> {
  return pagesOf(
    reader,
    (id, limit) => sql`
      SELECT journal_id, seller_wallet_id, transfer_id, sum(
        CASE ${BOOKS} || '/wallet' WHEN debit_account THEN amount WHEN credit_account THEN -amount ELSE 0 END) AS amount
      FROM (
        SELECT * FROM journals WHERE journal_id > ${id} AND transfer_id IS NOT NULL ORDER BY journal_id LIMIT ${limit}
      ) journal LEFT JOIN journal_lines USING (journal_id)
      GROUP BY journal_id, seller_wallet_id, transfer_id ORDER BY journal_id`,
    (row) => row.journal_id,
  );
}
