// Finding anything: each id leads to its thing with its path, references and metadata to what has them, a key is shown what it may
// read, and a source that does not answer is named.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { FoundThings } from '../../client/wire.ts';
import { acceptTransfer } from '../../db/transfer/acceptance.ts';
import type { Scope } from '../../domain/access/scopes.ts';
import { transferId } from '../../domain/derived-id.ts';
import type { TransferId, WalletId } from '../../domain/ids.ts';
import type { OrderService } from '../../domain/order-services.ts';
import { forbiddenDatabase, jsonOf, testApp } from '../pure/api-fakes.ts';
import { acceptOnly, keyHolder } from '../pure/api-holders.ts';
import { depsOver } from './app-over.ts';
import { startCluster, type TestCluster, type TestDatabase, type TestStores } from './database.ts';
import { movementsOver, type Movements } from './movements.ts';
import { EUR, fresh, trace, USD } from './wallets.ts';

const KEY = 'cpk_0000000000000000000000000000000000000000000000000';
const ID = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;

describe('finding anything', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  let orders: Record<OrderService, TestDatabase>;
  let access: TestDatabase;
  let movements: Movements;
  let alice: WalletId;
  let bob: WalletId;
  before(async () => {
    cluster = await startCluster();
    [stores, orders, access] = await Promise.all([
      cluster.createStores({ shards: 2 }),
      cluster.createOrderStores(),
      cluster.createAccessStore(),
    ]);
    movements = movementsOver(stores);
    [alice, bob] = await Promise.all([movements.wallets.open('alice', '9.0000'), movements.wallets.open('bob')]);
    await movements.wallets.open('alice', undefined, EUR);
  });
  after(() => cluster?.stop());

  const find = async (q: string, overrides: Parameters<typeof testApp>[0] = {}): Promise<FoundThings> => {
    const { app } = testApp({ ...depsOver(stores, orders), accessDatabase: access.service, ...overrides });
    const headers = { authorization: `Bearer ${KEY}` };
    const { status, body } = await jsonOf(app.request(`/v1/find?q=${encodeURIComponent(q)}`, { headers }));
    assert.equal(status, 200, JSON.stringify(body));
    return body as unknown as FoundThings;
  };
  const shortly = ({ data }: FoundThings): string[] =>
    data.map(({ type, matched, label, status }) => `${type} by ${matched}: ${label} ${status ?? ''}`.trim()).sort();

  async function accepted(notes: { reference?: string; metadata?: Record<string, string> }): Promise<TransferId> {
    const key = fresh('found');
    const terms = {
      transferId: transferId(key),
      senderWalletId: alice,
      receiverWalletId: bob,
      amount: '1.5000',
      currency: USD,
    };
    const acceptance = { reference: notes.reference, metadata: notes.metadata ?? {}, idempotencyKey: key };
    await acceptTransfer(stores.transfer.service, terms, { ...acceptance, bodyHash: '00', deadlineSeconds: 60 }, trace);
    return terms.transferId;
  }

  test('a transfer is found by its id, also within a workflow id and in upper case, with the path that shows it', async () => {
    const id = await accepted({});
    for (const q of [id, id.toUpperCase(), `transfer/${id}`, `  ${id} `]) {
      const { data } = await find(q);
      assert.deepEqual(
        data.map(({ type, id: found, path, label }) => [type, found, path, label]),
        [['transfer', id, `/v1/transfers/${id}`, '1.5000 USD']],
        q,
      );
    }
  });

  test('a wallet is found by its id, and all wallets of a user by theirs', async () => {
    assert.deepEqual(shortly(await find(alice)), ['wallet by id: alice USD ACTIVE']);
    assert.deepEqual(shortly(await find('alice')), [
      'wallet by user_id: alice EUR ACTIVE',
      'wallet by user_id: alice USD ACTIVE',
    ]);
  });

  test('movements are found by a reference and by a pair of metadata, ten of them at most', async () => {
    await accepted({ reference: 'Invoice 7', metadata: { order: '42=x' } });
    assert.deepEqual(shortly(await find('Invoice 7')), ['transfer by reference: 1.5000 USD PENDING']);
    assert.deepEqual(shortly(await find('order=42=x')), ['transfer by metadata: 1.5000 USD PENDING']);
    assert.deepEqual(shortly(await find('order=42')), []);
    for (let n = 0; n < 12; n += 1) await accepted({ reference: 'often' });
    const { data, is_cut } = await find('often');
    assert.deepEqual([data.length, is_cut], [10, true]);
    assert.deepEqual(
      data.map(({ at }) => at),
      data.map(({ at }) => at).toSorted((a, b) => String(b).localeCompare(String(a))),
    );
  });

  test('what lies behind very many movements of others is not said to be nothing', async () => {
    const id = await accepted({ reference: 'everybody' });
    await stores.transfer.admin.execute(`
      INSERT INTO transfers (transfer_id, tenant, sender_wallet_id, receiver_wallet_id, amount, currency, reference, idempotency_key, body_hash,
        request_id, deadline_at, created_at)
      SELECT gen_random_uuid(), 'acme', md5('one')::uuid, md5('two')::uuid, 1, 'USD', 'everybody', 'other ' || i, '\\x00', 'test', now(),
        now() + interval '1 minute' FROM generate_series(1, 10000) i`);
    const { data, is_cut } = await find('everybody');
    assert.deepEqual([data, is_cut], [[], true]);
    // With one less, the search gets to it.
    await stores.transfer.admin.execute(`DELETE FROM transfers WHERE idempotency_key = 'other 1'`);
    const found = await find('everybody');
    assert.deepEqual([found.data.map(({ id: each }) => each), found.is_cut], [[id], true]);
  });

  test('what other services have is found by its id, a product by its SKU, an event by its position', async () => {
    await orders.order.admin.execute(`
      INSERT INTO products (sku, name, unit_price, currency) VALUES ('TEAPOT', 'A teapot', 19.9, 'USD');
      INSERT INTO orders (order_id, buyer_wallet_id, seller_wallet_id, currency, goods_amount, shipping_amount, allow_split, idempotency_key,
        body_hash, request_id, deadline_at, hold_seconds)
      VALUES ('${ID(1)}', '${ID(8)}', '${ID(9)}', 'USD', 3, 1.5, false, 'key', '\\x00', 'test', now(), 60);
      INSERT INTO order_cases (case_id, order_id, reason) VALUES ('${ID(2)}', '${ID(1)}', 'payment_due');`);
    await orders.delivery.admin.execute(
      `INSERT INTO shipments (shipment_id, order_id, consignment, units) VALUES ('${ID(3)}', '${ID(1)}', 1, 4)`,
    );
    await stores.transfer.admin.execute(
      `INSERT INTO cases (case_id, subject, reason) VALUES ('${ID(4)}', 'wallet/x', 'balance_disagrees')`,
    );
    await access.admin.execute(
      `INSERT INTO principals (principal_id, tenant, kind, name) VALUES ('${ID(5)}', 'default', 'human', 'ann')`,
    );
    for (const [q, told, path] of [
      [ID(1), 'order by id: 4.5000 USD PENDING', `/v1/orders/${ID(1)}`],
      [ID(2), 'order_case by id: payment_due OPEN', `/v1/order-cases/${ID(2)}`],
      [ID(3), 'shipment by id: 4 units BOOKED', `/v1/shipments/${ID(3)}`],
      [ID(4), 'case by id: balance_disagrees wallet/x OPEN', `/v1/cases/${ID(4)}`],
      [ID(5), 'principal by id: ann human', `/v1/principals/${ID(5)}`],
      ['TEAPOT', 'product by sku: A teapot, 19.9000 USD', '/v1/products/TEAPOT'],
    ] as const) {
      const found = await find(q);
      assert.deepEqual(shortly(found), [told]);
      assert.equal(found.data[0]?.path, path);
    }
    assert.deepEqual(shortly(await find('evt_7')), [], 'the log of this test is empty');
  });

  test('a principal and keys are found by their name, of the tenant that asks, ten keys at most', async () => {
    await access.admin.execute(
      `INSERT INTO principals (principal_id, tenant, kind, name) VALUES ('${ID(6)}', 'default', 'service', 'payroll'), ('${ID(7)}', 'acme', 'service', 'payroll')`,
    );
    const made = (tenant: string, principal: string, count: number) =>
      access.admin.execute(`INSERT INTO api_keys (tenant, principal_id, name, key_hash, hint, scopes)
        SELECT '${tenant}', '${principal}', 'payroll', sha256(convert_to('${tenant}' || n, 'UTF8')), 'cpk_', '{}' FROM generate_series(1, ${count}) n`);
    await made('acme', ID(7), 1);
    await made('default', ID(6), 1);
    const found = await find('payroll');
    assert.deepEqual(shortly(found), ['api_key by name: payroll ACTIVE', 'principal by name: payroll service']);
    assert.equal(found.data.find(({ type }) => type === 'principal')?.path, `/v1/principals/${ID(6)}`);
    await access.admin.execute(`DELETE FROM api_keys`);
    await made('default', ID(6), 11);
    const many = await find('payroll');
    assert.deepEqual([many.data.length, many.is_cut], [11, true]);
    const authentication = acceptOnly(keyHolder({ scopes: ['transfers:read'] }));
    assert.deepEqual((await find('payroll', { authentication })).data, []);
  });

  test('a key is shown what its scopes let it read, and told what it was not asked for', async () => {
    const scopes: Scope[] = ['transfers:read'];
    const authentication = acceptOnly(keyHolder({ scopes }));
    const { data, sources } = await find(alice, { authentication });
    assert.deepEqual([data, sources['transfers'], sources['wallets']], [[], 'ok', 'not_allowed']);
    assert.equal(sources['access'], 'not_allowed');
  });

  test('a source that does not answer or is not there is named, and the others are asked all the same', async () => {
    const blind = await find('alice', { database: forbiddenDatabase, orders: undefined, accessDatabase: undefined });
    assert.equal(blind.data.length, 2);
    const { transfers, wallets, orders: ordersState, access: accessState } = blind.sources;
    assert.deepEqual([transfers, wallets], ['unavailable', 'ok']);
    assert.deepEqual([ordersState, accessState], ['not_configured', 'not_configured']);
  });

  test('what cannot be looked for is refused', async () => {
    const { app } = testApp();
    for (const [query, code] of [
      ['', 'field_missing'],
      ['?q=', 'too_short'],
      [`?q=${'x'.repeat(601)}`, 'too_long'],
      ['?q=a%00', 'text_invalid'],
      ['?q=a&type=b', 'unknown_parameter'],
    ] as const) {
      const { status, body } = await jsonOf(app.request(`/v1/find${query}`));
      assert.deepEqual([status, body['code']], [422, code], query);
    }
  });
});
