// Transfers that are moved in groups, on a whole stack: asked for at once, refused in part, repeated, canceled, and with what they
// need killed, stopped or locked under load. One process in local dispatch, and then processes of their own.

import assert from 'node:assert/strict';
import { randomInt, randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { draw } from '../../dev/draw.ts';
import { killAndAwaitNext } from './faults.ts';
import { startLoad } from './load.ts';
import { openMoney, type Money } from './money.ts';
import { startStack, until, type TestStack } from './stack.ts';

const seed = Number(process.env['CRASH_SEED'] ?? randomInt(1_000_000));
const LIMIT_MS = 120_000;

describe('transfers that are moved in groups', { concurrency: 1 }, () => {
  let stack: TestStack;
  let money: Money;
  before(async () => {
    stack = await startStack({ env: { GROUP_MAX: '100', DISPATCH: 'local' } });
    await stack.waitUntilReady();
    money = await openMoney(stack);
  });
  after(async () => {
    await money?.close();
    await stack?.remove();
  });

  const wallets = (amounts: readonly (string | undefined)[]) =>
    Promise.all(amounts.map((amount, n) => money.wallet((n % 2) as 0 | 1, amount)));
  const post = (from: string, to: string, amount = '1', { key = String(randomUUID()), prefer = 'wait=30' } = {}) =>
    money.api.transfer(from, to, amount, { 'idempotency-key': key, ...(prefer === '' ? {} : { prefer }) });
  const stored = (ids: readonly string[]) =>
    money.rows<{ id: string; status: string; group_id: string | null; steps: string; events: string }>(
      'transfer',
      `SELECT transfer_id AS id, status, group_id,
         (SELECT string_agg(step, ' ' ORDER BY step_id) FROM transfer_steps s WHERE s.transfer_id = t.transfer_id) AS steps,
         (SELECT string_agg(type, ' ' ORDER BY created_at, type DESC) FROM outbox_events WHERE subject = transfer_id::text) AS events
       FROM transfers t WHERE transfer_id = ANY($1)`,
      [ids],
    );

  test('two hundred at once are few groups, and each has its row, steps, events and group', async () => {
    const ids = await wallets(Array.from({ length: 10 }, () => '100'));
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) => post(ids[n % 10]!, ids[(n + 1 + (n % 7)) % 10]!)),
    );
    assert.deepEqual([...new Set(answers.map(({ status, body }) => `${status} ${body.status}`))], ['200 COMPLETED']);
    const rows = await stored(answers.map(({ body }) => body.transfer_id));
    for (const { steps, events } of rows)
      assert.deepEqual([steps, events], ['PENDING DEBITED COMPLETED', 'transfer.initiated transfer.completed']);
    const grouped = rows.filter(({ group_id: id }) => id !== null);
    const groups = new Set(grouped.map(({ group_id: id }) => id!));
    assert.ok(grouped.length > 150 && groups.size < 30, `${grouped.length} in ${groups.size} groups`);
    const { id, group_id: groupId } = grouped[0]!;
    const { body } = await money.api.get(`/v1/transfers/${id}`);
    assert.equal(body['group_id'], groupId);
    assert.equal((await money.temporal.workflow.getHandle(`group/${groupId}`).describe()).status.name, 'COMPLETED');
    const own = money.temporal.workflow.getHandle(`transfer/${id}`).describe();
    await assert.rejects(own, 'one that its group has brought to its end has no workflow of its own');
    await money.assertSound();
  });

  test('of a group of which half is refused, each is answered with its own end', async () => {
    const [rich, poor, to, suspended] = await wallets(['1000', '10', undefined, undefined]);
    await money.api.post(`/v1/wallets/${suspended}/suspend`);
    const nobody = randomUUID().replace(/^(.{14})./, '$18');
    const kinds = [
      ['COMPLETED null', () => post(rich!, to!)],
      ['FAILED receiver_suspended', () => post(rich!, suspended!)],
      ['COMPLETED null', () => post(rich!, poor!)],
      ['FAILED receiver_not_found', () => post(rich!, nobody)],
      ['FAILED insufficient_funds', () => post(poor!, to!, '900')],
    ] as const;
    const answers = await Promise.all(
      Array.from({ length: 60 }, async (_, n) => {
        const [wanted, ask] = kinds[n % kinds.length]!;
        const { body } = await ask();
        return { wanted, got: `${body.status} ${body.failure_reason}`, id: body.transfer_id };
      }),
    );
    for (const { wanted, got, id } of answers) assert.equal(got, wanted, id);
    assert.equal(await money.api.balance(rich!), `${1_000 - 24}.0000`);
    assert.deepEqual([await money.api.balance(poor!), await money.api.balance(to!)], ['22.0000', '12.0000']);
  });

  test('a key that several clients send at once is one transfer, and with another body it is refused', async () => {
    const [from, to] = await wallets(['1000', undefined]);
    const keys = Array.from({ length: 20 }, () => randomUUID());
    const answers = await Promise.all(
      [...keys, ...keys, ...keys].map(async (key) => ({ key, ...(await post(from!, to!, '1', { key })) })),
    );
    for (const key of keys) {
      const own = answers.filter((answer) => answer.key === key);
      assert.deepEqual(
        own.map(({ status }) => status),
        [200, 200, 200],
      );
      assert.equal(new Set(own.map(({ body }) => body.transfer_id)).size, 1);
      assert.equal(own.filter(({ headers }) => headers.get('idempotent-replayed') === null).length, 1);
    }
    assert.equal(await money.api.balance(to!), '20.0000');
    const key = randomUUID();
    const both = await Promise.all(['2', '3', '2', '3'].map((amount) => post(from!, to!, amount, { key })));
    assert.deepEqual(
      both.map(({ status }) => status).toSorted((a, b) => a - b),
      [200, 200, 422, 422],
    );
  });

  test('those whose clients have gone end as the others of their group do', async () => {
    const [from, to] = await wallets(['1000', undefined]);
    const keys = Array.from({ length: 60 }, () => randomUUID());
    const leave = async (key: string): Promise<void> => {
      const body = JSON.stringify({ sender_wallet_id: from, receiver_wallet_id: to, amount: '1' });
      const headers = { ...stack.authorization, 'content-type': 'application/json', 'idempotency-key': key };
      const leaving = AbortSignal.timeout(randomInt(10, 60));
      await fetch(`${stack.api}/v1/transfers`, { method: 'POST', headers, body, signal: leaving }).catch(() => {});
    };
    await Promise.all(keys.map((key, n) => (n % 3 === 0 ? post(from!, to!, '1', { key }) : leave(key))));
    const left = keys.filter((_, n) => n % 3 !== 0);
    const grouped = await money.rows(
      'transfer',
      'SELECT FROM transfers WHERE idempotency_key = ANY($1) AND group_id IS NOT NULL',
      [left],
    );
    assert.ok(grouped.length > 0, 'none of those whose clients have gone was in a group');
    const answers = await Promise.all(keys.map((key) => post(from!, to!, '1', { key })));
    assert.deepEqual([...new Set(answers.map(({ status, body }) => `${status} ${body.status}`))], ['200 COMPLETED']);
    assert.equal(await money.api.balance(to!), '60.0000');
  });

  test('a cancel that meets a transfer in its group is answered as it ends, and it ends once', async () => {
    const [from, to] = await wallets(['100', undefined]);
    const before = await money.api.balance(to!);
    const ended = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const { body } = await post(from!, to!, '1', { prefer: '' });
        const { status, body: told } = await money.api.post(`/v1/transfers/${body.transfer_id}/cancel`);
        assert.ok([200, 409].includes(status), `${status} ${JSON.stringify(told)}`);
        const { body: seen } = await money.api.get(`/v1/transfers/${body.transfer_id}`);
        if (status === 200) assert.equal(seen['status'], told['status']);
        return seen['status'] as string;
      }),
    );
    const arrived = ended.filter((status) => status === 'COMPLETED').length;
    assert.equal(ended.filter((status) => status === 'CANCELED').length, ended.length - arrived);
    assert.equal(await money.api.balance(to!), (Number(before) + arrived).toFixed(4));
  });

  test('a wallet that somebody holds locked delays the others by no more than a group, and wait=1 is answered in time', async () => {
    const [locked, ...others] = await wallets(Array.from({ length: 7 }, () => '100'));
    const release = await money.lockWallet(locked!);
    try {
      const waiting = Promise.all(
        Array.from({ length: 20 }, () => post(locked!, others[0]!, '1', { prefer: 'wait=1' })),
      );
      for (let round = 0; round < 3; round += 1) {
        const answers = await Promise.all(
          Array.from({ length: 30 }, (_, n) => post(others[n % 6]!, others[(n + 1) % 6]!)),
        );
        for (const { body, tookMs } of answers) assert.equal(body.status, 'COMPLETED', `after ${tookMs} ms`);
        const longestMs = Math.max(...answers.map(({ tookMs }) => tookMs));
        assert.ok(longestMs < 15_000, `${longestMs} ms`);
      }
      for (const { status, tookMs } of await waiting) {
        assert.equal(status, 202);
        assert.ok(tookMs < 10_000, `${tookMs} ms`);
      }
    } finally {
      await release();
    }
    await until(
      LIMIT_MS,
      'those of the locked wallet did not end',
      async () => (await money.api.balance(locked!)) === '80.0000',
    );
  });

  test('a shard whose database is stopped holds up its own transfers alone, and they end once it is back', async () => {
    const here = await Promise.all(Array.from({ length: 4 }, () => money.wallet(0, '100')));
    const there = await Promise.all(Array.from({ length: 4 }, () => money.wallet(1, '100')));
    const name = (await money.rows<{ name: string }>('wallet-1', 'SELECT current_database() AS name'))[0]!.name;
    const allow = (isAllowed: boolean) =>
      money.rows('transfer', `ALTER DATABASE ${name} ALLOW_CONNECTIONS ${isAllowed}`);
    const load = Promise.all(
      Array.from({ length: 60 }, async (_, n) => {
        await sleep(n * 10);
        return post(here[n % 4]!, there[n % 4]!, '1', { prefer: 'wait=1' });
      }),
    );
    await sleep(200);
    await allow(false);
    try {
      await money.rows('transfer', 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
      const answers = await Promise.all(Array.from({ length: 60 }, (_, n) => post(here[n % 4]!, here[(n + 1) % 4]!)));
      for (const { body, tookMs } of answers) assert.equal(body.status, 'COMPLETED', `after ${tookMs} ms`);
      for (const { status } of await load) assert.ok([200, 202].includes(status), String(status));
    } finally {
      await allow(true);
    }
    await money.assertSound();
    const balances = await Promise.all(there.map((id) => money.api.balance(id)));
    assert.deepEqual(balances, ['115.0000', '115.0000', '115.0000', '115.0000']);
  });

  test('killed at random moments under load: what was answered is kept, each transfer ends once, no money is made or lost', async (t) => {
    t.diagnostic(`CRASH_SEED=${seed}`);
    const load = await startLoad(money, { seed, transfers: 250, clients: 40 });
    for (const [nth, count] of [20, 80, 140].entries()) {
      await load.untilAnswered(count);
      await sleep(draw(seed, 'moment', nth) * 200);
      await killAndAwaitNext(stack, 'app');
    }
    await load.assertKept();
    const [groups] = await money.rows<{ count: number }>(
      'transfer',
      `SELECT count(DISTINCT group_id)::int FROM transfers WHERE idempotency_key LIKE 'load-%'`,
    );
    assert.ok(groups!.count > 3, `${groups!.count} groups`);
  });
});

