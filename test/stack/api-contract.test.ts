// The HTTP contract on a real stack: the promises to clients, request by request.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { apiClient, type Movement, type Page } from './api-client.ts';
import { startStack, type TestStack } from './stack.ts';

describe('the API', () => {
  let stack: TestStack;
  let database: pg.Client;
  const api = apiClient(
    () => stack.api,
    () => stack.authorization,
  );
  const key = (): string => randomUUID();

  before(async () => {
    stack = await startStack();
    await stack.waitUntilReady();
    database = new pg.Client({ connectionString: stack.file().databases['transfer']! });
    await database.connect();
  });
  after(async () => {
    await database?.end();
    await stack?.remove();
  });

  const rowsOf = async (transferId: string): Promise<number> => {
    const { rows } = await database.query<{ count: string }>('SELECT count(*) FROM transfers WHERE transfer_id = $1', [
      transferId,
    ]);
    return Number(rows[0]!.count);
  };

  describe('wallets', () => {
    test('a user has one wallet a currency, and a second request is told which', async () => {
      const user_id = `user-${key()}`;
      const first = await api.post('/v1/wallets', { user_id });
      assert.deepEqual(
        [
          first.status,
          first.body['user_id'],
          first.body['currency'],
          first.body['status'],
          first.body['balance'],
          first.body['held'],
        ],
        [201, user_id, 'USD', 'ACTIVE', '0.0000', '0.0000'],
      );
      assert.equal(first.headers.get('location'), `/v1/wallets/${String(first.body['wallet_id'])}`);
      const second = await api.post('/v1/wallets', { user_id, currency: 'USD' });
      assert.deepEqual(
        [second.status, second.body['code'], second.body['wallet_id']],
        [409, 'wallet_exists', first.body['wallet_id']],
      );
      assert.equal((await api.post('/v1/wallets', { user_id, currency: 'EUR' })).status, 201);
      assert.deepEqual((await api.get(`/v1/wallets/${String(first.body['wallet_id'])}`)).body, first.body);
    });

    test('a wallet that is not there, or that stands for the outside world, is 404', async () => {
      await api.wallet('1.00');
      const shard = new pg.Client({ connectionString: stack.file().databases['wallet-0']! });
      await shard.connect();
      const { rows } = await shard.query<{ wallet_id: string }>(
        `SELECT wallet_id FROM wallets WHERE kind = 'external'`,
      );
      await shard.end();
      for (const id of [key(), ...rows.map((row) => row.wallet_id)]) {
        for (const path of ['', '/entries', '/balance']) {
          const { status, body } = await api.get(`/v1/wallets/${id}${path}`);
          assert.deepEqual([status, body['code']], [404, 'wallet_not_found']);
        }
        assert.equal((await api.post(`/v1/wallets/${id}/suspend`)).status, 404);
      }
    });

    test('a list goes through all shards, newest first, and is not moved by what is added meanwhile', async () => {
      const ids: string[] = [];
      for (let i = 0; i < 7; i += 1) ids.unshift(await api.wallet());
      const seen: string[] = [];
      let page = (await api.get<Page<{ wallet_id: string }>>('/v1/wallets?limit=3')).body;
      for (let asked = 0; asked < 3; asked += 1) {
        seen.push(...page.data.map((wallet) => wallet.wallet_id));
        await api.wallet();
        page = (await api.get<Page<{ wallet_id: string }>>(`/v1/wallets?limit=3&cursor=${page.next_cursor}`)).body;
      }
      assert.deepEqual(seen.slice(0, 7), ids);
      assert.equal(new Set(seen).size, seen.length);
    });

    test('a list by user has their wallets alone', async () => {
      const user_id = `user ${key()} +&é`;
      await api.post('/v1/wallets', { user_id });
      await api.post('/v1/wallets', { user_id, currency: 'EUR' });
      const { body } = await api.get<Page<{ currency: string }>>(`/v1/wallets?user_id=${encodeURIComponent(user_id)}`);
      assert.deepEqual(
        body.data.map((wallet) => wallet.currency),
        ['EUR', 'USD'],
      );
      assert.equal(body.next_cursor, null);
    });

    test('a statement and the balance at each of its instants agree', async () => {
      const [alice, bob] = [await api.wallet('100.00'), await api.wallet()];
      for (const amount of ['10', '20.5', '0.0001']) await api.transfer(alice, bob, amount);
      const entries = (
        await api.get<Page<{ sequence: number; type: string; balance_after: string; created_at: string }>>(
          `/v1/wallets/${alice}/entries`,
        )
      ).body.data;
      assert.deepEqual(
        entries.map((entry) => [entry.sequence, entry.type, entry.balance_after]),
        [
          [4, 'DEBIT', '69.4999'],
          [3, 'DEBIT', '69.5000'],
          [2, 'DEBIT', '90.0000'],
          [1, 'CREDIT', '100.0000'],
        ],
      );
      for (const { created_at, balance_after } of entries) {
        const { body } = await api.get(`/v1/wallets/${alice}/balance?at=${created_at}`);
        assert.deepEqual([body['balance'], body['at'], body['currency']], [balance_after, created_at, 'USD']);
      }
      assert.equal((await api.get(`/v1/wallets/${alice}/balance?at=2001-01-01T00:00:00Z`)).body['balance'], '0.0000');
      assert.equal(await api.balance(alice), '69.4999');
      const first = (await api.get<Page<{ sequence: number }>>(`/v1/wallets/${alice}/entries?limit=2`)).body;
      const second = (
        await api.get<Page<{ sequence: number }>>(`/v1/wallets/${alice}/entries?limit=2&cursor=${first.next_cursor}`)
      ).body;
      assert.deepEqual(
        [...first.data, ...second.data].map(({ sequence }) => sequence),
        [4, 3, 2, 1],
      );
      assert.equal(second.next_cursor, null);
    });

    test('a suspended wallet neither sends nor receives until it is activated; either call may be repeated', async () => {
      const [alice, bob] = [await api.wallet('10'), await api.wallet('10')];
      for (let i = 0; i < 2; i += 1)
        assert.equal((await api.post(`/v1/wallets/${bob}/suspend`)).body['status'], 'SUSPENDED');
      assert.equal((await api.transfer(alice, bob, '1')).body.failure_reason, 'receiver_suspended');
      assert.equal((await api.transfer(bob, alice, '1')).body.failure_reason, 'sender_suspended');
      for (let i = 0; i < 2; i += 1)
        assert.equal((await api.post(`/v1/wallets/${bob}/activate`)).body['status'], 'ACTIVE');
      assert.equal((await api.transfer(alice, bob, '1')).body.status, 'COMPLETED');
      assert.deepEqual([await api.balance(alice), await api.balance(bob)], ['9.0000', '11.0000']);
    });
  });

  describe('transfers', () => {
    test('without a wait it is 202 PENDING with its Location; its steps tell how it went on', async () => {
      const [alice, bob] = [await api.wallet('50'), await api.wallet()];
      const body = {
        sender_wallet_id: alice.toUpperCase(),
        receiver_wallet_id: bob,
        amount: '25',
        reference: 'Grüße 👋',
        metadata: { a: 'b' },
      };
      const accepted = await api.post('/v1/transfers', body, {
        'idempotency-key': key(),
        'x-request-id': 'contract-1',
      });
      const id = String(accepted.body['transfer_id']);
      assert.deepEqual(
        [accepted.status, accepted.headers.get('location'), accepted.headers.get('x-request-id')],
        [202, `/v1/transfers/${id}`, 'contract-1'],
      );
      assert.partialDeepStrictEqual(accepted.body, {
        ...{
          sender_wallet_id: alice,
          receiver_wallet_id: bob,
          amount: '25.0000',
          currency: 'USD',
          status: 'PENDING',
          failure_reason: null,
        },
        ...{ reference: 'Grüße 👋', metadata: { a: 'b' }, attention: null },
      });
      await api.transfer(alice, bob, '1');
      const ended = await waitFor(id, 'COMPLETED');
      assert.equal(ended.failure_reason, null);
      const steps = (await api.get<Page<{ step: string; at: string }>>(`/v1/transfers/${id}/steps`)).body.data;
      assert.deepEqual(
        steps.map(({ step }) => step),
        ['PENDING', 'DEBITED', 'COMPLETED'],
      );
    });

    test('what only the wallet service knows is a FAILED transfer with its reason, and no money has moved', async () => {
      const [alice, bob, euro] = [await api.wallet('10'), await api.wallet(), await api.wallet(undefined, 'EUR')];
      const table: [sender: string, receiver: string, amount: string, reason: string][] = [
        [alice, bob, '10.0001', 'insufficient_funds'],
        [key(), bob, '1', 'sender_not_found'],
        [alice, key(), '1', 'receiver_not_found'],
        [alice, euro, '1', 'currency_mismatch'],
        [euro, bob, '1', 'currency_mismatch'],
      ];
      for (const [sender, receiver, amount, reason] of table) {
        const { status, body } = await api.transfer(sender, receiver, amount);
        assert.deepEqual([status, body.status, body.failure_reason], [200, 'FAILED', reason]);
      }
      assert.equal(await api.balance(alice), '10.0000');
    });

    test('the list filters by status, wallet and time', async () => {
      const [alice, bob] = [await api.wallet('10'), await api.wallet()];
      const done = await api.transfer(alice, bob, '1');
      const refused = await api.transfer(bob, alice, '100');
      const ids = async (query: string): Promise<string[]> =>
        (await api.get<Page<Movement>>(`/v1/transfers?wallet_id=${alice}&${query}`)).body.data.map(
          ({ transfer_id }) => transfer_id,
        );
      const { created_at } = (await api.get<{ created_at: string }>(`/v1/transfers/${refused.body.transfer_id}`)).body;
      assert.deepEqual(await ids(''), [refused.body.transfer_id, done.body.transfer_id]);
      assert.deepEqual(await ids('status=COMPLETED'), [done.body.transfer_id]);
      assert.deepEqual(await ids(`created_after=${created_at}`), [refused.body.transfer_id]);
      assert.deepEqual(await ids(`created_before=${created_at}`), [done.body.transfer_id]);
      assert.deepEqual(await ids('limit=1'), [refused.body.transfer_id]);
      assert.deepEqual(await ids('status=CANCELED'), []);
    });

    test('an id that names none is 404', async () => {
      for (const path of [`/v1/transfers/${key()}`, `/v1/transfers/${key()}/steps`])
        assert.equal((await api.get(path)).body['code'], 'transfer_not_found');
      assert.equal((await api.get(`/v1/transactions/${key()}`)).body['code'], 'transaction_not_found');
    });

    test('bad input stores nothing and uses up no key', async () => {
      const [alice, bob] = [await api.wallet('10'), await api.wallet()];
      const headers = { 'idempotency-key': key(), prefer: 'wait=20' };
      const counts = async (): Promise<unknown> =>
        (
          await database.query(
            'SELECT (SELECT count(*) FROM transfers) AS t, (SELECT count(*) FROM outbox_events) AS e',
          )
        ).rows[0];
      const before = await counts();
      const body = { sender_wallet_id: alice, receiver_wallet_id: bob, amount: '1.00' };
      for (const change of [
        { amount: '0' },
        { amount: 1 },
        { amount: '1.00001' },
        { receiver_wallet_id: alice },
        { note: 'x' },
        { reference: 'a\0' },
        { reference: '\ud800' },
      ]) {
        assert.equal((await api.post('/v1/transfers', { ...body, ...change }, headers)).status, 422);
      }
      assert.equal((await api.post('/v1/transfers', body)).body['code'], 'idempotency_key_missing');
      assert.equal(
        (await api.post('/v1/transfers', { ...body, reference: 'x'.repeat(10_000_000) }, headers)).status,
        413,
      );
      assert.deepEqual(await counts(), before);
      assert.equal((await api.post('/v1/transfers', body, headers)).body['status'], 'COMPLETED');
    });
  });

  describe('idempotency', () => {
    test('one key sent 100 times at once makes one transfer, which all 100 answers name', async () => {
      const [alice, bob] = [await api.wallet('100'), await api.wallet()];
      const headers = { 'idempotency-key': key() };
      const answers = await Promise.all(Array.from({ length: 100 }, () => api.transfer(alice, bob, '5', headers)));
      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([202]));
      const ids = new Set(answers.map(({ body }) => body.transfer_id));
      assert.equal(ids.size, 1);
      assert.equal(answers.filter((answer) => answer.headers.get('idempotent-replayed') === null).length, 1);
      await waitFor([...ids][0]!, 'COMPLETED');
      assert.deepEqual(
        [await rowsOf([...ids][0]!), await api.balance(alice), await api.balance(bob)],
        [1, '95.0000', '5.0000'],
      );
    });

    test('a repeat in another notation is the same body; another body is refused and changes nothing', async () => {
      const [alice, bob] = [await api.wallet('10'), await api.wallet()];
      const headers = { 'idempotency-key': key(), prefer: 'wait=20' };
      const first = await api.post<Movement>(
        '/v1/transfers',
        { sender_wallet_id: alice, receiver_wallet_id: bob, amount: '1' },
        headers,
      );
      const same = {
        metadata: {},
        amount: '1.0000',
        currency: 'USD',
        receiver_wallet_id: bob.toUpperCase(),
        sender_wallet_id: alice,
      };
      const repeat = await api.post<Movement>('/v1/transfers', same, headers);
      assert.deepEqual(
        [repeat.status, repeat.headers.get('idempotent-replayed'), repeat.body],
        [200, 'true', first.body],
      );
      for (const change of [{ amount: '2' }, { reference: 'x' }, { metadata: { a: 'b' } }]) {
        const other = await api.post('/v1/transfers', { ...same, ...change }, headers);
        assert.deepEqual([other.status, other.body['code']], [422, 'idempotency_key_reused']);
      }
      assert.equal(await api.balance(alice), '9.0000');
    });

    test('a key that a request carries twice, or in quotes, is that key; two keys are refused', async () => {
      const [sender, receiver] = [await api.wallet('10.00'), await api.wallet()];
      const own = key();
      const send = async (...keys: string[]): Promise<[number, string | undefined]> => {
        const body = JSON.stringify({ sender_wallet_id: sender, receiver_wallet_id: receiver, amount: '1.00' });
        const type = ['application/json', 'application/json'];
        const headers = {
          ...stack.authorization,
          'Idempotency-Key': keys,
          'Content-Type': type,
          Prefer: 'wait=30',
          Connection: 'close',
        };
        const sent = request(`${stack.api}/v1/transfers`, { method: 'POST', headers }).end(body);
        const [response] = (await once(sent, 'response')) as [IncomingMessage];
        const answer = (await json(response)) as { transfer_id?: string; code?: string };
        return [response.statusCode!, answer.transfer_id ?? answer.code];
      };
      const [status, id] = await send(own);
      assert.equal(status, 200);
      for (const keys of [[own, own], [own, own, own], [`"${own}"`], [`"${own}"`, `"${own}"`]])
        assert.deepEqual(await send(...keys), [200, id]);
      assert.deepEqual(await send(own, key()), [400, 'header_repeated']);
      assert.deepEqual(await send('""'), [400, 'idempotency_key_invalid']);
      assert.equal(await api.balance(receiver), '1.0000');
    });

    test('one key on /transactions and on /transfers names two movements', async () => {
      const [alice, bob] = [await api.wallet('10'), await api.wallet()];
      const headers = { 'idempotency-key': key(), prefer: 'wait=20' };
      const transaction = await api.post('/v1/transactions', { wallet_id: alice, type: 'DEBIT', amount: '1' }, headers);
      const transfer = await api.transfer(alice, bob, '1', headers);
      assert.deepEqual([transaction.body['status'], transfer.body.status], ['PROCESSED', 'COMPLETED']);
      assert.notEqual(transaction.body['transaction_id'], transfer.body.transfer_id);
      assert.equal(await api.balance(alice), '8.0000');
    });
  });

  describe('Prefer: wait', () => {
    test('answers 200 as soon as it has ended, and says that it waited', async () => {
      const [alice, bob] = [await api.wallet('10'), await api.wallet()];
      const { status, headers, body, tookMs } = await api.transfer(alice, bob, '1', {
        'idempotency-key': key(),
        prefer: 'respond-async, wait=30',
      });
      assert.deepEqual([status, headers.get('preference-applied'), body.status], [200, 'wait=30', 'COMPLETED']);
      assert.ok(tookMs < 25_000, `${tookMs} ms`);
    });

    test('answers 202 after N seconds where it has not', async () => {
      const [alice, bob] = [await api.wallet('10'), await api.wallet()];
      const { status, tookMs } = await api.transfer(alice, bob, '1', { 'idempotency-key': key(), prefer: 'wait=0' });
      assert.equal(status, 202);
      assert.ok(tookMs < 10_000, `${tookMs} ms`);
    });
  });

  test('200 transfers at once, A to B and B to A, all complete and the sums are exact', async () => {
    const [alice, bob] = [await api.wallet('1000'), await api.wallet('1000')];
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        i % 2 === 0
          ? api.transfer(alice, bob, '1.25', { 'idempotency-key': key() })
          : api.transfer(bob, alice, '0.75', { 'idempotency-key': key() }),
      ),
    );
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([202]));
    for (const { body } of answers) await waitFor(body.transfer_id, 'COMPLETED');
    assert.deepEqual([await api.balance(alice), await api.balance(bob)], ['950.0000', '1050.0000']);
  });

  async function waitFor(transferId: string, status: string): Promise<Movement> {
    const deadline = Date.now() + 60_000;
    for (;;) {
      const { body } = await api.get<Movement>(`/v1/transfers/${transferId}`);
      if (body.status === status) return body;
      assert.ok(Date.now() < deadline, `${transferId} is ${body.status} ${String(body.failure_reason)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
});
