// The timeline of a transfer over real databases and recorded histories: verdicts of every leg, attempts, entries that sum to zero, and
// an answer also while a shard or Temporal is missing.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { TransferTimeline } from '../../client/wire.ts';
import type { TransferTerms } from '../../domain/transfer/transfer.ts';
import { forbiddenDatabase, jsonOf, testApp } from '../pure/api-fakes.ts';
import { clientWith, silentClient } from '../pure/seen-client.ts';
import { startCluster, type TestCluster, type TestStores } from './database.ts';
import { movementsOver, type Movements } from './movements.ts';
import { userOnShard } from './wallets.ts';

type Client = ReturnType<typeof clientWith>;
type Leg = TransferTimeline['saga']['lanes'][number]['legs'][number];

describe('the timeline of a transfer', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  let movements: Movements;
  before(async () => {
    cluster = await startCluster();
    stores = await cluster.createStores({ shards: 2 });
    movements = movementsOver(stores);
  });
  after(() => cluster?.stop());

  const ask = (id: string, client: Client, shards = stores.wallets.map(({ service }) => service)) => {
    const { app } = testApp({ database: stores.transfer.service, wallets: { shards }, ...withClient(client) });
    return jsonOf(app.request(`/v1/transfers/${id}/timeline`));
  };
  const read = async (...asked: Parameters<typeof ask>): Promise<TransferTimeline> => {
    const { status, body } = await ask(...asked);
    assert.equal(status, 200, JSON.stringify(body));
    return body as unknown as TransferTimeline;
  };
  async function accepted(balance = '100.0000', amount = '10.0000'): Promise<TransferTerms> {
    const sender = await movements.wallets.open(userOnShard(0, 2), balance);
    const receiver = await movements.wallets.open(userOnShard(1, 2));
    return movements.acceptTransfer(sender, receiver, amount);
  }
  const legOf = ({ saga }: TransferTimeline, lane: string, leg: string): Leg | undefined =>
    saga.lanes.find((each) => each.lane === lane)?.legs.find((each) => each.leg === leg);
  const idOf = (t: TransferTerms): string => `transfer/${t.transferId}`;

  test('that is completed has both legs applied on their lanes, with their attempts, and entries that sum to zero', async () => {
    const t = await accepted();
    await movements.settle(t);
    const timeline = await read(t.transferId, clientWith({ [idOf(t)]: 'direct-completed' }));
    const { saga, sources, transfer } = timeline;
    assert.deepEqual(sources, { transfers: 'ok', 'wallet-0': 'ok', 'wallet-1': 'ok', temporal: 'ok' });
    assert.equal(transfer.status, 'COMPLETED');
    assert.deepEqual(
      saga.steps.map(({ step }) => step),
      ['PENDING', 'DEBITED', 'COMPLETED'],
    );
    const debit = legOf(timeline, 'wallet-0', 'debit')!;
    assert.deepEqual([debit.verdict?.outcome, debit.direction, debit.amount], ['applied', 'forward', '10.0000']);
    assert.deepEqual([debit.attempt_count, debit.attempts[0]?.outcome], [1, 'completed']);
    assert.equal(legOf(timeline, 'wallet-1', 'credit')?.verdict?.outcome, 'applied');
    assert.equal(legOf(timeline, 'transfer', 'record_transfer_status')?.attempt_count, 1);
    assert.deepEqual(
      saga.entries.map(({ lane, type, signed }) => `${lane} ${type} ${signed}`),
      ['wallet-0 DEBIT -10.0000', 'wallet-1 CREDIT 10.0000'],
    );
    assert.deepEqual(saga.entries_sum, [{ currency: 'USD', sum: '0.0000' }]);
    assert.ok(saga.ended_at !== null && saga.started_at <= saga.ended_at);
  });

  test('that was given up has its compensations below, with what they undo', async () => {
    const t = await accepted();
    await movements.debit(t);
    const onTheWay = await read(t.transferId, clientWith({}));
    assert.deepEqual(onTheWay.saga.entries_sum, [{ currency: 'USD', sum: '-10.0000' }]);
    assert.deepEqual([legOf(onTheWay, 'wallet-1', 'credit')?.verdict, onTheWay.saga.ended_at], [null, null]);
    assert.equal(onTheWay.sources['temporal'], 'gone');
    await movements.giveUp(t, 'timed_out');
    const timeline = await read(t.transferId, clientWith({ [idOf(t)]: 'direct-timed-out' }));
    const canceled = legOf(timeline, 'wallet-1', 'cancel_credit')!;
    assert.deepEqual([canceled.direction, canceled.compensates], ['compensation', 'credit']);
    assert.deepEqual([canceled.verdict?.outcome, canceled.verdict?.reason], ['canceled', 'timed_out']);
    const refund = legOf(timeline, 'wallet-0', 'refund')!;
    assert.deepEqual([refund.compensates, refund.verdict?.outcome], ['debit', 'applied']);
    assert.deepEqual(timeline.saga.entries_sum, [{ currency: 'USD', sum: '0.0000' }]);
    assert.equal(timeline.transfer.failure_reason, 'timed_out');
  });

  test('that was refused says so at its leg, and nothing is there to sum', async () => {
    const t = await accepted('1.0000');
    await movements.settle(t);
    const timeline = await read(t.transferId, clientWith({ [idOf(t)]: 'direct-debit-refused' }));
    const { verdict } = legOf(timeline, 'wallet-0', 'debit')!;
    assert.deepEqual([verdict?.outcome, verdict?.reason], ['rejected', 'insufficient_funds']);
    assert.deepEqual([timeline.saga.entries, timeline.saga.entries_sum], [[], []]);
  });

  test('whose compensation keeps failing shows the activity that is tried, at its leg, with its next try', async () => {
    const t = await accepted();
    await movements.debit(t);
    const failing = {
      ...{ activityId: '9', activityType: { name: 'cancelCredit' }, state: 1, attempt: 4 },
      ...{ lastFailure: { message: 'no answer' }, scheduledTime: { seconds: 4_000_000_000, nanos: 0 } },
    };
    const timeline = await read(t.transferId, clientWith({ [idOf(t)]: 'direct-timed-out' }, [failing]));
    const [pending] = timeline.saga.pending;
    assert.deepEqual([pending?.lane, pending?.leg, pending?.attempt], ['wallet-1', 'cancel_credit', 4]);
    assert.deepEqual([pending?.last_error, pending?.next_try_at], ['no answer', '2096-10-02T07:06:40.000Z']);
    assert.equal(timeline.saga.workflow?.status, 'RUNNING');
  });

  test('that a group has moved has the attempts of the group at its legs', async () => {
    const t = await accepted();
    const group = '77777777-7777-4777-8777-777777777777';
    await movements.settle(t);
    await stores.transfer.admin.execute(
      `UPDATE transfers SET group_id = '${group}' WHERE transfer_id = '${t.transferId}'`,
    );
    const client = clientWith({ [`group/${group}`]: 'group-local-refused-in-part' });
    const timeline = await read(t.transferId, client);
    assert.equal(timeline.saga.workflow?.workflow_id, `group/${group}`);
    const [attempt] = legOf(timeline, 'wallet-0', 'debit')!.attempts;
    assert.equal(attempt?.activity, 'transferGroupAtOnce');
  });

  test('is answered while Temporal is down, and while a shard is, and says which source is missing', async () => {
    const t = await accepted();
    await movements.settle(t);
    const down = await read(t.transferId, silentClient());
    assert.deepEqual([down.sources['temporal'], down.saga.workflow, down.saga.pending], ['unavailable', null, []]);
    assert.equal(legOf(down, 'wallet-0', 'debit')?.verdict?.outcome, 'applied');
    const unknown = cluster.open(stores.wallets[1]!.serviceUrl.replace(/\/[^/]*$/, '/no_such_database'));
    const half = await read(t.transferId, clientWith({}), [stores.wallets[0]!.service, unknown]);
    assert.deepEqual([half.sources['wallet-0'], half.sources['wallet-1']], ['ok', 'unavailable']);
    assert.deepEqual(
      [legOf(half, 'wallet-0', 'debit')?.verdict?.outcome, legOf(half, 'wallet-1', 'credit')?.verdict],
      ['applied', null],
    );
    const blind = await read(t.transferId, clientWith({}), [forbiddenDatabase, forbiddenDatabase]);
    assert.deepEqual([blind.sources['wallet-0'], blind.sources['wallet-1']], ['unavailable', 'unavailable']);
  });

  test('of an unknown transfer is not found, and of no id refused', async () => {
    const missing = await ask('00000000-0000-4000-8000-000000000000', clientWith({}));
    assert.deepEqual([missing.status, missing.body['code']], [404, 'transfer_not_found']);
    const wrong = await ask('x', clientWith({}));
    assert.deepEqual([wrong.status, wrong.body['code']], [422, 'transfer_id_invalid']);
  });
});

function withClient(client: Client): Parameters<typeof testApp>[0] {
  const starter = { client, walletShardCount: 2 } as never;
  return { starter, acceptance: { client, monitor: { isDown: () => false }, groups: undefined } as never };
}