test('services that run apart move transfers in groups, too, and a killed worker loses none', async () => {
  const stack = await startStack({ separate: true, env: { GROUP_MAX: '100' } });
  let money: Money | undefined;
  try {
    await stack.waitUntilReady();
    money = await openMoney(stack);
    const { api } = money;
    const ids = await Promise.all(Array.from({ length: 6 }, (_, n) => money!.wallet((n % 2) as 0 | 1, '100')));
    const all = (prefer: string) =>
      Promise.all(
        Array.from({ length: 60 }, (_, n) =>
          api.transfer(ids[n % 6]!, ids[(n + 1 + (n % 4)) % 6]!, '1', { 'idempotency-key': randomUUID(), prefer }),
        ),
      );
    for (const { body } of await all('wait=30')) assert.equal(body.status, 'COMPLETED');
    const asked = all('wait=1');
    await sleep(150);
    await killAndAwaitNext(stack, 'worker-wallet-1');
    for (const { status } of await asked) assert.ok([200, 202].includes(status));
    await money.assertSound();
    const [row] = await money.rows<{ count: number }>(
      'transfer',
      `SELECT count(*)::int FROM transfers WHERE status = 'COMPLETED' AND group_id IS NOT NULL`,
    );
    assert.ok(row!.count > 80, `${row!.count} of 120 in groups`);
  } finally {
    await money?.close();
    await stack.remove();
  }
});
