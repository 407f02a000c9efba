// A wallet's balance over time: every entry is a step while they are few, each slice's last balance is exact when they are many, and
// ten times the entries cost the same.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { BalanceHistory } from '../../client/wire.ts';
import { balanceHistoryRoutes } from '../../api/wallet/balance-history.ts';
import { lastEntries } from '../../db/wallet/history-queries.ts';
import { balanceAt } from '../../db/wallet/wallet-queries.ts';
import type { WalletId } from '../../domain/ids.ts';
import { baseApp, jsonOf } from '../pure/api-fakes.ts';
import { startCluster, type TestCluster, type TestStores } from './database.ts';
import { explaining, type PlanNode } from './plans.ts';
import { fresh, walletsOver, type Wallets } from './wallets.ts';

const DAY_MS = 24 * 3_600_000;
const BEGIN = Date.parse('2026-01-01T00:00:00.000Z');
const at = (ms: number): string => new Date(BEGIN + ms).toISOString();

describe('the history of a balance', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  let wallets: Wallets;
  before(async () => {
    cluster = await startCluster();
    stores = await cluster.createStores({ shards: 1 });
    wallets = walletsOver(stores.wallets.map(({ service }) => service));
  });
  after(() => cluster?.stop());

  const ask = (id: string, query: string) =>
    jsonOf(
      baseApp()
        .route('/', balanceHistoryRoutes(stores.wallets.map(({ service }) => service)))
        .request(`/v1/wallets/${id}/balance-history${query}`),
    );
  const read = async (id: string, query = ''): Promise<BalanceHistory> => {
    const { status, body } = await ask(id, query);
    assert.equal(status, 200, JSON.stringify(body));
    return body as unknown as BalanceHistory;
  };

  /** A wallet with entries of 1.0001 each, one a minute from BEGIN on; `seconds` of entry n as an expression of SQL. */
  async function filled(count: number, seconds = '60 * n'): Promise<WalletId> {
    const id = await wallets.open(fresh('history'));
    await stores.wallets[0]!.admin.execute(`
      INSERT INTO ledger_entries (entry_id, wallet_id, transaction_id, type, amount, sequence, balance_after, created_at)
      SELECT gen_random_uuid(), '${id}', gen_random_uuid(), 'CREDIT', 1.0001, n, 1.0001 * n,
        '${at(0)}'::timestamptz + (${seconds}) * interval '1 second' FROM generate_series(1, ${count}) n;
      UPDATE wallets SET balance = 1.0001 * ${count}, last_sequence = ${count} WHERE wallet_id = '${id}';
      ANALYZE ledger_entries;`);
    return id;
  }
  const range = (fromMs: number, toMs: number): string => `?from=${at(fromMs)}&to=${at(toMs)}`;

  test('has every entry as a step while they are few, and the balance from before', async () => {
    const id = await filled(10);
    const all = await read(id, range(0, DAY_MS));
    assert.deepEqual([all.balance_before, all.is_exact, all.data.length, all.currency], ['0.0000', true, 10, 'USD']);
    assert.deepEqual(all.data[2], { at: at(180_000), balance: '3.0003', entries: 1 });
    const some = await read(id, range(180_000, 300_000));
    assert.deepEqual(
      [some.balance_before, some.data.map(({ balance }) => balance)],
      ['2.0002', ['3.0003', '4.0004', '5.0005']],
    );
    const none = await read(id, range(DAY_MS, 2 * DAY_MS));
    assert.deepEqual([none.balance_before, none.data, none.is_exact], ['10.0010', [], true]);
  });

  test('of many entries has the exact balance at the end of each slice, and counts what lies between', async () => {
    const id = await filled(2_000);
    const { data, is_exact } = await read(id, `${range(0, 2_000 * 60_000)}&points=50`);
    assert.deepEqual([is_exact, data.length], [false, 50]);
    assert.equal(
      data.reduce((sum, { entries }) => sum + entries, 0),
      2_000,
    );
    assert.equal(data.at(-1)?.balance, '2000.2000');
    for (const point of data) {
      const known = await balanceAt(stores.wallets[0]!.service, id, new Date(point.at));
      assert.equal(point.balance, known);
    }
  });

  test('goes by the sequence where the clock went back: what bears a later time than its followers is no step', async () => {
    // The third entry was made while the clock was ten minutes ahead.
    const id = await filled(6, '60 * n + CASE n WHEN 3 THEN 600 ELSE 0 END');
    await stores.wallets[0]!.admin.execute(`UPDATE wallets SET clock_back_sequence = 4 WHERE wallet_id = '${id}'`);
    const { data } = await read(id, range(0, DAY_MS));
    assert.deepEqual(
      data.map(({ balance }) => balance),
      ['1.0001', '2.0002', '4.0004', '5.0005', '6.0006'],
    );
    const few = await read(id, `${range(0, DAY_MS)}&points=2`);
    assert.deepEqual([few.is_exact, few.data.at(-1)?.balance], [false, '6.0006']);
    const later = await read(id, range(400_000, DAY_MS));
    assert.deepEqual([later.balance_before, later.data], ['6.0006', []]);
  });

  test('costs the same of ten times as many entries', async () => {
    const plans: PlanNode[] = [];
    const explained = explaining(stores.wallets[0]!.service, plans);
    const instants = Array.from({ length: 25 }, (_, n) => new Date(BEGIN + n * 3_600_000));
    const buffersOf = async (id: WalletId): Promise<number> => {
      plans.length = 0;
      await lastEntries(explained, id, instants);
      return plans.reduce((sum, plan) => sum + plan['Shared Hit Blocks'] + plan['Shared Read Blocks'], 0);
    };
    const [few, many] = [await buffersOf(await filled(2_000)), await buffersOf(await filled(20_000))];
    // The index of many is a level deeper for each look-up.
    assert.ok(many <= few + 6 * instants.length, `${few} buffers of few, ${many} of many`);
  });

  test('of an unknown wallet is not found, and what it is asked by is judged', async () => {
    const missing = await ask('00000000-0000-4000-8000-000000000000', '');
    assert.deepEqual([missing.status, missing.body['code']], [404, 'wallet_not_found']);
    const id = await filled(1);
    for (const [query, code] of [
      ['?points=0', 'event_limit_invalid'],
      ['?points=1001', 'event_limit_invalid'],
      ['?from=yesterday', 'instant_invalid'],
      [range(2, 1), 'instant_invalid'],
      ['?days=3', 'unknown_parameter'],
    ] as const) {
      const { status, body } = await ask(id, query);
      assert.deepEqual([status, body['code']], [422, code], query);
    }
  });
});
