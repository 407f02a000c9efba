// The projection flows: exact in whatever order, how often and by whomever events are brought, and what the route makes of it.

import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import type { Flows } from '../../client/wire.ts';
import { expireFlows } from '../../db/events/flow-queries.ts';
import { readHead } from '../../db/events/log-queries.ts';
import { readProjection, requestRebuild } from '../../db/events/projection-queries.ts';
import { decideCapture } from '../../db/transfer/queries.ts';
import { startFlows } from '../../workers/events/flows.ts';
import type { RunningProjection } from '../../workers/events/projection.ts';
import { jsonOf, testApp } from '../pure/api-fakes.ts';
import { until } from './consuming.ts';
import { copyOutboxes } from './copy-outbox.ts';
import { rowsOf, startCluster, type TestCluster, type TestDatabase, type TestStores } from './database.ts';
import { createFlowLog, oracleOf, type FlowLog } from './flow-log.ts';
import { movementsOver } from './movements.ts';
import { startTransferKinds } from './transfer-kinds.ts';

const NAME = 'flows';
const logger = pino({ level: 'silent' });

async function hasReadAll({ service }: TestDatabase): Promise<boolean> {
  const { position } = await readHead(service);
  return (await readProjection(service, NAME)).live.position === position;
}

describe('the projection flows', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  let events: TestDatabase;
  let log: FlowLog;
  let running: RunningProjection[];
  let processes: ChildProcess[];

  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster?.stop());
  beforeEach(async () => {
    stores = await cluster.createStores({ shards: 1 });
    ({ events } = stores);
    log = createFlowLog(events.admin);
    running = [];
    processes = [];
  });
  afterEach(async () => {
    for (const child of processes) child.kill('SIGKILL');
    await Promise.all(running.map((each) => each.stop()));
  });

  const start = (): RunningProjection => {
    const started = startFlows({ database: events.service, logger });
    running.push(started);
    return started;
  };
  async function startProcess(): Promise<ChildProcess> {
    const file = fileURLToPath(new URL('activity-process.ts', import.meta.url));
    const child = spawn(process.execPath, [file, events.serviceUrl, NAME], { stdio: ['pipe', 'pipe', 'inherit'] });
    processes.push(child);
    await once(child.stdout, 'data');
    return child;
  }
  const lines = async (): Promise<string[]> =>
    (
      await rowsOf<{ line: string }>(
        events.admin,
        `SELECT concat_ws(' ', tenant, extract(epoch FROM starts_at)::bigint, currency, kind, movement_count, sum) AS line FROM flows
         WHERE generation = (SELECT generation FROM projections WHERE name = '${NAME}')`,
      )
    )
      .map(({ line }) => line)
      .sort();
  const allCounted = () => until('all is counted', () => hasReadAll(events));

  test('is exact, also where money is told of before the movement that it is of, and says up to where', async () => {
    await log.append(2_000);
    start();
    await allCounted();
    await log.append(500);
    await allCounted();
    assert.deepEqual(await lines(), oracleOf(log), `seed ${log.seed}`);
    // The acceptances that are held back are those of movements that wait, and nothing else does.
    const waiting = (): Promise<unknown[]> => rowsOf(events.admin, 'SELECT movement_id FROM flows_waiting');
    assert.ok((await waiting()).length > 0);
    await log.appendHeldBack();
    await allCounted();
    assert.deepEqual(await lines(), oracleOf(log), `seed ${log.seed}`);
    assert.deepEqual(await waiting(), []);
  });

  test('counts what is read again, after one that was killed, and by two at once, no second time', async () => {
    await log.append(2_500);
    const killed = await startProcess();
    await until('it has begun', async () => (await readProjection(events.service, NAME)).live.position > 500);
    killed.kill('SIGKILL');
    await Promise.all([startProcess(), startProcess()]);
    await allCounted();
    assert.deepEqual(await lines(), oracleOf(log), `seed ${log.seed}`);
  });

  test('is rebuilt to the same rows, and nothing is left of what was wrong', async () => {
    await log.append(1_500);
    start();
    await allCounted();
    await rowsOf(events.admin, 'UPDATE flows SET sum = sum + 1');
    assert.deepEqual(await requestRebuild(events.service, NAME), { isRequested: true });
    await log.append(300);
    await until('it is rebuilt', async () => (await readProjection(events.service, NAME)).next === undefined);
    await allCounted();
    assert.deepEqual(await lines(), oracleOf(log), `seed ${log.seed}`);
    const left = (): Promise<unknown[]> =>
      rowsOf(
        events.admin,
        `SELECT 1 FROM flows WHERE generation = 1 UNION ALL SELECT 1 FROM flows_waiting WHERE generation = 1`,
      );
    await until('the old rows are gone', async () => (await left()).length === 0);
  });

  test('keeps 90 days, and what waits no longer than that', async () => {
    await rowsOf(
      events.admin,
      `INSERT INTO flows SELECT 1, 'default', now() - days * interval '1 day', 'USD', 'transfers', 1, 1 FROM unnest(ARRAY[89, 91]) days;
       INSERT INTO flows_waiting SELECT 1, gen_random_uuid(), 'transfers', 1, now() - days * interval '1 day' FROM unnest(ARRAY[89, 91]) days`,
    );
    assert.equal(await expireFlows(events.service), false);
    const kept = (table: string) => rowsOf(events.admin, `SELECT count(*)::int AS count FROM ${table}`);
    assert.deepEqual([await kept('flows'), await kept('flows_waiting')], [[{ count: 1 }], [{ count: 1 }]]);
  });

  test('is shown in steps that leave nothing out, by currency, with the place in the log', async () => {
    const at = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000 - 3_600_000);
    const quarters = [0, 1, 3, 4].map((nth) => new Date(at.getTime() + nth * 900_000).toISOString());
    await rowsOf(
      events.admin,
      `INSERT INTO flows SELECT 1, tenant, at, currency, 'transfers', 2, 900719925474099.2500
       FROM unnest(ARRAY['${quarters.join("','")}']::timestamptz[]) at, unnest(ARRAY['USD', 'EUR']) currency, unnest(ARRAY['default', 'another']) tenant;
       INSERT INTO flows VALUES (1, 'default', '${at.toISOString()}', 'USD', 'refunds', 1, 0.0001)`,
    );
    const { app } = testApp({ database: stores.transfer.service, eventsDatabase: events.service });
    const read = async (query: string): Promise<Flows> =>
      (await jsonOf(app.request(`/v1/flows?${query}`))).body as unknown as Flows;
    const span = `from=${at.toISOString()}&to=${new Date(at.getTime() + 7_200_000).toISOString()}`;
    const hours = await read(span);
    assert.deepEqual(
      hours.data.map(({ currency, steps }) => [currency, steps.map(({ transfers }) => transfers)]),
      ['EUR', 'USD'].map((currency) => [
        currency,
        [
          { count: 6, amount: '2702159776422297.7500' },
          { count: 2, amount: '900719925474099.2500' },
        ],
      ]),
    );
    assert.deepEqual(hours.data[1]!.steps[0]!.refunds, { count: 1, amount: '0.0001' });
    assert.deepEqual([hours.up_to_position, hours.head, hours.step], [0, 0, 3_600]);
    const ofOne = await read(`${span}&currency=JPY&step=900`);
    assert.deepEqual(
      ofOne.data.map(({ currency, steps }) => [currency, steps.length]),
      [['JPY', 8]],
    );
    const day = await read('');
    assert.equal(day.data[0]!.steps.length, 24);
  });
});

