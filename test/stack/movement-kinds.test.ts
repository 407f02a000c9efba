// Holds, cancels, reversals and scheduled transfers over HTTP on a real stack: the promises to clients about each.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { apiClient, type Answer } from './api-client.ts';
import type { Money } from './money.ts';
import type { TestStack } from './stack.ts';
import { useStack } from './use-stack.ts';

type Body = Record<string, unknown>;

describe('the API', () => {
  let stack: TestStack;
  let money: Money;
  const api = apiClient(
    () => stack.api,
    () => stack.authorization,
  );
  const keyed = (more: Record<string, string> = {}) => ({
    'idempotency-key': randomUUID(),
    prefer: 'wait=30',
    ...more,
  });

  useStack((started) => {
    ({ stack, money } = started);
  });

  const two = async (amount = '100.00'): Promise<[string, string]> => [await api.wallet(amount), await api.wallet()];
  const create = (sender: string, receiver: string, more: Body = {}, headers = keyed()): Promise<Answer<Body>> =>
    api.post(
      '/v1/transfers',
      { sender_wallet_id: sender, receiver_wallet_id: receiver, amount: '25.00', ...more },
      headers,
    );
  const act = (id: unknown, action: string, body?: Body, headers?: Record<string, string>): Promise<Answer<Body>> =>
    api.post(`/v1/transfers/${String(id)}/${action}`, body, headers);
  const pick = (body: Body, ...names: string[]): unknown[] => names.map((name) => body[name]);
  const moneyOf = async (id: string) => {
    const { body } = await api.get(`/v1/wallets/${id}`);
    return pick(body, 'balance', 'held');
  };

  describe('a manual transfer', () => {
    const hold = async (sender: string, receiver: string, more: Body = {}) => {
      const made = await create(sender, receiver, { capture_method: 'manual', ...more });
      assert.deepEqual([made.status, made.body['status']], [200, 'DEBITED'], JSON.stringify(made.body));
      return made.body;
    };

    test('is held until it is captured, in part, and gives the rest back', async () => {
      const [sender, receiver] = await two();
      const held = await hold(sender, receiver, { expires_in: 3_600 });
      assert.deepEqual(pick(held, 'capture_method', 'captured_amount', 'released_amount'), ['manual', null, null]);
      assert.equal(Date.parse(String(held['expires_at'])) - Date.parse(String(held['created_at'])), 3_600_000);
      assert.deepEqual(await moneyOf(sender), ['75.0000', '25.0000']);

      const captured = await act(held['transfer_id'], 'capture', { amount: '10' });
      assert.equal(captured.status, 200, JSON.stringify(captured.body));
      assert.deepEqual(pick(captured.body, 'status', 'captured_amount', 'released_amount'), [
        'COMPLETED',
        '10.0000',
        '15.0000',
      ]);
      assert.deepEqual(
        [await moneyOf(sender), await moneyOf(receiver)],
        [
          ['90.0000', '0.0000'],
          ['10.0000', '0.0000'],
        ],
      );

      const again = await act(held['transfer_id'], 'capture', { amount: '10.0000' });
      assert.deepEqual([again.status, again.body], [200, captured.body]);
      const other = await act(held['transfer_id'], 'capture', { amount: '11' });
      assert.deepEqual(pick(other.body, 'code', 'transfer_status'), ['not_capturable', 'COMPLETED']);
      assert.deepEqual(pick((await act(held['transfer_id'], 'cancel')).body, 'status', 'code'), [
        409,
        'not_cancelable',
      ]);
    });

    test('is captured as a whole without an amount, seven days being its default', async () => {
      const [sender, receiver] = await two();
      const held = await hold(sender, receiver);
      assert.equal(Date.parse(String(held['expires_at'])) - Date.parse(String(held['created_at'])), 7 * 86_400_000);
      const { body } = await act(held['transfer_id'], 'capture');
      assert.deepEqual(pick(body, 'status', 'captured_amount', 'released_amount'), ['COMPLETED', '25.0000', '0.0000']);
      assert.deepEqual(await moneyOf(sender), ['75.0000', '0.0000']);
    });

    test('is voided by a cancel, which may be repeated', async () => {
      const [sender, receiver] = await two();
      const held = await hold(sender, receiver);
      for (const _ of [1, 2]) {
        const { status, body } = await act(held['transfer_id'], 'cancel', {});
        assert.deepEqual([status, ...pick(body, 'status', 'released_amount')], [200, 'CANCELED', '25.0000']);
      }
      assert.deepEqual(await moneyOf(sender), ['100.0000', '0.0000']);
      const late = await act(held['transfer_id'], 'capture');
      assert.deepEqual(pick(late.body, 'status', 'code', 'transfer_status'), [409, 'not_capturable', 'CANCELED']);
    });

    test('that is captured and canceled at the same time is one of the two, and each is told which', async () => {
      const [sender, receiver] = await two('1000.00');
      for (let round = 0; round < 5; round += 1) {
        const { transfer_id: id } = await hold(sender, receiver);
        const [capture, cancel] = await Promise.all([act(id, 'capture'), act(id, 'cancel')]);
        const { status } = (await api.get(`/v1/transfers/${String(id)}`)).body;
        assert.deepEqual(
          [capture.status, cancel.status],
          status === 'COMPLETED' ? [200, 409] : [409, 200],
          `${String(status)}: ${JSON.stringify([capture.body, cancel.body])}`,
        );
      }
    });

    test('whose receiver is suspended stays held, told with the reason, and is captured once that has passed', async () => {
      const [sender, receiver] = await two();
      const held = await hold(sender, receiver);
      await api.post(`/v1/wallets/${receiver}/suspend`);
      const { status, body } = await act(held['transfer_id'], 'capture');
      assert.deepEqual(
        [status, ...pick(body, 'code', 'reason', 'transfer_status')],
        [409, 'not_capturable', 'receiver_suspended', 'DEBITED'],
      );
      assert.deepEqual(await moneyOf(sender), ['75.0000', '25.0000']);
      await api.post(`/v1/wallets/${receiver}/activate`);
      assert.equal((await act(held['transfer_id'], 'capture')).body['status'], 'COMPLETED');
    });

    test('cannot be captured for more than it holds, nor an automatic one at all', async () => {
      const [sender, receiver] = await two();
      const held = await hold(sender, receiver);
      const more = await act(held['transfer_id'], 'capture', { amount: '25.0001' });
      assert.deepEqual(pick(more.body, 'status', 'code'), [422, 'amount_exceeds_transfer']);
      const automatic = await create(sender, receiver);
      const { body } = await act(automatic.body['transfer_id'], 'capture');
      assert.deepEqual(pick(body, 'status', 'code'), [409, 'not_capturable']);
      await act(held['transfer_id'], 'cancel');
    });

    test('and its kind are part of what its key stands for', async () => {
      const [sender, receiver] = await two();
      const headers = keyed();
      const first = await create(sender, receiver, { capture_method: 'manual' }, headers);
      const same = await create(sender, receiver, { capture_method: 'manual', expires_in: 604_800 }, headers);
      assert.deepEqual(
        [same.body['transfer_id'], same.headers.get('idempotent-replayed')],
        [first.body['transfer_id'], 'true'],
      );
      const other = await create(sender, receiver, {}, headers);
      assert.deepEqual(pick(other.body, 'status', 'code'), [422, 'idempotency_key_reused']);
      await act(first.body['transfer_id'], 'cancel');
    });

    for (const [what, more, code] of [
      ['a method that is none', { capture_method: 'later' }, 'capture_method_invalid'],
      ['an expiry below a minute', { capture_method: 'manual', expires_in: 59 }, 'expires_in_invalid'],
      ['an expiry beyond thirty days', { capture_method: 'manual', expires_in: 2_592_001 }, 'expires_in_invalid'],
      ['an expiry of an automatic one', { expires_in: 60 }, 'expires_in_invalid'],
      ['a time that has passed', { scheduled_at: '2020-01-01T00:00:00Z' }, 'scheduled_at_invalid'],
      ['a time beyond a year', { scheduled_at: '2999-01-01T00:00:00Z' }, 'scheduled_at_invalid'],
    ] as const) {
      test(`with ${what} is refused, and uses up no key`, async () => {
        const [sender, receiver] = await two();
        const headers = keyed();
        assert.deepEqual(pick((await create(sender, receiver, more, headers)).body, 'status', 'code'), [422, code]);
        assert.equal((await create(sender, receiver, {}, headers)).status, 200);
      });
    }
  });

  describe('a scheduled transfer', () => {
    test('waits for its time and then moves; repeating the request afterwards finds it', async () => {
      const [sender, receiver] = await two();
      const headers = { 'idempotency-key': randomUUID() };
      const scheduled_at = new Date(Date.now() + 3_000).toISOString();
      const made = await create(sender, receiver, { scheduled_at }, headers as never);
      assert.deepEqual([made.status, ...pick(made.body, 'status', 'scheduled_at')], [202, 'SCHEDULED', scheduled_at]);
      assert.deepEqual(await moneyOf(sender), ['100.0000', '0.0000']);
      const waited = await create(sender, receiver, { scheduled_at }, { ...headers, prefer: 'wait=30' });
      assert.deepEqual([waited.status, waited.body['status']], [200, 'COMPLETED']);
      const { body: steps } = await api.get<{ data: { step: string }[] }>(
        `/v1/transfers/${String(made.body['transfer_id'])}/steps`,
      );
      assert.deepEqual(
        steps.data.map(({ step }) => step),
        ['SCHEDULED', 'PENDING', 'DEBITED', 'COMPLETED'],
      );
      await sleep(Math.max(0, Date.parse(scheduled_at) - Date.now() + 100));
      assert.equal(
        (await create(sender, receiver, { scheduled_at }, headers as never)).headers.get('idempotent-replayed'),
        'true',
      );
    });

    test('is canceled at once, and moves nothing', async () => {
      const [sender, receiver] = await two();
      const made = await create(sender, receiver, { scheduled_at: new Date(Date.now() + 86_400_000).toISOString() }, {
        'idempotency-key': randomUUID(),
      } as never);
      const { status, body } = await act(made.body['transfer_id'], 'cancel');
      assert.deepEqual([status, body['status']], [200, 'CANCELED']);
      assert.deepEqual(await moneyOf(sender), ['100.0000', '0.0000']);
    });
  });

  describe('a reversal', () => {
    test('gives back a part, then the rest, and never more, linked both ways', async () => {
      const [sender, receiver] = await two();
      const { transfer_id: id } = (await create(sender, receiver)).body;
      const headers = keyed();
      const part = await act(id, 'reversals', { amount: '10' }, headers);
      assert.deepEqual(
        [
          part.status,
          ...pick(part.body, 'status', 'amount', 'reverses_transfer_id', 'sender_wallet_id', 'receiver_wallet_id'),
        ],
        [200, 'COMPLETED', '10.0000', id, receiver, sender],
      );
      assert.equal(
        (await act(id, 'reversals', { amount: '10' }, headers)).body['transfer_id'],
        part.body['transfer_id'],
      );
      assert.deepEqual(pick((await act(id, 'reversals', {}, headers)).body, 'status', 'code'), [
        422,
        'idempotency_key_reused',
      ]);
      const more = await act(id, 'reversals', { amount: '15.0001' }, keyed());
      assert.deepEqual(pick(more.body, 'status', 'code'), [409, 'not_reversible']);

      const restKey = keyed();
      assert.equal((await act(id, 'reversals', undefined, restKey)).body['amount'], '15.0000');
      assert.equal((await act(id, 'reversals', undefined, restKey)).headers.get('idempotent-replayed'), 'true');
      assert.deepEqual(pick((await act(id, 'reversals', undefined, keyed())).body, 'status', 'code'), [
        409,
        'not_reversible',
      ]);
      assert.equal((await api.get(`/v1/transfers/${String(id)}`)).body['reversed_amount'], '25.0000');
      assert.deepEqual(
        [await moneyOf(sender), await moneyOf(receiver)],
        [
          ['100.0000', '0.0000'],
          ['0.0000', '0.0000'],
        ],
      );
    });

    test('of money that the receiver has spent fails cleanly, and can be asked for again', async () => {
      const [sender, receiver] = await two();
      const { transfer_id: id } = (await create(sender, receiver)).body;
      const { transfer_id: spending } = (await create(receiver, sender, { amount: '20' })).body;
      const failed = await act(id, 'reversals', {}, keyed());
      assert.deepEqual(pick(failed.body, 'status', 'failure_reason'), ['FAILED', 'insufficient_funds']);
      assert.equal((await api.get(`/v1/transfers/${String(id)}`)).body['reversed_amount'], '0.0000');
      assert.equal((await act(spending, 'reversals', {}, keyed())).body['status'], 'COMPLETED');
      assert.equal((await act(id, 'reversals', {}, keyed())).body['status'], 'COMPLETED');
    });

    test('needs a key, a transfer, and one that has arrived', async () => {
      const [sender, receiver] = await two('10.00');
      const { transfer_id: failed } = (await create(sender, receiver)).body;
      assert.deepEqual(pick((await act(failed, 'reversals', {}, {})).body, 'status', 'code'), [
        400,
        'idempotency_key_missing',
      ]);
      assert.deepEqual(pick((await act(failed, 'reversals', {}, keyed())).body, 'status', 'code'), [
        409,
        'not_reversible',
      ]);
      assert.deepEqual(pick((await act(randomUUID(), 'reversals', {}, keyed())).body, 'status', 'code'), [
        404,
        'transfer_not_found',
      ]);
      const nothing = await act(failed, 'reversals', { amount: '0' }, keyed());
      assert.deepEqual(pick(nothing.body, 'status', 'code'), [422, 'amount_not_positive']);
    });
  });

  test('what is asked of a transfer that is not there, or in a way that is none, is a clear problem', async () => {
    for (const action of ['capture', 'cancel'])
      assert.deepEqual(pick((await act(randomUUID(), action, {})).body, 'status', 'code'), [404, 'transfer_not_found']);
    const [sender, receiver] = await two();
    const { transfer_id: id } = (await create(sender, receiver)).body;
    assert.deepEqual(pick((await act(id, 'cancel', { now: true })).body, 'status', 'code'), [422, 'unknown_field']);
    const resolution = { action: 'retry', comment: 'because' };
    const nobody = { 'x-actor': '' };
    assert.deepEqual(pick((await act(id, 'resolve', resolution, nobody)).body, 'status', 'code'), [
      422,
      'actor_invalid',
    ]);
    const actor = { 'x-actor': 'alice' };
    assert.deepEqual(pick((await act(id, 'resolve', resolution, actor)).body, 'status', 'code'), [
      409,
      'not_resolvable',
    ]);
    assert.deepEqual(pick((await act(id, 'resolve', { ...resolution, action: 'x' }, actor)).body, 'status', 'code'), [
      422,
      'action_invalid',
    ]);
    assert.deepEqual(pick((await act(id, 'resolve', { action: 'retry' }, actor)).body, 'status', 'code'), [
      422,
      'field_missing',
    ]);
  });

  test('and after all of this every invariant holds', async () => void (await money.assertSound()));
});
