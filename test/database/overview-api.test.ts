// The overview over real databases: exact money in each currency, what waits for a person, and an answer also while a part of it
// cannot be had.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { beginRun, finishRun } from '../../db/transfer/run-queries.ts';
import { recordTransferAttention } from '../../db/transfer/queries.ts';
import { EMPTY_TALLY } from '../../domain/transfer/reconciliation.ts';
import type { RunId } from '../../domain/ids.ts';
import type { OrderService } from '../../domain/order-services.ts';
import { forbiddenDatabase, jsonOf, testApp } from '../pure/api-fakes.ts';
import type { Overview } from '../../client/wire.ts';
import { depsOver } from './app-over.ts';
import { startCluster, type TestCluster, type TestDatabase, type TestStores } from './database.ts';
import { movementsOver, type Movements } from './movements.ts';
import { EUR, userOnShard } from './wallets.ts';

const NOBODY_ASKS = async () => ({
  'transfer-worker': { status: 'down' as const, reason: 'gone' },
  temporal: { status: 'up' as const },
});

describe('the overview', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  let orders: Record<OrderService, TestDatabase>;
  let movements: Movements;
  before(async () => {
    cluster = await startCluster();
    [stores, orders] = await Promise.all([cluster.createStores({ shards: 2 }), cluster.createOrderStores()]);
    movements = movementsOver(stores);
  });
  after(() => cluster?.stop());

  const read = async (overrides: Parameters<typeof testApp>[0] = {}): Promise<Overview> => {
    const { app } = testApp({ ...depsOver(stores, orders), readiness: NOBODY_ASKS, ...overrides });
    const { status, body } = await jsonOf(app.request('/v1/overview'));
    assert.equal(status, 200, JSON.stringify(body));
    return body as unknown as Overview;
  };
  const usd = (overview: Overview) => overview.currencies.find(({ currency }) => currency === 'USD');

  test('of an installation without anything: no money, nothing to do, and nothing known of the books', async () => {
    const { currencies, books, reconciliation, needs_you, attention, under_way } = await read();
    assert.deepEqual([currencies, under_way, reconciliation], [[], [], null]);
    assert.deepEqual(books, { balance: null, disagreements: 0, as_of: null });
    assert.deepEqual(needs_you, { count: 0, oldest_age_seconds: null });
    assert.deepEqual(new Set(attention.map(({ count }) => count)), new Set([0]));
  });

  test('counts what came in and has not left, over all shards, and apart what is held and what is on its way', async () => {
    const sender = await movements.wallets.open(userOnShard(0, 2), '100.0000');
    const receiver = await movements.wallets.open(userOnShard(1, 2), '23.5001');
    await movements.wallets.open(userOnShard(1, 2, EUR), '7.0000', EUR);
    const moved = await movements.acceptTransfer(sender, receiver, '10.0000');
    await movements.settle(moved);
    const debited = await movements.acceptTransfer(sender, receiver, '4.2500');
    await movements.debit(debited);
    await movements.acceptTransfer(sender, receiver, '0.7500');
    const held = await movements.acceptTransfer(sender, receiver, '30.0000');
    await stores.transfer.admin.execute(
      `UPDATE transfers SET capture_method = 'manual', expires_at = now() + interval '1 hour' WHERE transfer_id = '${held.transferId}'`,
    );
    await movements.debit(held);
    const overview = await read();
    assert.deepEqual(overview.currencies, [
      { currency: 'EUR', total: '7.0000', held: '0.0000', in_flight: '0.0000' },
      { currency: 'USD', total: '123.5001', held: '30.0000', in_flight: '5.0000' },
    ]);
    const underWay = overview.under_way.map(({ kind, status, count }) => `${count} ${kind} ${status}`).sort();
    assert.deepEqual(underWay, ['1 hold DEBITED', '1 transfer DEBITED', '1 transfer PENDING']);
    await movements.giveUp(debited, 'canceled');
    assert.deepEqual(usd(await read()), { currency: 'USD', total: '123.5001', held: '30.0000', in_flight: '0.7500' });
  });

  test('what shows attention needs a person once, with its case, and findings do as well', async () => {
    const [sender, receiver] = await Promise.all([
      movements.wallets.open(userOnShard(0, 2), '5.0000'),
      movements.wallets.open(userOnShard(1, 2)),
    ]);
    const stuck = await movements.acceptTransfer(sender, receiver, '1.0000');
    await recordTransferAttention(stores.transfer.service, stuck.transferId, 'refund_failing', 'no answer');
    await stores.transfer.admin.execute(`
      UPDATE transfers SET attention_since = now() - interval '12 minutes' WHERE transfer_id = '${stuck.transferId}';
      INSERT INTO cases (subject, reason) VALUES ('wallet/${sender}', 'balance_disagrees'), ('transfer/x', 'workflow_missing');`);
    const { needs_you, attention, books } = await read();
    const counts = Object.fromEntries(attention.map(({ kind, count }) => [kind, count]));
    assert.deepEqual([counts['transfers'], counts['holds'], counts['cases']], [1, 0, 3]);
    assert.equal(needs_you.count, 3);
    assert.ok(needs_you.oldest_age_seconds! >= 720 && needs_you.oldest_age_seconds! < 800);
    assert.equal(books.disagreements, 1);
    await stores.transfer.admin.execute(
      `UPDATE cases SET status = 'RESOLVED', resolved_at = now() WHERE transfer_id IS NULL`,
    );
  });

  test('whether the books balance is what the last reconciliation that came to its end said, whatever ran after it', async () => {
    const run = async (runId: string, status: 'CLEAN' | 'FAILED') => {
      const { service } = stores.transfer;
      await beginRun(service, { runId: runId as RunId, workflowId: `reconciliation/${runId}`, trigger: 'request' });
      await finishRun(service, runId as RunId, { status, tally: { ...EMPTY_TALLY, checked: 7 } });
    };
    await run('11111111-1111-4111-8111-111111111111', 'CLEAN');
    const clean = await read();
    assert.deepEqual(
      [clean.books.balance, clean.reconciliation?.status, clean.reconciliation?.checked],
      [true, 'CLEAN', 7],
    );
    await run('22222222-2222-4222-8222-222222222222', 'FAILED');
    const failed = await read();
    assert.deepEqual([failed.books, failed.reconciliation?.status], [clean.books, 'FAILED']);
    await stores.transfer.admin.execute(`INSERT INTO cases (subject, reason) VALUES ('shard/0', 'shard_behind')`);
    assert.equal((await read()).books.balance, false);
  });

  test('orders and returns that wait for an operator are counted, and their cases', async () => {
    await orders.order.admin.execute(`
      INSERT INTO orders (order_id, buyer_wallet_id, seller_wallet_id, currency, goods_amount, shipping_amount, allow_split, idempotency_key,
        body_hash, request_id, deadline_at, hold_seconds, attention_since, attention_reason)
      SELECT md5('order' || n)::uuid, md5('buyer')::uuid, md5('seller')::uuid, 'USD', 1, 0, false, n, '\\x00', 'test', now(), 60,
        CASE n WHEN 1 THEN now() - interval '2 hours' END, CASE n WHEN 1 THEN 'payment_due' END
      FROM generate_series(1, 3) n;
      INSERT INTO order_cases (order_id, reason, opened_at) VALUES (md5('order1')::uuid, 'payment_due', now() - interval '1 hour');
      INSERT INTO returns (return_id, order_id, status, idempotency_key, body_hash, request_id, amount, attention_since)
      VALUES (md5('return')::uuid, md5('order2')::uuid, 'RECEIVED', 'key', '\\x00', 'test', 1, now());`);
    const { attention, under_way, needs_you } = await read();
    const counts = Object.fromEntries(attention.map(({ kind, count }) => [kind, count]));
    assert.deepEqual([counts['orders'], counts['returns'], counts['order_cases']], [1, 1, 1]);
    assert.ok(needs_you.oldest_age_seconds! >= 7_200);
    assert.equal(under_way.find(({ kind }) => kind === 'order')?.count, 3);
  });

  test('workers are told by the checks of readiness; a source that does not answer is named, and the rest is shown', async () => {
    const { workers, queues, sources } = await read();
    assert.deepEqual(workers, [{ name: 'transfer-worker', status: 'down', reason: 'gone' }]);
    assert.deepEqual(queues, [], 'no Temporal in this test');
    assert.deepEqual(sources, { transfers: 'ok', wallets: 'ok', orders: 'ok', events: 'ok', temporal: 'unavailable' });
    const blind = await read({
      wallets: { shards: [forbiddenDatabase] },
      eventsDatabase: forbiddenDatabase,
      orders: undefined,
    });
    assert.deepEqual(blind.sources, {
      ...{
        transfers: 'ok',
        wallets: 'unavailable',
        orders: 'not_configured',
        events: 'unavailable',
        temporal: 'unavailable',
      },
    });
    assert.deepEqual(usd(blind), { currency: 'USD', total: null, held: '30.0000', in_flight: '1.7500' });
    const deaf = await read({ database: forbiddenDatabase });
    assert.deepEqual([deaf.sources.transfers, usd(deaf)?.held, usd(deaf)?.total], ['unavailable', null, '128.5001']);
    assert.deepEqual(deaf.books, { balance: null, disagreements: null, as_of: null });
    const unknown = { count: null, oldest_age_seconds: null };
    assert.deepEqual([deaf.needs_you, deaf.awaiting_approval], [unknown, unknown], 'not that nothing needs anybody');
  });

  test('one reading serves all who ask within a second', async () => {
    let readings = 0;
    const { app } = testApp({ readiness: async () => ((readings += 1), {}) });
    const answers = await Promise.all(Array.from({ length: 20 }, () => jsonOf(app.request('/v1/overview'))));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    assert.equal(readings, 1);
  });
});
