// Stock over HTTP: changes count once for their key, nothing is promised away, and bad requests get their codes and store nothing.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { stockListRoutes } from '../../api/inventory/list.ts';
import { stockRoutes } from '../../api/inventory/stock.ts';
import { ON_HAND_MAX } from '../../domain/inventory/stock.ts';
import { createInventoryActivities } from '../../activities/inventory/inventory.ts';
import type { ReturnId } from '../../domain/ids.ts';
import { returnId } from '../../domain/derived-id.ts';
import { baseApp, jsonOf } from '../pure/api-fakes.ts';
import { rowsOf, startCluster, type TestCluster, type TestDatabase } from './database.ts';
import { eventsOf, freshOrder } from './order-steps.ts';
import { assertStockAgrees } from './stock.ts';
import { fresh, trace } from './wallets.ts';

describe('stock over HTTP', () => {
  let cluster: TestCluster;
  let store: TestDatabase;
  let app: ReturnType<typeof appOver>;
  before(async () => {
    cluster = await startCluster();
    store = await cluster.createOrderStore('inventory');
    app = appOver();
  });
  after(() => cluster?.stop());

  const appOver = () =>
    baseApp()
      .route('/', stockRoutes({ database: store.service }))
      .route('/', stockListRoutes({ database: store.service }));
  const send = async (method: string, path: string, body: unknown, key?: string) => {
    const headers = { 'content-type': 'application/json', ...(key === undefined ? {} : { 'idempotency-key': key }) };
    const answer = await app.request(path, { method, headers, body: JSON.stringify(body) });
    return { ...(await jsonOf(answer)), isReplayed: answer.headers.get('idempotent-replayed') === 'true' };
  };
  const count = (sku: string, on_hand: unknown) => send('PUT', `/v1/stock/${sku}`, { on_hand });
  const receive = (sku: string, body: object, key?: string) => send('POST', `/v1/stock/${sku}/receipts`, body, key);
  const adjust = (sku: string, body: object, key?: string) => send('POST', `/v1/stock/${sku}/adjustments`, body, key);
  const show = (path: string) => jsonOf(app.request(path));
  const stored = () =>
    rowsOf(store.admin, 'SELECT (SELECT count(*) FROM stock_entries), (SELECT count(*) FROM step_fences)');

  test('a count makes the stock; its repeat changes nothing; a count below what is reserved is refused', async () => {
    const sku = fresh('lamp');
    const counted = await count(sku, 10);
    const { on_hand, reserved, available } = counted.body;
    assert.deepEqual([counted.status, on_hand, reserved, available], [200, 10, 0, 10]);
    assert.deepEqual((await count(sku, 10)).body, counted.body);
    const lines = [{ sku, quantity: 4 }];
    await createInventoryActivities(store.service).reserve({ orderId: freshOrder(), lines, allowSplit: false, trace });
    const refused = await count(sku, 3);
    assert.deepEqual([refused.status, refused.body['code']], [409, 'stock_reserved']);
    assert.equal((await count(sku, 4)).body['available'], 0);
    assert.equal((await show(`/v1/stock/${sku}`)).body['reserved'], 4);
    const [latest] = await rowsOf<{ subject: string }>(
      store.admin,
      `SELECT subject FROM outbox_events WHERE type = 'stock.counted' ORDER BY sequence DESC LIMIT 1`,
    );
    assert.deepEqual(await eventsOf(store, latest!.subject), ['stock.counted']);
    await assertStockAgrees(store.admin);
  });

  test('a receipt makes the stock and counts once for its key, and so does an adjustment', async () => {
    const [sku, key] = [fresh('lamp'), fresh('key')];
    const received = await receive(sku, { quantity: 10, unit_cost: '7.25', reason: 'PO 4711' }, key);
    assert.deepEqual([received.status, received.isReplayed], [201, false]);
    const { type, quantity, on_hand_after, unit_cost, cause_id } = received.body;
    assert.deepEqual([type, quantity, on_hand_after, unit_cost], ['RECEIPT', 10, 10, '7.2500']);
    const again = await receive(sku, { reason: 'PO 4711', unit_cost: '7.2500', quantity: 10 }, key);
    assert.deepEqual([again.status, again.isReplayed, again.body], [200, true, received.body]);
    const other = await receive(sku, { quantity: 11, reason: 'PO 4711' }, key);
    assert.deepEqual([other.status, other.body['code']], [422, 'idempotency_key_reused']);
    const adjusted = await adjust(sku, { quantity: -3, unit_cost: '7.25', reason: 'Broken' }, key);
    assert.deepEqual([adjusted.status, adjusted.body['on_hand_after'], adjusted.body['unit_cost']], [201, 7, '7.2500']);
    assert.deepEqual(await eventsOf(store, String(cause_id)), ['stock.received']);
    assert.deepEqual(await eventsOf(store, String(adjusted.body['cause_id'])), ['stock.adjusted']);
    await assertStockAgrees(store.admin);
  });

  test('what was refused uses up no key', async () => {
    const [sku, key] = [fresh('lamp'), fresh('key')];
    const unknown = await adjust(sku, { quantity: 1, reason: 'Found' }, key);
    assert.deepEqual([unknown.status, unknown.body['code']], [404, 'stock_not_found']);
    await count(sku, 2);
    const tooFew = await adjust(sku, { quantity: -3, reason: 'Found' }, key);
    assert.deepEqual([tooFew.status, tooFew.body['code']], [409, 'stock_reserved']);
    assert.equal((await adjust(sku, { quantity: 1, reason: 'Found' }, key)).status, 201);
    await count(sku, ON_HAND_MAX);
    const tooMuch = await receive(sku, { quantity: 1 }, key);
    assert.deepEqual([tooMuch.status, tooMuch.body['code']], [409, 'stock_too_large']);
    await assertStockAgrees(store.admin);
  });

  test('entries are listed newest first by cursor, and tell how many were scrapped', async () => {
    const sku = fresh('lamp');
    await count(sku, 2);
    const operations = createInventoryActivities(store.service);
    const orderId = freshOrder();
    await operations.reserve({ orderId, lines: [{ sku, quantity: 2 }], allowSplit: false, trace });
    const carrier = { holdExpiresAtMs: Date.now() + 3_600_000, marginSeconds: 60, carrierReference: 'van 7' };
    await operations.issue({ orderId, n: 1, ...carrier, trace });
    const back: ReturnId = returnId(orderId, 'k');
    const lines = [{ sku, quantity: 2, disposition: 'scrap' as const }];
    await operations.takeBack({ orderId, returnId: back, lines, trace });
    const pages: unknown[] = [];
    for (let cursor = ''; pages.length < 9;) {
      const { body } = await show(`/v1/stock/${sku}/entries?limit=3${cursor}`);
      pages.push(...(body['data'] as { type: string; quantity: number }[]).map((each) => [each.type, each.quantity]));
      if (body['next_cursor'] === null) break;
      cursor = `&cursor=${body['next_cursor'] as string}`;
    }
    assert.deepEqual(pages, [
      ['SCRAP', 2],
      ['ISSUE', 2],
      ['RESERVATION', 2],
      ['COUNT', 2],
    ]);
    const first = await show('/v1/stock?limit=1');
    assert.equal((first.body['data'] as unknown[]).length, 1);
    assert.equal((await show(`/v1/stock?cursor=${String(first.body['next_cursor'])}`)).status, 200);
  });

  test('bad requests get their codes, and nothing is stored', async () => {
    const sku = fresh('lamp');
    await count(sku, 5);
    const before = await stored();
    const key = fresh('key');
    const refusals: [Promise<{ status: number; body: Record<string, unknown> }>, number, string][] = [
      [count(sku, -1), 422, 'on_hand_invalid'],
      [count(sku, 1.5), 422, 'on_hand_invalid'],
      [count(sku, ON_HAND_MAX + 1), 422, 'on_hand_invalid'],
      [count(sku, '5'), 422, 'on_hand_invalid'],
      [count('a'.repeat(65), 1), 422, 'sku_invalid'],
      [count('a%20b', 1), 422, 'sku_invalid'],
      [send('PUT', `/v1/stock/${sku}`, { on_hand: 1, reserved: 0 }), 422, 'unknown_field'],
      [receive(sku, { quantity: 1 }), 400, 'idempotency_key_missing'],
      [receive(sku, { quantity: 0 }, key), 422, 'quantity_invalid'],
      [receive(sku, { quantity: 1_000_001 }, key), 422, 'quantity_invalid'],
      [receive(sku, { quantity: 1e30 }, key), 422, 'quantity_invalid'],
      [receive(sku, { quantity: 1, unit_cost: '1.23456' }, key), 422, 'amount_too_precise'],
      [receive(sku, { quantity: 1, reason: 'a\u0000' }, key), 422, 'text_invalid'],
      [adjust(sku, { quantity: 0, reason: 'x' }, key), 422, 'adjustment_invalid'],
      [adjust(sku, { quantity: -1_000_001, reason: 'x' }, key), 422, 'adjustment_invalid'],
      [adjust(sku, { quantity: 1 }, key), 422, 'field_missing'],
      [show('/v1/stock/nowhere'), 404, 'stock_not_found'],
      [show('/v1/stock/nowhere/entries'), 404, 'stock_not_found'],
      [show('/v1/stock?limit=0'), 422, 'limit_invalid'],
      [show('/v1/stock?cursor=x'), 422, 'cursor_invalid'],
      [show('/v1/stock?sku=x'), 422, 'unknown_parameter'],
    ];
    for (const [call, status, code] of refusals) {
      const { status: answered, body } = await call;
      assert.deepEqual([answered, body['code']], [status, code]);
    }
    assert.deepEqual(await stored(), before);
  });
});
