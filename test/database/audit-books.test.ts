// The audit of the books can fail: each rule is broken by hand, and the audit names the breach, and no other invariant.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { checkBooks, walletAccounts, walletPostings } from '../../audit/books.ts';
import { collectFindings, type Invariant } from '../../audit/findings.ts';
import { withSnapshots } from '../../audit/reader.ts';
import { consignmentId } from '../../domain/derived-id.ts';
import type { OrderId, WalletId } from '../../domain/ids.ts';
import { booksOver, freshReturn, freshSeller, freshTransfer } from './books.ts';
import { rowsOf, startCluster, type TestCluster, type TestDatabase } from './database.ts';
import { freshOrder } from './order-steps.ts';

describe('the audit of the books', () => {
  let cluster: TestCluster;
  let store: TestDatabase;
  let seller: WalletId;
  let orders: Record<'paid' | 'due' | 'collected' | 'writtenOff', OrderId>;
  const [captured, collected, paidBack] = [freshTransfer(), freshTransfer(), freshTransfer()];
  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster?.stop());
  beforeEach(async () => {
    store = await cluster.createOrderStore('accounting', 4);
    seller = freshSeller();
    orders = { paid: freshOrder(), due: freshOrder(), collected: freshOrder(), writtenOff: freshOrder() };
    const books = booksOver(store);
    await books.invoice(orders.paid, { seller, paidBy: captured });
    for (const orderId of [orders.due, orders.collected, orders.writtenOff]) await books.invoice(orderId, { seller });
    await books.collect(orders.collected, { seller }, collected);
    await books.writeOff(orders.writtenOff, { seller });
    const [refunded, owed] = [freshReturn(orders.paid), freshReturn(orders.collected)];
    await books.creditNote(orders.paid, { seller, returnId: refunded });
    await books.refund(orders.paid, { seller, returnId: refunded }, paidBack);
    await books.creditNote(orders.collected, { seller, returnId: owed });
  });

  const idOf = (order: keyof typeof orders): string => consignmentId(orders[order], 1);
  const account = (code: string): string => `account_id = '${seller}/${code}'`;

  async function look() {
    const findings = collectFindings();
    const checked = await withSnapshots([{ database: store.service, locked: [] }], ([reader]) =>
      checkBooks(reader!, findings),
    );
    return { checked, totals: findings.totals(), violations: findings.violations() };
  }

  test('finds nothing wrong with books that are in order', async () => {
    const { checked, violations } = await look();
    assert.deepEqual(violations, []);
    assert.deepEqual(checked, { sellers: 1, journals: 9, invoices: 4, credit_notes: 2 });
  });

  test('the wallet account is the sum of the transfers that it names', async () => {
    const read = async <Row>(pages: AsyncGenerator<Row[]>): Promise<Row[]> => {
      const rows: Row[] = [];
      for await (const page of pages) rows.push(...page);
      return rows;
    };
    assert.deepEqual(await read(walletAccounts(store.service)), [
      { seller_wallet_id: seller, currency: 'USD', balance: '38.0002' },
    ]);
    const postings = await read(walletPostings(store.service));
    assert.deepEqual(Object.fromEntries(postings.map((each) => [each.transfer_id, each.amount])), {
      [captured]: '29.0002',
      [collected]: '29.0002',
      [paidBack]: '-20.0002',
    });
  });

  const breach = (what: string, damage: () => string, breaks: readonly Invariant[], said: RegExp): void => {
    test(`names it: ${what}`, async () => {
      await rowsOf(store.admin, damage());
      const { totals, violations } = await look();
      const sentences = violations.map((each) => `${each.invariant} ${each.subject}: ${each.detail}`);
      assert.deepEqual(Object.keys(totals).sort(), breaks, sentences.join('\n'));
      assert.ok(
        sentences.some((sentence) => said.test(sentence)),
        sentences.join('\n'),
      );
    });
  };

  breach(
    'an account that was raised',
    () => `UPDATE accounts SET debit_total = debit_total + 1 WHERE ${account('wallet')}`,
    ['O5'],
    /O5 seller .*: account .*\/wallet says debit 59.0004 and credit 20.0002, but its lines sum to 58.0004 and 20.0002/,
  );
  breach(
    'two accounts that are wrong by the same amount',
    () => `
      UPDATE accounts SET debit_total = debit_total + 1 WHERE ${account('wallet')};
      UPDATE accounts SET credit_total = credit_total + 1 WHERE ${account('revenue')}`,
    ['O5'],
    /account .*\/revenue says/,
  );
  breach(
    'an account that is gone',
    () => `
      ALTER TABLE journal_lines DROP CONSTRAINT journal_lines_debit_account_accounts_account_id_fk;
      DELETE FROM accounts WHERE ${account('bad_debt')}`,
    ['O5'],
    /it has 6 accounts/,
  );
  breach(
    'a hole in the numbers',
    () => `UPDATE invoices SET number = 9 WHERE invoice_id = '${idOf('due')}';
      UPDATE journals SET number = 9 WHERE order_id = '${orders.due}' AND kind = 'invoice'`,
    ['O5'],
    /4 invoices are numbered 1 to 9, and the last number given is 4/,
  );
  breach(
    'a number that was given and is on no credit note',
    () => `UPDATE document_numbers SET last_number = 3 WHERE kind = 'credit_note'`,
    ['O5'],
    /2 credit_notes are numbered 1 to 2, and the last number given is 3/,
  );
  breach(
    'a transfer that is posted twice',
    () => `UPDATE journals SET transfer_id = '${captured}' WHERE order_id = '${orders.collected}' AND kind = 'collection';
      UPDATE invoices SET transfer_id = '${captured}' WHERE invoice_id = '${idOf('collected')}'`,
    ['O5'],
    /1 transfers are posted more than once/,
  );
  breach(
    'a journal whose lines are gone, accounts and all',
    () => `
      WITH gone AS (
        DELETE FROM journal_lines WHERE journal_id = (SELECT journal_id FROM journals WHERE kind = 'write_off') RETURNING amount)
      UPDATE accounts SET debit_total = debit_total - CASE code WHEN 'bad_debt' THEN amount ELSE 0 END,
        credit_total = credit_total - CASE code WHEN 'receivable' THEN amount ELSE 0 END FROM gone`,
    ['O4', 'O5'],
    /O5 journal .*: it has no lines/,
  );
  breach(
    'a line that names an account of another seller',
    () => `
      INSERT INTO accounts (account_id, seller_wallet_id, code, name, currency)
      SELECT w || '/' || code, w, code, name, currency FROM accounts, (SELECT '${freshSeller()}'::uuid AS w) other;
      UPDATE journal_lines SET debit_account = (SELECT account_id FROM accounts WHERE code = 'bad_debt' AND seller_wallet_id <> '${seller}')
      WHERE debit_account = '${seller}/bad_debt'`,
    ['O5'],
    /O5 journal .*: 1 of its lines name an account of other books/,
  );
  breach(
    'a journal of an invoice that is not there',
    () =>
      `DELETE FROM invoice_lines WHERE invoice_id = '${idOf('due')}'; DELETE FROM invoices WHERE invoice_id = '${idOf('due')}'`,
    ['O5'],
    /O5 journal .*: it posts invoice of no document/,
  );
  breach(
    'an invoice that does not sum up',
    () =>
      `UPDATE invoice_lines SET quantity = 3, amount = 3 * unit_price WHERE invoice_id = '${idOf('paid')}' AND line = 1`,
    ['O4'],
    /O4 invoice .*: it says 29.0002, but its lines and the shipping sum to 39.0003/,
  );
  breach(
    'an invoice that is no consignment’s',
    () => `UPDATE invoices SET order_id = '${freshOrder()}' WHERE invoice_id = '${idOf('due')}';
      UPDATE journals SET order_id = i.order_id FROM invoices i WHERE i.invoice_id = '${idOf('due')}' AND journals.order_id = '${orders.due}'`,
    ['O4'],
    /its id is not that of its consignment/,
  );
  breach(
    'a paid invoice that was posted as due',
    () => `UPDATE invoices SET status = 'PAID', transfer_id = '${freshTransfer()}' WHERE invoice_id = '${idOf('due')}'`,
    ['O4'],
    /it is PAID with the journals: invoice 2: receivable from revenue 25.0002;.* where they should be: invoice 2: wallet from revenue/,
  );
  breach(
    'an invoice that was marked as collected, and nothing posted',
    () =>
      `UPDATE invoices SET status = 'COLLECTED', transfer_id = '${freshTransfer()}' WHERE invoice_id = '${idOf('due')}'`,
    ['O4'],
    /it is COLLECTED with the journals: .* where they should be: collection: wallet from receivable 29.0002 by/,
  );
  breach(
    'a collection by another transfer than the invoice says',
    () => `UPDATE journals SET transfer_id = '${freshTransfer()}' WHERE kind = 'collection'`,
    ['O4'],
    /it is COLLECTED with the journals: collection: wallet from receivable/,
  );
  breach(
    'a refund of which the credit note knows nothing',
    () => `UPDATE credit_notes SET transfer_id = NULL`,
    ['O4'],
    /O4 credit note .*: it has the journals: credit_note 1: returns from refunds_payable 20.0002; refund: .* where they should be: credit_note 1/,
  );
  breach(
    'a credit note that does not sum up',
    () => `UPDATE credit_note_lines SET quantity = 1, amount = unit_price`,
    ['O4'],
    /it says 20.0002, but its lines sum to 10.0001/,
  );
  breach(
    'more that is credited than was invoiced',
    () => `
      UPDATE invoices SET shipping_amount = 0, amount = 10.0001 WHERE invoice_id = '${idOf('paid')}'`,
    ['O4'],
    /O4 credit note .*: its order was invoiced 10.0001, and credited 20.0002/,
  );
});
