// What the console draws of sagas against what is there: of every kind of end, the verdicts and the entries are those that the audit counts, and the
// attempts those of the histories, also when a worker is killed and a wallet does not answer.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import type { temporal } from '@temporalio/proto';
import type { TransferTimeline } from '../../client/wire.ts';
import { killAndAwaitNext } from './faults.ts';
import type { Money } from './money.ts';
import { until, type TestStack } from './stack.ts';
import { useStack } from './use-stack.ts';

type Saga = TransferTimeline['saga'];
type Leg = Saga['lanes'][number]['legs'][number];

/** One attempt at any of them is one at a leg on each side. */
const AT_BOTH_SIDES = ['transferAtOnce', 'debitAndCredit'];

describe('sagas as they are drawn', () => {
  let stack: TestStack;
  let money: Money;
  useStack((started) => ({ stack, money } = started));

  test('show the fences and entries that the audit counts, and the attempts that the histories tell', async () => {
    const [sender, receiver, slow] = [await money.wallet(0, '100'), await money.wallet(1), await money.wallet(1)];
    await money.api.transfer(sender, receiver, '1');
    const before = await money.assertSound();

    const ids = await endedInEveryWay(sender, receiver);
    const unlock = await money.lockWallet(slow);
    const key = randomUUID();
    const { body: waiting } = await money.api.transfer(sender, slow, '3', { prefer: 'wait=0', 'idempotency-key': key });
    ids.push(waiting.transfer_id);
    const creditIsAt = (least: number) => async () =>
      (await drawn(waiting.transfer_id)).pending.some(({ leg, attempt }) => leg === 'credit' && attempt >= least);
    await until(120_000, 'the credit is not tried', creditIsAt(1));
    await killAndAwaitNext(stack, 'app');
    await stack.waitUntilReady(120_000);
    await until(120_000, 'the credit is not tried again', creditIsAt(2));
    await unlock();

    const { checked } = await money.assertSound();
    const sagas = await Promise.all(ids.map(drawn));
    assert.equal(sum(sagas.map(fencesOf)), checked.fences - before.checked.fences);
    assert.equal(sum(sagas.map(({ entries }) => entries.length)), checked.entries - before.checked.entries);
    for (const saga of sagas) {
      assert.deepEqual(
        new Set(saga.entries_sum.map((each) => each.sum)),
        new Set(saga.entries.length > 0 ? ['0.0000'] : []),
      );
      assert.equal(
        sum(legsOf(saga).map((leg) => leg.attempt_count)),
        await attemptsInHistory(saga.workflow!.workflow_id),
      );
    }
    assert.ok(legsOf(sagas.at(-1)!).some(({ leg, attempt_count }) => leg === 'credit' && attempt_count > 1));
  });

  /** Returns the ids of transfers: completed, refused, refunded, captured in part, voided, and reversed. */
  async function endedInEveryWay(sender: string, receiver: string): Promise<string[]> {
    const made = async (to: string, amount: string, more: object, status: string): Promise<string> => {
      const terms = { sender_wallet_id: sender, receiver_wallet_id: to, amount, ...more };
      const { body } = await money.api.post('/v1/transfers', terms, keyed());
      assert.equal(body['status'], status, JSON.stringify(body));
      return String(body['transfer_id']);
    };
    const done = async (id: string, action: string, body?: object): Promise<Record<string, unknown>> =>
      (await money.api.post(`/v1/transfers/${id}/${action}`, body, keyed())).body;
    const manual = { capture_method: 'manual', expires_in: 3_600 };
    const completed = await made(receiver, '2', {}, 'COMPLETED');
    const [captured, voided] = [
      await made(receiver, '3', manual, 'DEBITED'),
      await made(receiver, '4', manual, 'DEBITED'),
    ];
    assert.equal((await done(captured, 'capture', { amount: '1' }))['status'], 'COMPLETED');
    await done(voided, 'cancel');
    const reversal = await done(completed, 'reversals', { amount: '1' });
    return [
      ...[completed, captured, voided, String(reversal['transfer_id'])],
      await made(receiver, '100000', {}, 'FAILED'),
      await made(randomUUID(), '5', {}, 'FAILED'),
    ];
  }

  const keyed = () => ({ 'idempotency-key': randomUUID(), prefer: 'wait=60' });

  /** As it is once every source has answered, which on a busy machine may take another try. */
  async function drawn(id: string): Promise<Saga> {
    let timeline: TransferTimeline | undefined;
    await until(120_000, `not every source of ${id} answers`, async () => {
      const { status, body } = await money.api.get<TransferTimeline>(`/v1/transfers/${id}/timeline`);
      assert.equal(status, 200, JSON.stringify(body));
      timeline = body;
      return Object.values(body.sources).every((state) => state === 'ok');
    });
    return timeline!.saga;
  }

  async function attemptsInHistory(workflowId: string): Promise<number> {
    const { events } = await money.temporal.workflow.getHandle(workflowId).fetchHistory();
    const scheduled = new Map(
      (events ?? []).map(({ eventId, activityTaskScheduledEventAttributes: activity }) => [
        String(eventId),
        activity?.activityType?.name ?? '',
      ]),
    );
    return sum((events ?? []).map((event) => attemptsAt(event, scheduled)));
  }
});

const sum = (numbers: readonly number[]): number => numbers.reduce((before, each) => before + each, 0);
const legsOf = (saga: Saga): Leg[] => saga.lanes.flatMap(({ legs }) => legs);

/** A leg that was undone before it happened is drawn with its undoing, by the one fence. */
function fencesOf(saga: Saga): number {
  const fences = saga.lanes.flatMap(({ lane, service, legs }) =>
    legs.flatMap(({ leg, compensates, verdict }) =>
      service !== 'wallet' || verdict === null
        ? []
        : [`${lane} ${verdict.outcome === 'canceled' ? (compensates ?? leg) : leg}`],
    ),
  );
  return new Set(fences).size;
}

/** That an activity was started is in a history once it has ended, with the number of its attempts. */
function attemptsAt(event: temporal.api.history.v1.IHistoryEvent, scheduled: ReadonlyMap<string, string>): number {
  const atLegs = (name: string, attempt: number): number => (AT_BOTH_SIDES.includes(name) ? 2 * attempt : attempt);
  const { activityTaskStartedEventAttributes: started, markerRecordedEventAttributes: marker } = event;
  if (started) return atLegs(scheduled.get(String(started.scheduledEventId)) ?? '', Number(started.attempt));
  if (marker?.markerName !== 'core_local_activity') return 0;
  const data = marker.details?.['data']?.payloads?.[0]?.data;
  const { activity_type: name, attempt } = JSON.parse(Buffer.from(data!).toString()) as {
    activity_type: string;
    attempt: number;
  };
  return atLegs(name, attempt);
}
