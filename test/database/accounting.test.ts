// The accounting's operations over a real database: each document and each posting is made once, its amounts are exact, and what
// does not fit the books raises and leaves nothing.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { consignmentId } from '../../domain/derived-id.ts';
import type { OrderId, WalletId } from '../../domain/ids.ts';
import { booksOver, freshReturn, freshSeller, freshTransfer, type Books } from './books.ts';
import { rowsOf, startCluster, type TestCluster, type TestDatabase } from './database.ts';
import { eventsOf, freshOrder, refusalOf } from './order-steps.ts';
import { EUR } from './wallets.ts';

describe('the accounting', () => {
  let cluster: TestCluster;
  let store: TestDatabase;
  let books: Books;
  before(async () => {
    cluster = await startCluster();
    store = await cluster.createOrderStore('accounting');
    books = booksOver(store);
  });
  after(() => cluster?.stop());
  afterEach(async () => {
    const uneven = await rowsOf(
      store.admin,
      'SELECT seller_wallet_id FROM accounts GROUP BY 1 HAVING sum(balance) <> 0',
    );
    assert.deepEqual(uneven, []);
  });

  const dueInvoice = async (): Promise<{ orderId: OrderId; seller: WalletId }> => {
    const made = { orderId: freshOrder(), seller: freshSeller() };
    await books.invoice(made.orderId, made);
    return made;
  };
  const rowOf = async (orderId: OrderId) =>
    (await rowsOf(store.admin, `SELECT status, transfer_id FROM invoices WHERE order_id = '${orderId}'`))[0];

  test('an invoice that is paid is posted to the wallet, exactly, and a repeat finds it', async () => {
    const [orderId, seller, paidBy] = [freshOrder(), freshSeller(), freshTransfer()];
    for (let again = 0; again < 3; again += 1)
      assert.deepEqual(await books.invoice(orderId, { seller, paidBy }), { number: 1, amount: '29.0002' });
    assert.deepEqual(await books.balances(seller), {
      wallet: '29.0002',
      revenue: '-25.0002',
      shipping_revenue: '-4.0000',
    });
    assert.deepEqual(await rowOf(orderId), { status: 'PAID', transfer_id: paidBy });
    assert.deepEqual(await eventsOf(store, consignmentId(orderId, 1)), ['invoice.issued']);
    const names = await rowsOf(store.admin, `SELECT name FROM accounts WHERE account_id = '${seller}/wallet'`);
    assert.deepEqual(names, [{ name: `wallet:${seller}` }]);
  });

  test('an invoice without shipping has one journal line', async () => {
    const [orderId, seller] = [freshOrder(), freshSeller()];
    await books.invoice(orderId, { seller, paidBy: freshTransfer(), shipping: '0.0000' });
    assert.deepEqual(await books.balances(seller), { wallet: '25.0002', revenue: '-25.0002' });
  });

  test('a repeat for another buyer’s terms, another price or another payment raises', async () => {
    const [orderId, seller] = [freshOrder(), freshSeller()];
    await books.invoice(orderId, { seller });
    for (const other of [
      { seller: freshSeller() },
      { seller, paidBy: freshTransfer() },
      { seller, shipping: '4.0001' },
      { seller, lines: [{ sku: 'lamp', quantity: 2, unitPrice: '10.0002' }] },
    ])
      assert.equal(await refusalOf(books.invoice(orderId, other)), 'step_fences_terms');
    assert.deepEqual(await books.numbers('invoices', seller), [1]);
  });

  test('an invoice that fails gives its number back', async () => {
    const [orderId, seller] = [freshOrder(), freshSeller()];
    await books.invoice(freshOrder(), { seller });
    const nothing = { seller, shipping: '0.0000', lines: [{ sku: 'lamp', quantity: 1, unitPrice: '0.0000' }] };
    assert.equal(await refusalOf(books.invoice(orderId, nothing)), 'invoices_amount');
    assert.deepEqual(await books.invoice(orderId, { seller }), { number: 2, amount: '29.0002' });
  });

  test('the books of a seller have one currency', async () => {
    const seller = freshSeller();
    await books.invoice(freshOrder(), { seller });
    assert.equal(await refusalOf(books.invoice(freshOrder(), { seller, currency: EUR })), 'accounts_currency');
    assert.deepEqual(await books.numbers('invoices', seller), [1]);
  });

  test('what is due is collected by a transfer, once', async () => {
    const { orderId, seller } = await dueInvoice();
    assert.equal((await books.balances(seller))['receivable'], '29.0002');
    const paidBy = freshTransfer();
    for (let again = 0; again < 3; again += 1) await books.collect(orderId, { seller }, paidBy);
    assert.deepEqual(await books.balances(seller), {
      wallet: '29.0002',
      revenue: '-25.0002',
      shipping_revenue: '-4.0000',
    });
    assert.deepEqual(await rowOf(orderId), { status: 'COLLECTED', transfer_id: paidBy });
    assert.equal(await refusalOf(books.writeOff(orderId, { seller })), 'step_fences_terms');
    assert.deepEqual(await eventsOf(store, consignmentId(orderId, 1)), ['invoice.issued', 'invoice.collected']);
  });

  test('what is due is written off, once', async () => {
    const { orderId, seller } = await dueInvoice();
    for (let again = 0; again < 3; again += 1) await books.writeOff(orderId, { seller });
    assert.deepEqual(await books.balances(seller), {
      bad_debt: '29.0002',
      revenue: '-25.0002',
      shipping_revenue: '-4.0000',
    });
    assert.deepEqual(await rowOf(orderId), { status: 'WRITTEN_OFF', transfer_id: null });
    assert.equal(await refusalOf(books.collect(orderId, { seller })), 'step_fences_terms');
    assert.deepEqual(await eventsOf(store, consignmentId(orderId, 1)), ['invoice.issued', 'invoice.written-off']);
  });

  test('what is not due is not settled, and nothing stays of the attempt', async () => {
    const [paid, seller] = [freshOrder(), freshSeller()];
    await books.invoice(paid, { seller, paidBy: freshTransfer() });
    assert.equal(await refusalOf(books.writeOff(paid, { seller })), 'invoices_due');
    const late = freshOrder();
    assert.equal(await refusalOf(books.collect(late, { seller })), 'invoices_due');
    await books.invoice(late, { seller });
    assert.equal(await refusalOf(books.collect(late, { seller: freshSeller() })), 'invoices_due');
    await books.writeOff(late, { seller });
  });

  test('a credit note is owed until its refund is posted, each once, with numbers of its own', async () => {
    const { orderId, seller } = await dueInvoice();
    const [returnId, paidBy] = [freshReturn(orderId), freshTransfer()];
    assert.equal(await refusalOf(books.refund(orderId, { seller, returnId })), 'credit_notes_owed');
    for (let again = 0; again < 3; again += 1)
      assert.deepEqual(await books.creditNote(orderId, { seller, returnId }), { number: 1, amount: '20.0002' });
    assert.equal((await books.balances(seller))['refunds_payable'], '-20.0002');
    for (let again = 0; again < 3; again += 1) await books.refund(orderId, { seller, returnId }, paidBy);
    const { wallet, returns, refunds_payable: owed } = await books.balances(seller);
    assert.deepEqual([wallet, returns, owed], ['-20.0002', '20.0002', undefined]);
    assert.equal(await refusalOf(books.refund(orderId, { seller, returnId })), 'step_fences_terms');
    assert.deepEqual(await eventsOf(store, returnId), ['credit-note.issued', 'refund.posted']);
    const second = await books.creditNote(orderId, { seller, returnId: freshReturn(orderId) });
    assert.equal(second.number, 2);
    assert.deepEqual(await books.numbers('invoices', seller), [1]);
  });

  test('a journal line of one account, or of less than nothing, cannot be written by anybody', async () => {
    const { orderId } = await dueInvoice();
    const line = (values: string) => `
      INSERT INTO journal_lines SELECT journal_id, 9, ${values} FROM journals
      JOIN accounts USING (seller_wallet_id) WHERE order_id = '${orderId}' AND code = 'wallet'`;
    const write = (values: string) => refusalOf(rowsOf(store.admin, line(values)));
    assert.equal(await write('account_id, account_id, 1'), 'journal_lines_two_accounts');
    assert.equal(await write(`account_id, seller_wallet_id || '/revenue', -1`), 'journal_lines_amount_positive');
    assert.equal(await write(`account_id, 'nobody', 1`), 'journal_lines_credit_account_accounts_account_id_fk');
  });
});
