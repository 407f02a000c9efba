// The nemesis's leaping clock over real databases: while it leaps, everything that a service writes has the time that it shows;
// once it is healed, the database is as before.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { WalletId } from '../../domain/ids.ts';
import { makeClockLeap } from '../../nemesis/leaping-clock.ts';
import type { Stack } from '../../nemesis/stack.ts';
import { rowsOf, startCluster, type TestCluster, type TestDatabase, type TestStores } from './database.ts';
import { movementsOver, type Movements } from './movements.ts';
import { userOnShard } from './wallets.ts';

const HOURS = 300 * 24;
const AHEAD = `now() + interval '${HOURS - 1} hours'`;

describe('a clock that leaps', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  let movements: Movements;
  let wallet: WalletId;

  before(async () => {
    cluster = await startCluster();
    stores = await cluster.createStores();
    movements = movementsOver(stores);
    wallet = await movements.wallets.open(userOnShard(0, 2));
  });
  after(() => cluster?.stop());

  function stackOf({ admin }: TestDatabase): Pick<Stack, 'rows'> {
    return { rows: async (_place, statement, values = []) => (await admin.$client.query(statement, [...values])).rows };
  }

  /** What tells the service, its functions and its tables the time. */
  function clocksOf({ admin }: TestDatabase): Promise<unknown[]> {
    return rowsOf(
      admin,
      `SELECT oid::regprocedure::text AS what, proconfig::text AS how FROM pg_proc WHERE pronamespace = 'public'::regnamespace
       UNION ALL SELECT adrelid::regclass || '.' || adnum, pg_get_expr(adbin, adrelid) FROM pg_attrdef
         JOIN pg_class ON pg_class.oid = adrelid WHERE relnamespace = 'public'::regnamespace
       UNION ALL SELECT setrole::regrole::text, setconfig::text FROM pg_db_role_setting
         WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()) AND setconfig IS NOT NULL
       ORDER BY 1`,
    );
  }

  async function counted({ admin }: TestDatabase, table: string): Promise<number> {
    const [row] = await rowsOf<{ count: number }>(
      admin,
      `SELECT count(*)::int AS count FROM ${table} WHERE created_at > ${AHEAD}`,
    );
    return row!.count;
  }

  test('shows its time in all that a service writes, and is healed without a trace', async () => {
    const [shard, { transfer }] = [stores.wallets[0]!, stores];
    const before = [await clocksOf(shard), await clocksOf(transfer)];
    const clocks = [
      await makeClockLeap(stackOf(shard), 'wallet-0'),
      await makeClockLeap(stackOf(transfer), 'transfer'),
    ];
    for (const clock of clocks) await clock.leap(HOURS);
    await movements.transact(await movements.acceptTransaction('CREDIT', wallet, '5.0000'));
    assert.equal(await counted(shard, 'ledger_entries'), 2, 'the entry of its wallet and of the outside world');
    for (const table of ['operation_fences', 'outbox_events']) assert.equal(await counted(shard, table), 1, table);
    assert.equal(await counted(transfer, 'transactions'), 1);

    for (const clock of clocks) await clock.heal();
    assert.deepEqual([await clocksOf(shard), await clocksOf(transfer)], before);
    await movements.transact(await movements.acceptTransaction('CREDIT', wallet, '5.0000'));
    assert.equal(await counted(shard, 'ledger_entries'), 2);
    assert.equal(await counted(transfer, 'transactions'), 1);
  });
});
