// The client's keys, retries, time-outs and aborts, with a fetch that answers as the test says and a clock that jumps where the
// client would sleep.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createClient, CounterpoiseError, type Client, type ClientOptions } from '../../client/client.ts';

const TRANSFER = {
  sender_wallet_id: '11111111-1111-8111-8111-111111111111',
  receiver_wallet_id: '22222222-2222-8222-8222-222222222222',
  amount: '5.00',
};
const WALLET = '/v1/wallets/11111111-1111-8111-8111-111111111111';
const NOON_MS = Date.parse('2026-01-31T12:00:00Z');

interface Sent {
  readonly url: string;
  readonly method: string | undefined;
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
}

type Reply = Response | Error | ((init: RequestInit) => Promise<Response>);

/** A client whose calls get these replies, the last of them again and again. `random` is 0: pauses are the longest. */
function clientOf(replies: readonly Reply[], options: Partial<ClientOptions> = {}) {
  const sent: Sent[] = [];
  const pausesMs: number[] = [];
  let nowMs = NOON_MS;
  const client = createClient(
    {
      baseUrl: 'http://api.test/',
      fetch: async (url, init) => {
        const reply = replies[Math.min(sent.length, replies.length - 1)]!;
        sent.push({
          url,
          method: init.method,
          headers: init.headers as Record<string, string>,
          body: init.body as string | undefined,
        });
        if (reply instanceof Error) throw reply;
        return reply instanceof Response ? reply.clone() : reply(init);
      },
      ...options,
    },
    {
      now: () => nowMs,
      random: () => 0,
      sleep: async (ms, signal) => {
        pausesMs.push(ms);
        nowMs += ms;
        signal?.throwIfAborted();
      },
    },
  );
  return { client, sent, pausesMs };
}

test('a key that had named something before the call is told, and one that a lost try had used is not', async () => {
  const replayed = Response.json({}, { headers: { 'idempotent-replayed': 'true' } });
  for (const [replies, told] of [
    [[Response.json({})], 0],
    [[replayed], 1],
    [[new Error('lost'), replayed], 0],
  ] as const) {
    let count = 0;
    await clientOf(replies).client.transfers.create(TRANSFER, { idempotencyKey: 'k', onReplayed: () => (count += 1) });
    assert.equal(count, told);
  }
});

const ok = (body: unknown, status = 200): Response => Response.json(body, { status });
const problem = (status: number, code: string, headers: Record<string, string> = {}): Response =>
  Response.json({ type: 't', title: 'T', status, code, request_id: 'r' }, { status, headers });
const noAnswer = (): Error => new TypeError('fetch failed');
const keysOf = (sent: readonly Sent[]): Set<string | undefined> =>
  new Set(sent.map(({ headers }) => headers['idempotency-key']));
