// The timelines of a transfer and of an order on a real stack, as Temporal and every service tell them; and the overview of it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { OrderTimeline, Overview, TransferTimeline } from '../../client/wire.ts';
import { freeze } from './faults.ts';
import type { Money } from './money.ts';
import { ordersOn } from './order-calls.ts';
import { until, type TestStack } from './stack.ts';
import { useStack } from './use-stack.ts';

const LIMIT_MS = 30_000;

type Saga = TransferTimeline['saga'];

function verdictsOf(saga: Saga): string[] {
  return saga.lanes.flatMap(({ lane, legs }) =>
    legs.flatMap(({ leg, n, verdict }) => (verdict === null ? [] : [`${lane} ${leg} ${n} ${verdict.outcome}`])),
  );
}

describe('timelines on a real stack', () => {
  let stack: TestStack;
  let money: Money;
  useStack((started) => ({ stack, money } = started));

  test('of a transfer: both legs applied, each with an attempt, and the whole sums to zero; also while Temporal is frozen', async () => {
    const [sender, receiver] = [await money.wallet(0, '10'), await money.wallet(1)];
    const { body } = await money.api.transfer(sender, receiver, '3');
    const path = `/v1/transfers/${body.transfer_id}/timeline`;
    const { saga, sources } = (await money.api.get<TransferTimeline>(path)).body;
    assert.deepEqual(sources, { transfers: 'ok', 'wallet-0': 'ok', 'wallet-1': 'ok', temporal: 'ok' });
    assert.deepEqual(verdictsOf(saga), ['wallet-0 debit 0 applied', 'wallet-1 credit 0 applied']);
    for (const leg of saga.lanes.filter(({ service }) => service === 'wallet').flatMap(({ legs }) => legs)) {
      assert.deepEqual([leg.attempt_count, leg.attempts[0]?.outcome], [1, 'completed'], JSON.stringify(leg));
      assert.ok(leg.attempts[0]!.started_at! <= leg.attempts[0]!.ended_at!);
    }
    assert.deepEqual(saga.entries_sum, [{ currency: 'USD', sum: '0.0000' }]);
    const thaw = await freeze(stack, 'temporal');
    try {
      const frozen = await money.api.get<TransferTimeline>(path);
      assert.deepEqual([frozen.status, frozen.body.sources['temporal']], [200, 'unavailable']);
      assert.deepEqual(verdictsOf(frozen.body.saga), verdictsOf(saga));
    } finally {
      thaw();
    }
  });

  test('of a transfer that waits for a locked wallet: the activity that is tried, with the error and the next try', async () => {
    const [sender, receiver] = [await money.wallet(0, '10'), await money.wallet(1)];
    const unlock = await money.lockWallet(receiver);
    const { body } = await money.api.transfer(sender, receiver, '3', { prefer: 'wait=0', 'idempotency-key': receiver });
    const path = `/v1/transfers/${body.transfer_id}/timeline`;
    let timeline: TransferTimeline;
    await until(LIMIT_MS, 'nothing is tried again', async () => {
      timeline = (await money.api.get<TransferTimeline>(path)).body;
      return timeline.saga.pending.some(({ last_error }) => last_error !== null);
    });
    const [pending] = timeline!.saga.pending.filter(({ last_error }) => last_error !== null);
    assert.deepEqual([pending?.lane, pending?.leg], ['wallet-1', 'credit']);
    assert.deepEqual(timeline!.saga.entries_sum, [{ currency: 'USD', sum: '-3.0000' }]);
    await unlock();
    await until(LIMIT_MS, 'it does not arrive', async () => {
      timeline = (await money.api.get<TransferTimeline>(path)).body;
      return timeline.transfer.status === 'COMPLETED';
    });
    const credit = timeline!.saga.lanes
      .find(({ lane }) => lane === 'wallet-1')!
      .legs.find(({ leg }) => leg === 'credit')!;
    assert.ok(credit.attempt_count > 1, JSON.stringify(credit));
    assert.equal(credit.attempts.at(-1)?.outcome, 'completed');
  });

  test('of orders: one that is delivered goes forward on every lane, and one that is canceled is undone', async () => {
    const orders = ordersOn({ stack, money });
    const read = async (id: string) => (await money.api.get<OrderTimeline>(`/v1/orders/${id}/timeline`)).body;
    const { order_id: id } = await orders.confirmed(await orders.sale());
    await orders.handOver(id);
    await orders.deliver(id);
    const delivered = await read(id);
    assert.deepEqual(new Set(Object.values(delivered.sources)), new Set(['ok']), JSON.stringify(delivered.sources));
    const done = verdictsOf(delivered.saga);
    for (const each of [
      ...['inventory reserve 0 done', 'wallets authorize 1 applied', 'delivery book 1 done', 'inventory issue 1 done'],
      ...['wallets capture_hold 1 applied', 'accounting invoice 1 done', 'delivery hand_over 1 done'],
    ])
      assert.ok(done.includes(each), `${each} in ${done.join(', ')}`);
    assert.deepEqual(delivered.saga.entries_sum, [{ currency: 'USD', sum: '0.0000' }]);
    assert.deepEqual(
      delivered.journals.map(({ kind }) => kind),
      ['invoice'],
    );
    const legs = delivered.saga.lanes.flatMap((lane) => lane.legs);
    for (const name of ['reserve', 'authorize', 'book', 'issue', 'capture_hold', 'invoice'])
      assert.ok(
        legs.some(({ leg, attempt_count }) => leg === name && attempt_count > 0),
        name,
      );

    const { order_id: other } = await orders.confirmed(await orders.sale());
    await orders.cancel(other);
    await orders.ended(other);
    const canceled = await read(other);
    const undone = verdictsOf(canceled.saga);
    for (const each of ['inventory release 1 undone', 'wallets void_hold 1 canceled'])
      assert.ok(undone.includes(each), `${each} in ${undone.join(', ')}`);
    const canceledLegs = canceled.saga.lanes.flatMap((lane) => lane.legs);
    // The fence of a booking that was made keeps saying so: that it was canceled afterwards, the attempt tells.
    const booking = canceledLegs.find(({ leg }) => leg === 'cancel_booking');
    assert.deepEqual([booking?.compensates, booking?.attempts.at(-1)?.outcome], ['book', 'completed']);
    const hold = canceledLegs.find(({ leg }) => leg === 'void_hold');
    assert.deepEqual([hold?.direction, hold?.compensates], ['compensation', 'authorize']);
    assert.deepEqual(canceled.saga.entries_sum, [{ currency: 'USD', sum: '0.0000' }]);
  });

  test('the overview of it knows every source, its workers and its queues', async () => {
    const { body } = await money.api.get<Overview>('/v1/overview');
    assert.deepEqual(new Set(Object.values(body.sources)), new Set(['ok']));
    assert.ok(body.workers.some(({ name, status }) => name === 'transfer-worker' && status === 'up'));
    assert.ok(body.queues.some(({ queue, type }) => queue === 'order' && type === 'workflow'));
    assert.ok(body.lag.some(({ name }) => name === 'outbox/transfer'));
    assert.ok(body.currencies.some(({ currency, total }) => currency === 'USD' && Number(total) > 0));
  });
});