test('flows are what the ledger says of movements that were made', async () => {
  const kinds = await startTransferKinds();
  try {
    const { stores, fund } = kinds;
    const movements = movementsOver(stores);
    const pair = await fund('100.0000');
    await movements.settle(await movements.acceptTransfer(pair.sender, pair.receiver, '10.0000'));
    await movements.settle(await movements.acceptTransfer(pair.sender, pair.receiver, '1000.0000'));
    await kinds.giveUp(await kinds.debited(pair, '7.0000', false));
    const held = await kinds.debited(pair, '30.0000', true);
    await decideCapture(stores.transfer.service, held.transferId, '12.5000');
    await kinds.credit(held, '12.5000');
    await kinds.refund(held, '12.5000');
    await kinds.complete(held);
    await movements.transact(await movements.acceptTransaction('DEBIT', pair.sender, '3.2500'));
    await copyOutboxes(kinds.cluster, stores);
    const flows = startFlows({ database: stores.events.service, logger });
    await until('all is counted', () => hasReadAll(stores.events));
    await flows.stop();
    assert.deepEqual(
      await rowsOf(
        stores.events.admin,
        'SELECT currency, kind, sum(movement_count)::int AS count, sum(sum) AS sum FROM flows GROUP BY 1, 2 ORDER BY 2',
      ),
      [
        { currency: 'USD', kind: 'credits', count: 1, sum: '100.0000' },
        { currency: 'USD', kind: 'debits', count: 1, sum: '3.2500' },
        { currency: 'USD', kind: 'refunds', count: 2, sum: '24.5000' },
        { currency: 'USD', kind: 'transfers', count: 2, sum: '22.5000' },
      ],
    );
  } finally {
    await kinds.stop();
  }
});