const failureOf = async (call: Promise<unknown>): Promise<CounterpoiseError> => {
  const error: unknown = await call.then(
    () => assert.fail('it did not fail'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof CounterpoiseError, String(error));
  return error;
};
const create = (client: Client): Promise<unknown> => client.transfers.create(TRANSFER);

describe('the client', () => {
  test('sends an operation to its path, with its query, body and headers', async () => {
    const { client, sent } = clientOf([ok({ data: [], next_cursor: null })], {
      headers: { authorization: 'Bearer x' },
    });
    await client.wallets.entries('a/b', { limit: 3 });
    await client.transfers.create(TRANSFER, { idempotencyKey: 'order-1', waitSeconds: 30 });
    await client.transfers.resolve('t', { action: 'retry', comment: 'c' }, { onBehalfOf: 'alice' });
    assert.equal(sent[0]!.url, 'http://api.test/v1/wallets/a%2Fb/entries?limit=3');
    assert.deepEqual(
      [sent[0]!.method, sent[0]!.body, sent[0]!.headers['authorization']],
      ['GET', undefined, 'Bearer x'],
    );
    assert.equal(sent[0]!.headers['idempotency-key'], undefined, 'a call that moves nothing takes none');
    assert.deepEqual([sent[1]!.url, sent[1]!.method], ['http://api.test/v1/transfers', 'POST']);
    assert.deepEqual(JSON.parse(sent[1]!.body!), TRANSFER);
    assert.deepEqual(
      [sent[1]!.headers['idempotency-key'], sent[1]!.headers['prefer'], sent[1]!.headers['content-type']],
      ['order-1', 'wait=30', 'application/json'],
    );
    assert.deepEqual([sent[2]!.headers['x-actor'], sent[1]!.headers['x-actor']], ['alice', undefined]);
  });

  test('makes a key once a call: its tries share it, and the next call has another', async () => {
    const { client, sent } = clientOf([noAnswer(), problem(503, 'database_unavailable'), ok({})]);
    await create(client);
    assert.equal(sent.length, 3);
    assert.equal(keysOf(sent).size, 1);
    assert.match([...keysOf(sent)][0]!, /^[0-9a-f-]{36}$/);
    await create(client);
    assert.equal(keysOf(sent).size, 2);
  });

  for (const status of [429, 502, 503, 504]) {
    test(`a ${status} is sent again`, async () => {
      const { client, sent } = clientOf([problem(status, 'passing'), ok({ transfer_id: 't' })]);
      assert.deepEqual(await create(client), { transfer_id: 't' });
      assert.equal(sent.length, 2);
    });
  }

  for (const status of [400, 404, 409, 413, 422, 500]) {
    test(`a ${status} is not sent again`, async () => {
      const { client, sent } = clientOf([problem(status, 'final')]);
      const { code, status: said, problem: told, attempts } = await failureOf(create(client));
      assert.deepEqual([sent.length, code, said, told?.request_id, attempts], [1, 'final', status, 'r', 1]);
    });
  }

  test('pauses double, and are never shorter than Retry-After asks for, in seconds or as a date', async () => {
    const { client, pausesMs } = clientOf([
      noAnswer(),
      noAnswer(),
      problem(503, 'database_unavailable', { 'retry-after': '7' }),
      problem(429, 'overloaded', { 'retry-after': new Date(NOON_MS + 20_000).toUTCString() }),
      problem(429, 'overloaded', { 'retry-after': 'soon' }),
      ok({}),
    ]);
    await create(client);
    // The date is 20 s after noon, and 7.6 s have gone by.
    assert.deepEqual(pausesMs, [200, 400, 7_000, 12_400, 3_200]);
  });

  test('a random half of a pause is left out, so that clients do not come back together', async () => {
    const pausesMs: number[] = [];
    const surroundings = { now: () => 0, random: () => 0.5, sleep: async (ms: number) => void pausesMs.push(ms) };
    const client = createClient(
      { baseUrl: 'http://api.test', fetch: () => Promise.reject(noAnswer()), attemptsMax: 3 },
      surroundings,
    );
    await failureOf(create(client));
    assert.deepEqual(pausesMs, [150, 300]);
  });

  test('gives up after so many tries, with the key to go on with', async () => {
    const { client, sent } = clientOf([noAnswer()], { attemptsMax: 3 });
    const { code, status, idempotencyKey, attempts, cause } = await failureOf(create(client));
    assert.deepEqual([sent.length, code, status, attempts], [3, 'unreachable', undefined, 3]);
    assert.deepEqual([keysOf(sent).has(idempotencyKey), (cause as Error).message], [true, 'fetch failed']);
  });

  test('gives up where the next try would come too late', async () => {
    const { client, sent } = clientOf([problem(503, 'temporal_unavailable', { 'retry-after': '25' })]);
    const { code, attempts } = await failureOf(create(client));
    assert.deepEqual([sent.length, attempts, code], [3, 3, 'temporal_unavailable'], 'at 0, 25 and 50 of 60 s');
  });

  test('a try that takes too long is given up and sent again', async () => {
    const never: Reply = ({ signal }) =>
      new Promise((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason as Error)));
    const { client, sent } = clientOf([never, ok({ transfer_id: 't' })], { timeoutMs: 20 });
    assert.deepEqual(await create(client), { transfer_id: 't' });
    assert.equal(keysOf(sent).size, 1);
    const alone = clientOf([never], { timeoutMs: 20, attemptsMax: 1 });
    assert.equal((await failureOf(create(alone.client))).code, 'timeout');
  });

  test('an answer that breaks off is sent again', async () => {
    const broken: Reply = async () =>
      new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(new TextEncoder().encode('{"transfer_id":'));
            controller.error(new TypeError('terminated'));
          },
        }),
      );
    const { client, sent } = clientOf([broken, ok({ transfer_id: 't' })]);
    assert.deepEqual(await create(client), { transfer_id: 't' });
    assert.equal(sent.length, 2);
  });

  test('an abort ends a call with its reason, before it, within a try and within a pause', async () => {
    const reason = new Error('enough');
    const before = clientOf([ok({})]);
    await assert.rejects(before.client.transfers.create(TRANSFER, { signal: AbortSignal.abort(reason) }), reason);
    assert.equal(before.sent.length, 0);

    const inTry = new AbortController();
    const hanging = clientOf([
      ({ signal }) =>
        new Promise((_, reject) => {
          signal!.addEventListener('abort', () => reject(signal!.reason as Error));
          inTry.abort(reason);
        }),
    ]);
    await assert.rejects(hanging.client.transfers.create(TRANSFER, { signal: inTry.signal }), reason);
    assert.equal(hanging.sent.length, 1);

    // With the real clock: the pause would be an hour.
    const inPause = new AbortController();
    const busy = problem(503, 'database_unavailable', { 'retry-after': '3600' });
    const client = createClient({
      baseUrl: 'http://api.test',
      retryLimitMs: 7_200_000,
      fetch: async () => {
        setImmediate(() => inPause.abort(reason));
        return busy.clone();
      },
    });
    await assert.rejects(client.transfers.create(TRANSFER, { signal: inPause.signal }), reason);
  });

  test('what is no problem is told apart from one', async () => {
    const page = new Response('<html>', { status: 403 });
    const { code, status, problem: told } = await failureOf(create(clientOf([page]).client));
    assert.deepEqual([code, status, told], ['unexpected_answer', 403, undefined]);
    const { code: ofSuccess } = await failureOf(create(clientOf([new Response('<html>')]).client));
    assert.equal(ofSuccess, 'unexpected_answer');
  });

  test('a list is gone through page after page, no further than it is asked', async () => {
    const { client, sent } = clientOf([
      ok({ data: [{ transfer_id: 'a' }, { transfer_id: 'b' }], next_cursor: 'n/1' }),
      ok({ data: [{ transfer_id: 'c' }], next_cursor: null }),
    ]);
    const ids: string[] = [];
    for await (const { transfer_id } of client.transfers.listAll({ status: 'FAILED', limit: 2 })) ids.push(transfer_id);
    assert.deepEqual(ids, ['a', 'b', 'c']);
    assert.deepEqual(
      sent.map(({ url }) => url.split('?')[1]),
      ['status=FAILED&limit=2', 'status=FAILED&limit=2&cursor=n%2F1'],
    );
    const first = clientOf([ok({ data: [{ transfer_id: 'a' }], next_cursor: 'n' })]);
    for await (const transfer of first.client.transfers.listAll()) if (transfer) break;
    assert.equal(first.sent.length, 1);
  });

  test('a wallet that is open already is found', async () => {
    const exists = Response.json(
      { type: 't', title: 'T', status: 409, code: 'wallet_exists', request_id: 'r', wallet_id: WALLET.split('/')[3] },
      { status: 409 },
    );
    const { client, sent } = clientOf([exists, ok({ wallet_id: 'w' })]);
    assert.deepEqual(await client.wallets.open({ user_id: 'alice' }), { wallet: { wallet_id: 'w' }, isNew: false });
    assert.equal(sent[1]!.url, `http://api.test${WALLET}`);
  });
});
