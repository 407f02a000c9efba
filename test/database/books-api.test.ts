// The books over HTTP: documents, journals and the trial balance as they were posted, and lists that end, whatever they filter.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { bookRoutes } from '../../api/accounting/books.ts';
import { consignmentId } from '../../domain/derived-id.ts';
import type { OrderId } from '../../domain/ids.ts';
import { baseApp, jsonOf } from '../pure/api-fakes.ts';
import { booksOver, freshReturn, freshSeller, freshTransfer, type Books } from './books.ts';
import { rowsOf, startCluster, type TestCluster, type TestDatabase } from './database.ts';
import { freshOrder } from './order-steps.ts';

type Item = Record<string, unknown>;

describe('the books over HTTP', () => {
  let cluster: TestCluster;
  let store: TestDatabase;
  let books: Books;
  let app: ReturnType<typeof appOver>;
  before(async () => {
    cluster = await startCluster();
    store = await cluster.createOrderStore('accounting');
    books = booksOver(store);
    app = appOver();
  });
  after(() => cluster?.stop());

  const appOver = () => baseApp().route('/', bookRoutes(store.service));
  const get = async (path: string): Promise<Item> => {
    const { status, body } = await jsonOf(app.request(`/v1/${path}`));
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  };
  const list = async (path: string): Promise<Item[]> => (await get(path))['data'] as Item[];
  const codeOf = async (path: string): Promise<string> => {
    const { status, body } = await jsonOf(app.request(`/v1/${path}`));
    return `${status} ${body['code'] as string}`;
  };

  test('an invoice is shown with its lines, by its id and in the lists of its seller, buyer, order and status', async () => {
    const [orderId, seller, paidBy] = [freshOrder(), freshSeller(), freshTransfer()];
    await books.invoice(orderId, { seller, paidBy });
    const id = consignmentId(orderId, 1);
    const invoice = await get(`invoices/${id}`);
    assert.deepEqual(invoice['lines'], [
      { sku: 'lamp', quantity: 2, unit_price: '10.0001', amount: '20.0002' },
      { sku: 'desk', quantity: 1, unit_price: '5.0000', amount: '5.0000' },
    ]);
    const { number, amount, shipping_amount, status, transfer_id, currency } = invoice;
    assert.deepEqual([number, amount, shipping_amount], [1, '29.0002', '4.0000']);
    assert.deepEqual([status, transfer_id, currency], ['PAID', paidBy, 'USD']);
    const buyer = `buyer_wallet_id=${invoice['buyer_wallet_id'] as string}`;
    for (const query of [`order_id=${orderId}`, `seller_wallet_id=${seller}`, `seller_wallet_id=${seller}&${buyer}`])
      assert.deepEqual(await list(`invoices?${query}&status=PAID`), [invoice], query);
    assert.deepEqual(await list(`invoices?seller_wallet_id=${seller}&status=DUE`), []);
    assert.ok((await list(`invoices?${buyer}`)).some((each) => each['invoice_id'] === id));
    assert.equal((await list('invoices?limit=1'))[0]?.['invoice_id'], id, 'the newest of all');
  });

  test('what is due is found by its status as long as it is due', async () => {
    const [orderId, seller] = [freshOrder(), freshSeller()];
    await books.invoice(orderId, { seller });
    const idsOf = async (status: string) => (await list(`invoices?status=${status}`)).map((each) => each['order_id']);
    assert.ok((await idsOf('DUE')).includes(orderId));
    await books.writeOff(orderId, { seller });
    assert.equal((await idsOf('DUE')).includes(orderId), false);
    assert.ok((await idsOf('WRITTEN_OFF')).includes(orderId));
  });

  test('credit notes, journals and the trial balance say what was posted', async () => {
    const [orderId, seller, paidBy, back] = [freshOrder(), freshSeller(), freshTransfer(), freshTransfer()];
    const returnId = freshReturn(orderId);
    await books.invoice(orderId, { seller, paidBy });
    await books.creditNote(orderId, { seller, returnId });
    const [owed] = await list(`credit-notes?seller_wallet_id=${seller}`);
    assert.deepEqual([owed?.['return_id'], owed?.['amount'], owed?.['transfer_id']], [returnId, '20.0002', null]);
    await books.refund(orderId, { seller, returnId }, back);
    const [note] = await list(`credit-notes?order_id=${orderId}&seller_wallet_id=${seller}`);
    assert.deepEqual([note?.['transfer_id'], note?.['number']], [back, 1]);
    const journals = await list(`journals?order_id=${orderId}`);
    assert.deepEqual(
      journals.map(({ kind, number, consignment, return_id, transfer_id }) => [
        kind,
        number,
        consignment,
        return_id,
        transfer_id,
      ]),
      [
        ['refund', null, null, returnId, back],
        ['credit_note', 1, null, returnId, null],
        ['invoice', 1, 1, null, paidBy],
      ],
    );
    assert.deepEqual(journals[2]?.['lines'], [
      { line: 1, debit_account: `${seller}/wallet`, credit_account: `${seller}/revenue`, amount: '25.0002' },
      { line: 2, debit_account: `${seller}/wallet`, credit_account: `${seller}/shipping_revenue`, amount: '4.0000' },
    ]);
    const { accounts, ...totals } = await get(`trial-balance?seller_wallet_id=${seller}`);
    assert.deepEqual(totals, {
      seller_wallet_id: seller,
      currency: 'USD',
      debit_total: '69.0006',
      credit_total: '69.0006',
    });
    const balances = (accounts as Item[]).map(({ code, balance }) => [code, balance]);
    assert.deepEqual(Object.fromEntries(balances), {
      bad_debt: '0.0000',
      receivable: '0.0000',
      refunds_payable: '0.0000',
      returns: '20.0002',
      revenue: '-25.0002',
      shipping_revenue: '-4.0000',
      wallet: '9.0000',
    });
    const nobody = await get(`trial-balance?seller_wallet_id=${freshSeller()}`);
    assert.deepEqual([nobody['currency'], nobody['accounts'], nobody['debit_total']], [null, [], '0.0000']);
  });

  test('pages follow each other without a gap or a repeat while documents are added', async () => {
    const seller = freshSeller();
    const orders: OrderId[] = [];
    const add = async (): Promise<void> => {
      const orderId = freshOrder();
      orders.unshift(orderId);
      await books.invoice(orderId, { seller });
    };
    for (let n = 0; n < 5; n += 1) await add();
    for (const kind of ['invoices', 'journals']) {
      const expected = [...orders];
      const seen: unknown[] = [];
      let cursor = '';
      do {
        const { data, next_cursor } = await get(`${kind}?seller_wallet_id=${seller}&limit=2${cursor}`);
        seen.push(...(data as Item[]).map((each) => each['order_id']));
        cursor = next_cursor === null ? '' : `&cursor=${next_cursor as string}`;
        await add();
      } while (cursor !== '');
      assert.deepEqual(seen, expected, kind);
    }
  });

  test('a list that would test very many documents stops, and goes on where it stopped', async () => {
    const [orderId, seller] = [freshOrder(), freshSeller()];
    await books.invoice(orderId, { seller, paidBy: freshTransfer() });
    await rowsOf(
      store.admin,
      `INSERT INTO invoices (invoice_id, seller_wallet_id, number, buyer_wallet_id, order_id, consignment, currency, shipping_amount,
         amount, status, transfer_id, created_at)
       SELECT gen_random_uuid(), seller_wallet_id, n + 1, buyer_wallet_id, gen_random_uuid(), 1, currency, 0, 1, 'COLLECTED',
         transfer_id, created_at + n * interval '1 ms'
       FROM invoices, generate_series(1, 10500) AS n WHERE seller_wallet_id = '${seller}'`,
    );
    const first = await get(`invoices?seller_wallet_id=${seller}&status=PAID`);
    assert.deepEqual(first['data'], []);
    assert.equal(typeof first['next_cursor'], 'string');
    const second = await get(
      `invoices?seller_wallet_id=${seller}&status=PAID&cursor=${first['next_cursor'] as string}`,
    );
    assert.deepEqual(
      (second['data'] as Item[]).map((each) => each['order_id']),
      [orderId],
    );
    assert.equal(second['next_cursor'], null);
  });

  test('what is not there and what does not validate have their codes', async () => {
    const codes = await Promise.all(
      [
        `invoices/${consignmentId(freshOrder(), 1)}`,
        'invoices/7',
        'invoices?status=OPEN',
        'invoices?seller_wallet_id=me',
        'journals?order_id=1',
        'journals?limit=201',
        'credit-notes?status=DUE',
        'credit-notes?cursor=x',
        'trial-balance',
      ].map(codeOf),
    );
    assert.deepEqual(codes, [
      '404 invoice_not_found',
      '422 invoice_id_invalid',
      '422 status_invalid',
      '422 wallet_id_invalid',
      '422 order_id_invalid',
      '422 limit_invalid',
      '422 unknown_parameter',
      '422 cursor_invalid',
      '422 field_missing',
    ]);
  });
});
