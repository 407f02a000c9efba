// Recurring transfers over HTTP on a real stack: the promises to clients, request by request, also while Temporal is away.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';
import type { Page } from './api-client.ts';
import type { Money } from './money.ts';
import { until, type TestStack } from './stack.ts';
import { scheduleOf } from './stored-recurring.ts';
import { useStack } from './use-stack.ts';

interface Recurring {
  readonly recurring_transfer_id: string;
  readonly status: string;
  readonly created_at: string;
  readonly next_runs: string[] | null;
  readonly last_runs: { scheduled_for: string | null; transfer_id: string; status: string }[];
  readonly skipped_runs: string[];
}

const PATH = '/v1/recurring-transfers';
const LIMIT_MS = 120_000;

describe('the API of recurring transfers', () => {
  let stack: TestStack;
  let money: Money;
  let sender: string;
  let receiver: string;

  useStack((started) => {
    ({ stack, money } = started);
  });
  before(async () => {
    [sender, receiver] = [await money.wallet(0, '1000'), await money.wallet(1)];
  });

  const key = (name: string = randomUUID()) => ({ 'idempotency-key': name });
  const order = (changes: Record<string, unknown> = {}) => ({
    sender_wallet_id: sender,
    receiver_wallet_id: receiver,
    amount: '2.50',
    ...changes,
  });
  const create = async (changes: Record<string, unknown> = { every: 3_600 }, headers = key()) => {
    const answer = await money.api.post<Recurring>(PATH, order(changes), headers);
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    return answer.body;
  };
  const get = async (id: string) => (await money.api.get<Recurring>(`${PATH}/${id}`)).body;
  /** The Schedule that tells them may come after the answer: the sweep makes it where Temporal was slow. */
  const nextRunsOf = async (id: string): Promise<string[]> => {
    let next: string[] | null = null;
    await until(LIMIT_MS, 'the next runs are not known', async () => (next = (await get(id)).next_runs) !== null);
    return next!;
  };
  const remove = async (id: string) => {
    const response = await fetch(`${stack.api}${PATH}/${id}`, { method: 'DELETE', headers: stack.authorization });
    return { status: response.status, body: (await response.json()) as Recurring };
  };
  const schedule = (id: string) => scheduleOf(money, id);

  test('one is made once a key: a repeat answers with the same one, another body is refused', async () => {
    const headers = key();
    const body = order({
      calendar: { hour: 9, day_of_week: 'MONDAY' },
      time_zone: 'Europe/Berlin',
      metadata: { a: 'b' },
    });
    const answers = await Promise.all([1, 2, 3].map(() => money.api.post<Recurring>(PATH, body, headers)));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [201, 201, 201],
    );
    const [first] = answers;
    assert.equal(new Set(answers.map(({ body: { recurring_transfer_id } }) => recurring_transfer_id)).size, 1);
    assert.equal(answers.filter(({ headers: each }) => each.get('idempotent-replayed') === 'true').length, 2);
    const id = first!.body.recurring_transfer_id;
    assert.equal(first!.headers.get('location'), `${PATH}/${id}`);
    assert.deepEqual(
      { ...first!.body, created_at: '', updated_at: '', next_runs: [] },
      {
        recurring_transfer_id: id,
        sender_wallet_id: sender,
        receiver_wallet_id: receiver,
        status: 'ACTIVE',
        amount: '2.5000',
        currency: 'USD',
        reference: null,
        metadata: { a: 'b' },
        every: null,
        calendar: { hour: 9, day_of_week: 'MONDAY' },
        time_zone: 'Europe/Berlin',
        starts_at: null,
        ends_at: null,
        created_at: '',
        updated_at: '',
        next_runs: [],
      },
    );
    const other = await money.api.post(PATH, { ...body, amount: '2.51' }, headers);
    assert.deepEqual([other.status, other.body['code']], [422, 'idempotency_key_reused']);
  });

  test('who makes one is told its next runs, and so is who repeats that', async () => {
    const headers = key();
    const body = order({ calendar: { hour: 9, day_of_week: 'MONDAY' } });
    const made = await money.api.post<Recurring>(PATH, body, headers);
    const { next_runs: runs, recurring_transfer_id: id } = made.body;
    assert.deepEqual([made.status, runs?.length], [201, 10]);
    for (const run of runs!) assert.match(new Date(run).toUTCString(), /^Mon, .* 09:00:00 GMT$/);
    assert.deepEqual((await get(id)).next_runs, runs);
    assert.deepEqual((await money.api.post<Recurring>(PATH, body, headers)).body.next_runs, runs);
    await fetch(`${stack.api}${PATH}/${id}/pause`, { method: 'POST', headers: stack.authorization });
    assert.deepEqual((await money.api.post<Recurring>(PATH, body, headers)).body.next_runs, []);
  });

  test('an end that has passed is refused, but a repeat is answered when it has', async () => {
    const past = await money.api.post(PATH, order({ every: 60, ends_at: '2020-01-01T00:00:00Z' }), key());
    assert.deepEqual([past.status, past.body['code']], [422, 'ends_in_the_past']);
    const headers = key();
    const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1_000).toISOString();
    const changes = { every: 60, starts_at: inSeconds(5), ends_at: inSeconds(7) };
    const made = await create(changes, headers);
    await until(LIMIT_MS, 'it has not ended', () => Date.now() > Date.parse(changes.ends_at));
    assert.equal((await create(changes, headers)).recurring_transfer_id, made.recurring_transfer_id);
  });

  test('intervals count from the start, or from when it was made', async () => {
    const startsAt = new Date(Math.floor(Date.now() / 1_000) * 1_000 + 100_017_000);
    const started = await create({ every: 86_400, starts_at: startsAt.toISOString() });
    const next = await nextRunsOf(started.recurring_transfer_id);
    assert.deepEqual(
      next.slice(0, 2),
      [startsAt, new Date(startsAt.getTime() + 86_400_000)].map((at) => at.toISOString()),
    );
    const made = await create({ every: 604_800 });
    const [first] = await nextRunsOf(made.recurring_transfer_id);
    assert.equal(Date.parse(first!), Math.floor(Date.parse(made.created_at) / 1_000) * 1_000 + 604_800_000);
  });

  test('a calendar is read by the clock of its time zone', async () => {
    const { recurring_transfer_id: id } = await create({
      calendar: { day_of_month: 1, hour: 9, minute: 30, month: [1, 7] },
      time_zone: 'Europe/Berlin',
    });
    const next = await nextRunsOf(id);
    assert.equal(next.length, 10);
    for (const at of next) assert.match(at, /^20\d\d-(01-01T08:30|07-01T07:30):00\.000Z$/);
  });

  test('pausing, resuming and deleting repeat safely, and the Schedule follows', async () => {
    const { recurring_transfer_id: id } = await create();
    for (const [action, status, paused] of [
      ['pause', 'PAUSED', true],
      ['pause', 'PAUSED', true],
      ['resume', 'ACTIVE', false],
      ['resume', 'ACTIVE', false],
    ] as const) {
      const answer = await money.api.post<Recurring>(`${PATH}/${id}/${action}`);
      assert.deepEqual([answer.status, answer.body.status], [200, status]);
      // A Temporal that is slow is not waited for: the sweep brings the Schedule after the row.
      await until(
        30_000,
        `the Schedule does not follow ${action}`,
        async () => (await schedule(id).describe()).state.paused === paused,
      );
      const { policies } = await schedule(id).describe();
      assert.deepEqual([policies.catchupWindow, policies.overlap], [86_400_000, 'ALLOW_ALL']);
      assert.equal((await nextRunsOf(id)).length, paused ? 0 : 10);
    }
    for (const _ of [1, 2]) {
      const { status, body } = await remove(id);
      assert.deepEqual([status, body.status], [200, 'DELETED']);
    }
    await assert.rejects(schedule(id).describe());
    for (const action of ['pause', 'resume']) {
      const { status, body } = await money.api.post(`${PATH}/${id}/${action}`);
      assert.deepEqual([status, body['code']], [409, 'recurring_transfer_deleted']);
    }
    assert.equal((await get(id)).status, 'DELETED');
  });

  test('a trigger pays once a key, waits if it is asked to, and is listed among the runs', async () => {
    const { recurring_transfer_id: id } = await create();
    const headers = { ...key(), prefer: 'wait=30' };
    const before = Number(await money.api.balance(receiver));
    const [first, second] = await Promise.all([
      money.api.post(`${PATH}/${id}/trigger`, undefined, headers),
      money.api.post(`${PATH}/${id}/trigger`, undefined, headers),
    ]);
    assert.deepEqual([first.status, second.status, first.body['status']], [200, 200, 'COMPLETED']);
    assert.equal(first.body['transfer_id'], second.body['transfer_id']);
    assert.equal(first.headers.get('location'), `/v1/transfers/${String(first.body['transfer_id'])}`);
    assert.equal(Number(await money.api.balance(receiver)) - before, 2.5);
    // The same key for another recurring transfer, and for a transfer, names something else.
    const other = await create();
    const elsewhere = await money.api.post(`${PATH}/${other.recurring_transfer_id}/trigger`, undefined, headers);
    const plain = await money.api.post('/v1/transfers', order(), headers);
    const ids = [first, elsewhere, plain].map(({ body }) => body['transfer_id']);
    assert.equal(new Set(ids).size, 3);

    const { body } = await money.api.get<Page>(`${PATH}/${id}/runs`);
    assert.deepEqual(
      body.data.map(({ scheduled_for, transfer_id, status }) => [scheduled_for, transfer_id, status]),
      [[null, first.body['transfer_id'], 'COMPLETED']],
    );
    assert.equal((await get(id)).last_runs.length, 1);
  });

  test('lists are paged, by wallet and status', async () => {
    const wallet = await money.wallet(1);
    const made: string[] = [];
    for (const changes of [{ sender_wallet_id: wallet }, { receiver_wallet_id: wallet }, { sender_wallet_id: wallet }])
      made.unshift((await create({ every: 3_600, ...changes })).recurring_transfer_id);
    await remove(made[0]!);
    const ids = ({ data }: Page) => data.map(({ recurring_transfer_id: id }) => id);
    const first = await money.api.get<Page>(`${PATH}?wallet_id=${wallet}&limit=2`);
    const second = await money.api.get<Page>(`${PATH}?wallet_id=${wallet}&limit=2&cursor=${first.body.next_cursor}`);
    assert.deepEqual([...ids(first.body), ...ids(second.body)], made);
    assert.equal(second.body.next_cursor, null);
    const active = await money.api.get<Page>(`${PATH}?wallet_id=${wallet}&status=ACTIVE`);
    assert.deepEqual(ids(active.body), made.slice(1));
  });

  test('one that is not there is 404, on every path', async () => {
    const nobody = randomUUID();
    for (const path of ['', '/runs', '/skipped-runs']) {
      const { status, body } = await money.api.get(`${PATH}/${nobody}${path}`);
      assert.deepEqual([status, body['code']], [404, 'recurring_transfer_not_found']);
    }
    for (const path of ['/pause', '/resume', '/trigger']) {
      const { status, body } = await money.api.post(`${PATH}/${nobody}${path}`, undefined, key());
      assert.deepEqual([status, body['code']], [404, 'recurring_transfer_not_found']);
    }
    assert.equal((await remove(nobody)).status, 404);
  });

  test('while Temporal is away none is made or triggered, but a pause counts at once and reaches the Schedule later', async () => {
    const { recurring_transfer_id: id } = await create();
    const { recurring_transfer_id: ended } = await create();
    const [headers, trigger] = [key(), key()];
    stack.kill('temporal', 'SIGSTOP');
    try {
      await until(LIMIT_MS, 'Temporal is not known to be down', async () => {
        const { status } = await money.api.once.post(`${PATH}/${id}/trigger`, undefined, key());
        return status === 503;
      });
      const refused = await money.api.once.post(PATH, order({ every: 60 }), headers);
      assert.deepEqual([refused.status, refused.body['code']], [503, 'temporal_unavailable']);
      const triggered = await money.api.once.post(`${PATH}/${id}/trigger`, undefined, trigger);
      assert.deepEqual([triggered.status, triggered.body['code']], [503, 'temporal_unavailable']);
      const paused = await money.api.post<Recurring>(`${PATH}/${id}/pause`);
      assert.deepEqual([paused.status, paused.body.status], [200, 'PAUSED']);
      assert.equal((await remove(ended)).status, 200);
      assert.deepEqual((await get(id)).next_runs, []);
    } finally {
      stack.kill('temporal', 'SIGCONT');
    }
    await stack.waitUntilReady();
    await until(LIMIT_MS, 'the Schedule was not paused', async () => (await schedule(id).describe()).state.paused);
    await until(LIMIT_MS, 'the Schedule was not removed', () =>
      schedule(ended)
        .describe()
        .then(
          () => false,
          () => true,
        ),
    );
    // The refused keys are free.
    await until(LIMIT_MS, 'Temporal is still taken for down', async () => {
      const { status } = await money.api.post(`${PATH}/${id}/trigger`, undefined, trigger);
      return status === 202;
    });
    await create({ every: 3_600 }, headers);
  });

  test('leaves every invariant standing', async () => {
    await money.assertSound();
  });
});
