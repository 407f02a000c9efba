// A new movement is refused for too many decimals and for forbidden characters in its notes; a movement that is stored already
// is not affected.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { recordTransferStatus } from '../../db/transfer/queries.ts';
import { transferId } from '../../domain/derived-id.ts';
import { transferBodyHash } from '../../domain/transfer/movement-body.ts';
import { acceptTransfer } from '../../db/transfer/acceptance.ts';
import { CURRENCIES } from '../../domain/currency.ts';
import type { TransferId, WalletId } from '../../domain/ids.ts';
import type { AmountPrecision } from '../../domain/amount-precision.ts';
import { RECEIVER, SENDER, testApp, type Problem } from '../pure/api-fakes.ts';
import { startCluster, type TestCluster, type TestStores } from './database.ts';
import { fresh, trace, USD } from './wallets.ts';

interface Answer {
  readonly status: number;
  readonly body: Problem & { readonly transfer_id: string; readonly amount: string };
  readonly isReplayed: boolean;
}

const PAIR = { sender_wallet_id: SENDER, receiver_wallet_id: RECEIVER };

describe('what only new movements are asked', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  before(async () => {
    cluster = await startCluster();
    stores = await cluster.createStores();
  });
  after(() => cluster.stop());

  const post = async (
    path: string,
    body: object,
    { key = fresh('key'), precision = 'currency' }: { key?: string; precision?: AmountPrecision } = {},
  ): Promise<Answer> => {
    const { service } = stores.transfer;
    const { app } = testApp({ database: service, batchDatabase: service, amountPrecision: precision });
    const response = await app.request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
    });
    return {
      status: response.status,
      body: (await response.json()) as Answer['body'],
      isReplayed: response.headers.get('idempotent-replayed') === 'true',
    };
  };
  const completed = async (body: object, precision: AmountPrecision): Promise<string> => {
    const { transfer_id: id } = (await post('/v1/transfers', { ...PAIR, ...body }, { precision })).body;
    await recordTransferStatus(stores.transfer.service, id as TransferId, { status: 'COMPLETED' }, trace);
    return id;
  };
  const told = ({ status, body }: Answer) => [status, body.code, body.errors?.[0]?.pointer, body.detail];

  test('what comes in or goes out has the decimals of the minor unit, and what is finer is told how many those are', async () => {
    for (const [currency, taken, refused, detail] of [
      ['JPY', '10', '10.25', 'JPY has no decimals: must be a whole number.'],
      ['JPY', '10.0000', '0.5', 'JPY has no decimals: must be a whole number.'],
      ['USD', '10.25', '10.255', 'USD has 2 decimals, and what comes in or goes out has no more.'],
      ['KWD', '10.255', '10.2555', 'KWD has 3 decimals, and what comes in or goes out has no more.'],
    ] as const) {
      for (const type of ['CREDIT', 'DEBIT']) {
        const of = (amount: string, precision?: AmountPrecision) =>
          post('/v1/transactions', { wallet_id: SENDER, type, amount, currency }, precision && { precision });
        assert.equal((await of(taken)).status, 202, `${taken} ${currency}`);
        assert.deepEqual(told(await of(refused)), [422, 'amount_too_precise', '/amount', `amount: ${detail}`]);
        assert.equal((await of(refused, 'ledger')).status, 202);
      }
    }
  });

  test('between wallets there are four decimals, and none of a currency without minor unit', async () => {
    for (const [currency, amount, status] of [
      ['USD', '0.0001', 202],
      ['KWD', '0.0001', 202],
      ['JPY', '7', 202],
      ['JPY', '7.0001', 422],
    ] as const) {
      const body = { ...PAIR, amount, currency };
      assert.equal((await post('/v1/transfers', body)).status, status);
      assert.equal((await post('/v1/recurring-transfers', { ...body, every: 60 })).status, status === 202 ? 201 : 422);
      const batch = await post('/v1/transfer-batches', { items: [{ ...PAIR, amount: '1' }, body] });
      assert.equal(batch.status, status);
      if (status === 422) assert.equal(batch.body.errors?.[0]?.pointer, '/items/1/amount');
    }
  });

  test('a repeat of what was taken under another rule names what it made', async () => {
    for (const [path, body, first] of [
      ['/v1/transfers', { ...PAIR, amount: '7.5', currency: 'JPY' }, 202],
      ['/v1/transactions', { wallet_id: SENDER, type: 'CREDIT', amount: '7.5', currency: 'JPY' }, 202],
      ['/v1/transfer-batches', { items: [{ ...PAIR, amount: '7.5', currency: 'JPY' }] }, 202],
      ['/v1/recurring-transfers', { ...PAIR, amount: '7.5', currency: 'JPY', every: 60 }, 201],
    ] as const) {
      const key = fresh('key');
      assert.equal((await post(path, body, { key, precision: 'ledger' })).status, first, path);
      const again = await post(path, body, { key });
      assert.deepEqual([again.status, again.isReplayed], [first, true], path);
    }
  });

  test('all that is left of what moved under another rule can be given back, and a part of it in whole numbers', async () => {
    const reverse = async (id: string, body: object) => post(`/v1/transfers/${id}/reversals`, body);
    const id = await completed({ amount: '7.5', currency: 'JPY' }, 'ledger');
    assert.deepEqual(told(await reverse(id, { amount: '0.5' })).slice(0, 2), [422, 'amount_too_precise']);
    assert.equal((await reverse(id, { amount: '3' })).body.amount, '3.0000');
    assert.equal((await reverse(id, {})).body.amount, '4.5000');
    const other = await completed({ amount: '7.5', currency: 'JPY' }, 'ledger');
    assert.equal((await reverse(other, { amount: '7.5' })).status, 202);
  });

  test('a part of a hold is captured in whole numbers of a currency without minor unit', async () => {
    const made = await post(
      '/v1/transfers',
      { ...PAIR, amount: '7.5', currency: 'JPY', capture_method: 'manual' },
      { precision: 'ledger' },
    );
    const refused = await post(`/v1/transfers/${made.body.transfer_id}/capture`, { amount: '0.5' });
    assert.deepEqual(told(refused).slice(0, 2), [422, 'amount_too_precise']);
  });

  test('controls and marks of direction in notes are refused, naming the field and the character', async () => {
    const forbidden = [0, 9, 10, 13, 27, 0x1f, 0x7f, 0x80, 0x9f, 0x61c, 0x200e, 0x200f, 0x2028, 0x2029];
    forbidden.push(...[0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069]);
    for (const code of forbidden.slice(1)) {
      const text = `Rent ${String.fromCharCode(code)}25.00`;
      const name = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
      for (const [notes, pointer, what] of [
        [{ reference: text }, '/reference', 'It'],
        [{ metadata: { a: 'plain', b: text } }, '/metadata/b', 'It'],
        [{ metadata: { [text]: 'plain' } }, '/metadata', 'A key'],
      ] as const) {
        const answer = await post('/v1/transfers', { ...PAIR, amount: '1', ...notes });
        assert.deepEqual(told(answer).slice(0, 3), [422, 'character_forbidden', pointer], name);
        assert.ok(answer.body.detail?.startsWith(`${pointer.slice(1)}: ${what} has ${name}.`), answer.body.detail);
      }
    }
  });

  test('every request that keeps notes refuses them', async () => {
    const reference = 'Rent\u202e00.52';
    for (const [path, body, pointer] of [
      ['/v1/transfers', { ...PAIR, amount: '1', reference }, '/reference'],
      ['/v1/transactions', { wallet_id: SENDER, type: 'CREDIT', amount: '1', reference }, '/reference'],
      ['/v1/recurring-transfers', { ...PAIR, amount: '1', every: 60, reference }, '/reference'],
      ['/v1/transfer-batches', { items: [{ ...PAIR, amount: '1', reference }] }, '/items/0/reference'],
    ] as const)
      assert.deepEqual(told(await post(path, body)).slice(0, 3), [422, 'character_forbidden', pointer]);
  });

  test('letters of any script, marks on them and joined emoji are no controls', async () => {
    for (const reference of [
      'Żółć — naïve',
      'إيجار شهر مايو',
      'שכר דירה',
      '家賃',
      'क्षत्रिय',
      '👩‍👩‍👧 🏳️‍🌈',
      'soft\u00adhyphen',
    ])
      assert.equal((await post('/v1/transfers', { ...PAIR, amount: '1', reference })).status, 202, reference);
  });

  test('notes that were kept before stay readable and findable, and a repeat names what has them', async () => {
    const key = fresh('key');
    const notes = { reference: 'Rent\nMay', metadata: { note: 'a\tb' } };
    const terms = {
      transferId: transferId(key),
      senderWalletId: SENDER as WalletId,
      receiverWalletId: RECEIVER as WalletId,
      amount: '1.0000',
      currency: USD,
    };
    const bodyHash = transferBodyHash({ ...terms, ...notes });
    await acceptTransfer(
      stores.transfer.service,
      terms,
      { ...notes, idempotencyKey: key, bodyHash, deadlineSeconds: 600 },
      trace,
    );
    const again = await post('/v1/transfers', { ...PAIR, amount: '1', ...notes }, { key });
    assert.deepEqual([again.status, again.isReplayed], [202, true]);
    const { app } = testApp({ database: stores.transfer.service });
    for (const query of ['reference=Rent%0AMay', 'metadata[note]=a%09b']) {
      const found = (await (await app.request(`/v1/transfers?${query}`)).json()) as { data: { reference: string }[] };
      assert.deepEqual(
        found.data.map(({ reference }) => reference),
        [notes.reference],
      );
    }
  });

  test('a key belongs to its route: on another one it names another thing', async () => {
    const key = fresh('key');
    const body = { ...PAIR, amount: '1' };
    assert.deepEqual([(await post('/v1/transfers', body, { key })).isReplayed], [false]);
    for (const [path, other, status] of [
      ['/v1/transactions', { wallet_id: SENDER, type: 'CREDIT', amount: '1' }, 202],
      ['/v1/transfer-batches', { items: [body] }, 202],
      ['/v1/recurring-transfers', { ...body, every: 60 }, 201],
    ] as const) {
      const answer = await post(path, other, { key });
      assert.deepEqual([answer.status, answer.isReplayed], [status, false], path);
    }
    const document = await (await testApp().app.request('/openapi.json')).text();
    assert.match(document, /A key belongs to its route/);
  });

  test('the list of currencies says how many decimals each has', async () => {
    const listed = async (amountPrecision: AmountPrecision) => {
      const response = await testApp({ amountPrecision }).app.request('/v1/currencies');
      const { data } = (await response.json()) as { data: { code: string }[] };
      assert.deepEqual(
        data.map(({ code }) => code),
        CURRENCIES,
      );
      return ['JPY', 'KWD', 'USD'].map((wanted) => data.find(({ code }) => code === wanted));
    };
    const of = (
      code: string,
      minor_units: number,
      transaction_decimals_max: number,
      transfer_decimals_max: number,
    ) => ({
      code,
      minor_units,
      transaction_decimals_max,
      transfer_decimals_max,
    });
    assert.deepEqual(await listed('currency'), [of('JPY', 0, 0, 0), of('KWD', 3, 3, 4), of('USD', 2, 2, 4)]);
    assert.deepEqual(await listed('ledger'), [of('JPY', 0, 4, 4), of('KWD', 3, 4, 4), of('USD', 2, 4, 4)]);
  });
});
