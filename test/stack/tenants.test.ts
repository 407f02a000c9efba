// Two tenants on a stack whose services run apart, so that the transfer API asks the wallet API for each: the same keys and users are two
// of everything, money goes from neither to the other, and the audit agrees.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createClient, type Client } from '../../client/client.ts';
import { readApiKey } from '../../dev/api-key-file.ts';
import { runCounterpoise } from '../pure/run-counterpoise.ts';
import { openMoney, type Money } from './money.ts';
import { startStack, until, type TestStack } from './stack.ts';

const WAIT = { waitSeconds: 30 };

interface Side {
  readonly client: Client;
  readonly alice: string;
  readonly bob: string;
  readonly transfer: string;
}

describe('two tenants of a stack', () => {
  let stack: TestStack;
  let money: Money;
  const sides = new Map<string, Side>();
  before(async () => {
    stack = await startStack({ separate: true });
    await stack.waitUntilReady();
    money = await openMoney(stack);
  });
  after(async () => {
    await money?.close();
    await stack?.remove();
  });

  async function rootKeyOf(tenant: string): Promise<string> {
    if (tenant === 'default') return readApiKey(stack.dataDir)!;
    const env = { DATA_DIR: stack.dataDir, COUNTERPOISE_API_URL: '', COUNTERPOISE_API_KEY: '' };
    const { code, stdout, stderr } = await runCounterpoise(['tenants', 'create', tenant, '--json'], { env });
    assert.equal(code, 0, stderr);
    return (JSON.parse(stdout) as { root_key: { secret: string } }).root_key.secret;
  }

  test('use the same users and keys, and have two of everything', async () => {
    for (const tenant of ['default', 'acme', 'bolt']) {
      const client = createClient({ baseUrl: stack.api, apiKey: await rootKeyOf(tenant) });
      const [alice, bob] = [
        await client.wallets.open({ user_id: 'alice' }),
        await client.wallets.open({ user_id: 'bob' }),
      ];
      const [from, to] = [alice.wallet.wallet_id, bob.wallet.wallet_id];
      const options = (idempotencyKey: string) => ({ ...WAIT, idempotencyKey });
      const paid = await client.transactions.create(
        { wallet_id: from, type: 'CREDIT', amount: '100.00' },
        options('deposit'),
      );
      assert.equal(paid.status, 'PROCESSED');
      const moved = await client.transfers.create(
        { sender_wallet_id: from, receiver_wallet_id: to, amount: '30.00' },
        options('transfer'),
      );
      assert.equal(moved.status, 'COMPLETED');
      sides.set(tenant, { client, alice: from, bob: to, transfer: moved.transfer_id });
    }
    for (const name of ['alice', 'bob', 'transfer'] as const)
      assert.equal(new Set([...sides.values()].map((side) => side[name])).size, 3, name);
  });

  test('see their own wallets, legs and activity, and nothing of another’s', async () => {
    for (const [tenant, { client, alice, transfer }] of sides) {
      assert.equal((await client.wallets.get(alice)).balance, '70.0000');
      assert.equal((await client.call('getMovementLegs', { path: { movement_id: transfer } })).entries.length, 2);
      await until(30_000, `the activity of ${tenant} is not counted`, async () => {
        const { data } = await client.wallets.activity(alice);
        return data.map(({ type }) => type).join() === 'wallet.credited,wallet.debited';
      });
      for (const [other, theirs] of sides) {
        if (other === tenant) continue;
        await assert.rejects(client.wallets.get(theirs.alice), { code: 'wallet_not_found' });
        await assert.rejects(client.transfers.get(theirs.transfer), { code: 'transfer_not_found' });
        const legs = await client.call('getMovementLegs', { path: { movement_id: theirs.transfer } });
        assert.deepEqual([legs.fences, legs.entries], [[], []]);
        assert.deepEqual((await client.wallets.activity(theirs.alice)).data, []);
      }
    }
  });

  test('take nothing from each other, and give nothing', async () => {
    const [{ client, alice: own }, { alice: theirs }] = [sides.get('acme')!, sides.get('bolt')!];
    for (const [sender_wallet_id, receiver_wallet_id, reason] of [
      [theirs, own, 'sender_not_found'],
      [own, theirs, 'receiver_not_found'],
    ] as const) {
      const tried = await client.transfers.create({ sender_wallet_id, receiver_wallet_id, amount: '1.00' }, WAIT);
      assert.deepEqual([tried.status, tried.failure_reason], ['FAILED', reason]);
    }
    for (const { client: each, alice } of sides.values())
      assert.equal((await each.wallets.get(alice)).balance, '70.0000');
  });

  test('order with the same key from stock of their own, are paid in their own wallets, and are sent the goods', async () => {
    const ordered = new Map<string, string>();
    for (const [tenant, { client, alice: buyer, bob: seller }] of sides) {
      await client.products.put('TEAPOT-1L', { unit_price: tenant === 'acme' ? '3.00' : '2.00', currency: 'USD' });
      await client.stock.count('TEAPOT-1L', 3);
      const lines = [{ sku: 'TEAPOT-1L', quantity: 1 }];
      const body = { buyer_wallet_id: buyer, seller_wallet_id: seller, currency: 'USD', lines };
      const order = await client.orders.create(body, { ...WAIT, idempotencyKey: 'order' });
      assert.equal(order.status, 'CONFIRMED', JSON.stringify(order));
      ordered.set(tenant, order.order_id);
      await client.orders.handOver(order.order_id, 1, { carrier_reference: 'van 1' });
      const shipment = order.consignments[0]!.shipment_id!;
      const report = { event_id: 'report-1', status: 'DELIVERED' as const, at: new Date().toISOString() };
      await until(30_000, `the goods of ${tenant} are not on their way`, async () => {
        const reported = await client.shipments.report(shipment, report).catch(() => undefined);
        return reported?.status === 'DELIVERED';
      });
      await until(30_000, `the order of ${tenant} has not ended`, async () => {
        return (await client.orders.get(order.order_id)).status === 'COMPLETED';
      });
      const { return_id: id } = await client.returns.create(order.order_id, { lines }, { idempotencyKey: 'return' });
      await client.returns.receive(id);
      await until(30_000, `the return of ${tenant} is not paid back`, async () => {
        return (await client.returns.get(id)).status === 'REFUNDED';
      });
    }
    assert.equal(new Set(ordered.values()).size, 3);
    for (const [tenant, { client, bob }] of sides) {
      const { on_hand: onHand, reserved } = await client.stock.get('TEAPOT-1L');
      assert.deepEqual([onHand, reserved], [3, 0]);
      const { data: invoices } = await client.books.invoices.list();
      assert.deepEqual(
        invoices.map(({ number, amount, seller_wallet_id }) => [number, amount, seller_wallet_id]),
        [[1, tenant === 'acme' ? '3.0000' : '2.0000', bob]],
      );
      for (const [other, id] of ordered)
        if (other !== tenant) await assert.rejects(client.orders.get(id), { code: 'order_not_found' });
    }
  });

  test('are bound by their own policies alone', async () => {
    const [acme, bolt] = [sides.get('acme')!, sides.get('bolt')!];
    await bolt.client.call('setApprovalPolicy', { path: { currency: 'USD' }, body: { version: 0, above: '5.00' } });
    const statusIn = async ({ client, alice, bob }: Side): Promise<string> => {
      const body = { sender_wallet_id: alice, receiver_wallet_id: bob, amount: '6.00' };
      return (await client.transfers.create(body, WAIT)).status;
    };
    assert.deepEqual([await statusIn(acme), await statusIn(bolt)], ['COMPLETED', 'AWAITING_APPROVAL']);
    const withdraw = async ({ client, alice }: Side): Promise<string> =>
      (await client.transactions.create({ wallet_id: alice, type: 'DEBIT', amount: '6.00' }, WAIT)).status;
    assert.deepEqual([await withdraw(acme), await withdraw(bolt)], ['PROCESSED', 'AWAITING_APPROVAL']);
    for (const { client } of [acme, sides.get('default')!])
      assert.deepEqual((await client.call('listApprovals', { query: {} })).data, []);
  });

  test('leave books that agree', async () => {
    const { client } = sides.get('bolt')!;
    const waiting = (await client.call('listApprovals', { query: { status: 'AWAITING' } })).data;
    assert.deepEqual(waiting.map(({ kind }) => kind).toSorted(), ['transaction', 'transfer']);
    for (const { approval_id: id, kind, body_hash, policy_version } of waiting) {
      if (kind === 'transfer') await client.transfers.cancel(id, WAIT);
      else await client.approvals.reject(id, { body_hash, policy_version, comment: 'not agreed' });
      await until(30_000, `${kind} ${id} has not ended`, async () => {
        const { status } = await (kind === 'transfer' ? client.transfers.get(id) : client.transactions.get(id));
        return status === (kind === 'transfer' ? 'CANCELED' : 'FAILED');
      });
    }
    await money.assertSound();
  });
});
