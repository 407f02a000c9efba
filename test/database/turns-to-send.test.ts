// Whoever sums what wallets have sent within 24 hours takes turns with all others who do so at one of them, and holds few locks for
// that, however many wallets they are.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type pg from 'pg';
import { startCluster, type TestCluster } from './database.ts';

const MANY = 1_001;

describe('turns to send', () => {
  let cluster: TestCluster;
  let clients: pg.PoolClient[];
  before(async () => {
    cluster = await startCluster();
    const { transfer } = await cluster.createStores({ shards: 1 });
    clients = [await transfer.admin.$client.connect(), await transfer.admin.$client.connect()];
    for (const client of clients) await client.query(`SET lock_timeout = '100ms'`);
  });
  after(async () => {
    for (const client of clients ?? []) client.release();
    await cluster?.stop();
  });

  const senders = (howMany: number, tenant = 'default'): string[] =>
    Array.from({ length: howMany }, () => `${tenant}/${randomUUID()}`);

  /** Whether the second may have its turn while the first has its own; and how many locks the first holds. */
  async function sideBySide(first: readonly string[], second: readonly string[]): Promise<[boolean, number]> {
    const [one, other] = clients as [pg.PoolClient, pg.PoolClient];
    const take = 'SELECT take_turns_to_send($1)';
    try {
      await one.query('BEGIN');
      await one.query(take, [first]);
      const { rows } = await one.query<{ locks: number }>(
        `SELECT count(*)::integer AS locks FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()`,
      );
      await other.query('BEGIN');
      const isFree = await other.query(take, [second]).then(
        () => true,
        (error: { code?: string }) => {
          assert.equal(error.code, '55P03');
          return false;
        },
      );
      return [isFree, rows[0]!.locks];
    } finally {
      for (const client of [one, other]) await client.query('ROLLBACK');
    }
  }

  test('are side by side at different wallets, and one after the other at the same, which is one of its tenant', async () => {
    const [wallet] = senders(1) as [string];
    assert.deepEqual(await sideBySide([wallet], senders(1)), [true, 2]);
    assert.deepEqual(await sideBySide([wallet], [...senders(2), wallet]), [false, 2]);
    assert.deepEqual(await sideBySide([wallet], [wallet.replace('default', 'acme')]), [true, 2]);
    assert.deepEqual(await sideBySide([], [wallet]), [true, 0]);
  });

  test('of ten thousand wallets are one lock of their tenant, which waits for each single wallet of it and keeps it waiting', async () => {
    const [wallet] = senders(1) as [string];
    for (const howMany of [MANY, 10_000]) {
      const all = [...senders(howMany - 1), wallet];
      assert.deepEqual(await sideBySide(all, [wallet]), [false, 1]);
      assert.deepEqual(await sideBySide([wallet], all), [false, 2]);
      assert.deepEqual(await sideBySide(all, senders(MANY)), [false, 1]);
    }
    assert.deepEqual(await sideBySide([...senders(MANY - 2), wallet], [wallet]), [false, MANY]);
    assert.deepEqual(await sideBySide(senders(MANY), senders(MANY, 'acme')), [true, 1], 'of another tenant');
    assert.deepEqual(await sideBySide([...senders(MANY), ...senders(1, 'acme')], senders(1, 'acme')), [false, 2]);
  });

  test('are taken in one order by whoever takes several, so that nobody waits for each other', async () => {
    const both = senders(2);
    const [one, other] = clients as [pg.PoolClient, pg.PoolClient];
    for (let n = 0; n < 50; n += 1) {
      const take = async (client: pg.PoolClient, those: readonly string[]): Promise<void> => {
        await client.query('BEGIN');
        await client.query(`SET LOCAL lock_timeout = '10s'`);
        await client.query('SELECT take_turns_to_send($1)', [those]);
        await client.query('COMMIT');
      };
      await Promise.all([take(one, both), take(other, both.toReversed())]);
    }
  });
});
