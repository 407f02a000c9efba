/**
 * The promises of the embedded stack: it restarts processes that die, continues after any kind of end, stops cleanly, and never
 * gets in another stack's way. Two stacks serve all of these tests.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { hasStopped } from '../../dev/freeze.ts';
import { recordOf, send, type ProcessRecord } from '../../dev/processes.ts';
import { stackFilePath } from '../../dev/stack-file.ts';
import { refusedStart, startStack, until, type TestStack } from './stack.ts';

const START_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 60_000;
const RESPAWN_LIMIT_MS = 120_000;

const SERIES_MAX = 3_000;
const METRICS = [
  ...[
    'http_requests_total',
    'http_request_duration_seconds',
    'events_consumed_total',
    'worker_processing_duration_seconds',
  ],
  ...['worker_retries_total', 'dlq_messages_total', 'process_cpu_seconds_total', 'process_resident_memory_bytes'],
  ...[
    ...['build_info', 'pool_connections', 'requests_shed_total', 'movements_accepted_total', 'movements_ended_total'],
    ...['movement_duration_seconds', 'compensations_total', 'movements_in_flight', 'movement_oldest_age_seconds'],
    ...['movements_stuck', 'cases_open', 'case_oldest_age_seconds', 'reconciliation_last_end_timestamp_seconds'],
    ...['backlog_tasks', 'backlog_oldest_age_seconds', 'outbox_lag_events', 'outbox_lag_seconds', 'outbox_stopped'],
    ...['log_lag_events', 'log_lag_seconds', 'webhook_endpoints', 'webhook_deliveries_pending', 'dead_letters'],
    'collector_last_success_timestamp_seconds',
  ].map((name) => `counterpoise_${name}`),
  ...['temporal_request_latency_seconds', 'temporal_worker_task_slots_available', 'temporal_num_pollers'],
];

const QUEUES = [
  ...['accounting activity', 'delivery activity', 'inventory activity', 'order activity', 'order workflow'],
  ...['transfer activity', 'transfer workflow', 'wallet-0 activity', 'wallet-1 activity'],
];

function seriesIn(text: string): number {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
}

describe('the embedded stack', () => {
  let whole: TestStack;
  let separate: TestStack;

  before(async () => {
    [whole, separate] = await Promise.all([startStack(), startStack({ separate: true })]);
    await remember(whole);
  });
  after(async () => {
    await Promise.all([whole, separate].map((stack) => stack?.remove()));
  });

  test('two stacks that start at the same moment share no port', () => {
    const addresses = [whole, separate].flatMap((stack) => {
      const { api, wallet_api, metrics = {}, temporal, databases } = stack.file();
      const servers = [api, wallet_api, temporal.ui, `http://${temporal.address}`, databases['transfer']];
      return [...servers, ...Object.values(metrics)];
    });
    const ports = addresses.filter((address) => address !== undefined).map((address) => new URL(address).port);
    assert.equal(ports.length, 20);
    assert.equal(new Set(ports).size, ports.length, ports.join(' '));
  });

  test('stack.json names every process', () => {
    assert.deepEqual(Object.keys(whole.file().processes).sort(), ['app', 'launcher', 'postgres', 'temporal']);
    assert.deepEqual(Object.keys(separate.file().processes).sort(), [
      ...['api', 'launcher', 'postgres', 'temporal', 'wallet-api'],
      ...['worker-accounting', 'worker-delivery', 'worker-events', 'worker-inventory', 'worker-order'],
      ...['worker-transfer', 'worker-wallet-0', 'worker-wallet-1'],
    ]);
    for (const pid of Object.values(separate.file().processes)) assert.ok(recordOf(pid), `pid ${pid} runs`);
  });

  for (const [kind, stackOf] of [
    ['one process', () => whole],
    ['--separate', () => separate],
  ] as const)
    test(`${kind}: each process serves its metrics where stack.json says, and together they have every name`, async () => {
      const { metrics = {}, processes } = stackOf().file();
      const services = Object.keys(processes).filter((name) => !['launcher', 'postgres', 'temporal'].includes(name));
      assert.deepEqual(Object.keys(metrics).sort(), services.sort());
      await until(START_LIMIT_MS, 'some names are missing', async () => {
        const texts = await Promise.all(Object.values(metrics).map(async (url) => (await fetch(url)).text()));
        for (const text of texts) assert.ok(seriesIn(text) <= SERIES_MAX, `${seriesIn(text)} series`);
        const missing = METRICS.filter(
          (name) => !texts.some((text) => new RegExp(`^${name}(_bucket)?[{ ]`, 'm').test(text)),
        );
        assert.deepEqual(missing, []);
        const queues = texts.flatMap((text) =>
          [...text.matchAll(/^counterpoise_backlog_tasks\{queue="([^"]+)",type="(\w+)"\}/gm)].map(
            ([, queue, type]) => `${queue} ${type}`,
          ),
        );
        assert.deepEqual(queues.sort(), QUEUES);
        return true;
      });
    });

  for (const [kind, stackOf] of [
    ['one process', () => whole],
    ['--separate', () => separate],
  ] as const) {
    test(`${kind}: stack.json is there and names every process before the API says that it is ready`, async () => {
      const stack = stackOf();
      const { api, processes } = stack.file();
      assert.equal(await stack.stop(), 0);
      const started = stack.start();
      await until(START_LIMIT_MS, 'the API does not live', async () => (await fetch(`${api}/health`)).ok);
      // From here on the launcher writes nothing more.
      const launcher = recordedLauncher(stack);
      send(launcher, 'SIGSTOP');
      try {
        await until(START_LIMIT_MS, 'it is not frozen', () => hasStopped(launcher));
        await until(START_LIMIT_MS, 'the API is not ready', async () => (await fetch(`${api}/health/ready`)).ok);
        const file = stack.file();
        assert.equal(file.api, api);
        assert.deepEqual(Object.keys(file.processes).sort(), Object.keys(processes).sort());
        for (const [name, pid] of Object.entries(file.processes)) assert.ok(recordOf(pid), `${name}, pid ${pid}, runs`);
      } finally {
        send(launcher, 'SIGCONT');
      }
      await started;
    });
  }

  test('a second launcher on the same data directory is told which one runs', async () => {
    const { code, output } = await refusedStart({ DATA_DIR: whole.dataDir });
    assert.equal(code, 1);
    assert.match(output, new RegExp(`pid ${whole.process('launcher')}, API ${whole.api}`));
    assert.doesNotMatch(output, /^\s+at /m);
  });

  test('a port that is set and taken is refused by name, and nothing is left running', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'counterpoise-test-'));
    const { port } = new URL(whole.api);
    const { code, output } = await refusedStart({ DATA_DIR: dataDir, PORT: port });
    assert.equal(code, 1);
    assert.match(output, new RegExp(`PORT=${port}: that port on 127.0.0.1 is taken`));
    assert.doesNotMatch(output, /^\s+at /m);
    assert.equal(existsSync(join(dataDir, 'processes.json')), false);
    rmSync(dataDir, { recursive: true });
  });

  test('every child that is killed is started again', async () => {
    const { launcher: _, ...children } = separate.file().processes;
    for (const name of Object.keys(children)) separate.kill(name, 'SIGKILL');
    for (const [name, pid] of Object.entries(children)) {
      await until(RESPAWN_LIMIT_MS, `${name} did not come back`, () => {
        const now = separate.process(name);
        return now !== undefined && now !== pid && recordOf(now) !== undefined;
      });
    }
    await separate.waitUntilReady();
  });

  test('a launcher that is killed alone leaves nothing in the way of the next one', async () => {
    const before = whole.file();
    whole.kill('launcher', 'SIGKILL');
    await until(STOP_LIMIT_MS, 'the launcher lives', () => !recordOf(before.processes['launcher']!));
    await whole.start();
    for (const pid of Object.values(before.processes)) assert.equal(recordOf(pid), undefined);
    assert.equal(whole.api, before.api, 'on the same port as before');
    await assertRemembered(whole);
  });

  test('a stack that is killed whole continues where it was', async () => {
    await whole.killAll();
    await whole.start();
    await assertRemembered(whole);
  });

  test('a stack that is asked to stop exits 0 within ten seconds and leaves nothing running', async () => {
    const pids = Object.values(separate.file().processes);
    const startedAtMs = Date.now();
    assert.equal(await separate.stop(), 0);
    assert.ok(Date.now() - startedAtMs < STOP_LIMIT_MS, `took ${Date.now() - startedAtMs} ms`);
    for (const pid of pids) assert.equal(recordOf(pid), undefined, `pid ${pid} still runs`);
    assert.equal(existsSync(stackFilePath(separate.dataDir)), false);
  });
});

/** The pid by which the data directory knows its launcher, also where there is no stack.json. */
function recordedLauncher({ dataDir }: TestStack): number {
  const processes = JSON.parse(readFileSync(join(dataDir, 'processes.json'), 'utf8')) as Record<string, ProcessRecord>;
  return processes['launcher']!.pid;
}

/** Leaves something in the database and in Temporal that only data kept on disk can bring back. */
async function remember(stack: TestStack): Promise<void> {
  await withDatabase(stack, 'CREATE TABLE remembered (at timestamptz); INSERT INTO remembered VALUES (now())');
  await withTemporal(stack, async (client) => {
    await client.workflow.start('remembered', { workflowId: 'remembered', taskQueue: 'nobody-polls-this' });
  });
}

async function assertRemembered(stack: TestStack): Promise<void> {
  assert.equal((await withDatabase(stack, 'SELECT * FROM remembered')).rowCount, 1);
  await withTemporal(stack, async (client) => {
    const { status } = await client.workflow.getHandle('remembered').describe();
    assert.equal(status.name, 'RUNNING');
  });
}

async function withDatabase(stack: TestStack, sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: stack.file().databases['transfer'] });
  await client.connect();
  try {
    return await client.query(sql);
  } finally {
    await client.end();
  }
}

async function withTemporal(stack: TestStack, use: (client: Client) => Promise<void>): Promise<void> {
  const connection = await Connection.connect({ address: stack.file().temporal.address });
  try {
    await use(new Client({ connection }));
  } finally {
    await connection.close();
  }
}
