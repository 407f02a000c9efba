// The metrics: their labels are closed sets that begin at 0, they are served only where they are asked for, and a collector that can
// no longer look does not look calm.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { pino } from 'pino';
import { beginCounting } from '../../api/http/count-requests.ts';
import { loadBounds } from '../../api/http/base-app.ts';
import { ORDER_ENDS } from '../../domain/order/order-counts.ts';
import { MOVEMENT_ENDS } from '../../domain/transfer/movement-counts.ts';
import { createMetrics, type Metrics } from '../../process/metrics.ts';
import { serveMetrics, type MetricsServer } from '../../process/metrics-server.ts';
import { backlogPart, type Queue } from '../../workers/backlog.ts';
import { startCollector } from '../../workers/collector.ts';
import { measureTasks } from '../../workers/measured-tasks.ts';
import { beginMeasuring } from '../../workers/events/measured.ts';
import { testApp } from './api-fakes.ts';

/** Of a process that holds every service, its API and all workers, with what Temporal's SDK counts in it. */
const SERIES_MAX = 3_000;
const SDK_SERIES_MAX = 500;
/** The gauges of the state, which are there once it is known. */
const STATE_SERIES_MAX = 240;
/** More than there are activities of all services. */
const ACTIVITIES_MAX = 70;
const silent = pino({ level: 'silent' });

/** The metrics of a process that has everything, before it has done anything. */
function wholeProcess() {
  const metrics = createMetrics();
  const { app } = testApp({ metrics });
  beginCounting(metrics, app);
  beginWorking(metrics);
  return { metrics, app };
}

/** As a worker does, with more activities than any has. */
function beginWorking(metrics: Metrics): void {
  beginMeasuring(metrics);
  measureTasks(
    metrics,
    'transfer',
    Array.from({ length: ACTIVITIES_MAX }, (_, n) => `activity${n}`),
  );
}

async function seriesOf({ registry }: Metrics): Promise<string[]> {
  const text = await registry.metrics();
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

const namesOf = (series: readonly string[]): string[] =>
  series.map((line) => line.slice(0, line.lastIndexOf(' '))).sort();

async function valueOf(metrics: Metrics, series: string): Promise<number | undefined> {
  const line = (await seriesOf(metrics)).find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

describe('the labels', () => {
  test('ten thousand random paths and ids make no series that was not there, and all are at most 3,000', async () => {
    const { metrics, app } = wholeProcess();
    const before = namesOf(await seriesOf(metrics));
    const random = (): string => randomBytes(6).toString('hex');
    const paths: (() => string)[] = [
      () => `/v1/transfers/${random()}`,
      () => `/v1/transfers/${random()}/steps?x=${random()}`,
      () => `/v1/wallets/${random()}`,
      () => `/v1/transfer-batches/${random()}/items`,
      () => `/${random()}/${randomUUID()}`,
      () => `/v1/events/${random()}`,
      () => `/docs/${random()}`,
    ];
    const methods = ['GET', 'HEAD', 'POST', 'DELETE', 'PROPFIND', random().toUpperCase()];
    for (let n = 0; n < 10_000; n += 1)
      await app.request(paths[n % paths.length]!(), { method: methods[n % methods.length]! });
    const after = namesOf(await seriesOf(metrics));
    assert.deepEqual(after, before);
    assert.ok(after.length + SDK_SERIES_MAX + STATE_SERIES_MAX <= SERIES_MAX, `${after.length} series`);
  });

  test('a request is counted by the pattern of its route and by its status', async () => {
    const { metrics, app } = wholeProcess();
    await app.request('/v1/transfers/nothing');
    await app.request('/nowhere', { method: 'PROPFIND' });
    const requests = 'http_requests_total';
    assert.equal(
      await valueOf(metrics, `${requests}{method="GET",route="/v1/transfers/:transfer_id",status="422"}`),
      1,
    );
    assert.equal(await valueOf(metrics, `${requests}{method="other",route="none",status="404"}`), 1);
    await app.request('/v1/transfers', { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } });
    assert.equal(await valueOf(metrics, `${requests}{method="POST",route="none",status="415"}`), 1);
    const count = 'http_request_duration_seconds_count{method="GET",resource="/v1/transfers"}';
    assert.equal(await valueOf(metrics, count), 1);
  });

  test('a request that is shed is counted by what there was too much of', async () => {
    const metrics = createMetrics();
    const { app } = testApp({ metrics, bounds: { ...loadBounds(1_000), requestsMax: 0, settlementsMax: 0 } });
    assert.equal((await app.request('/v1/transfers')).status, 429);
    assert.equal((await app.request(`/v1/transfers/${randomUUID()}/cancel`, { method: 'POST' })).status, 429);
    assert.equal(await valueOf(metrics, 'counterpoise_requests_shed_total{cause="requests"}'), 1);
    assert.equal(await valueOf(metrics, 'counterpoise_requests_shed_total{cause="settlements"}'), 1);
  });

  test('every combination begins at 0', async () => {
    const { metrics } = wholeProcess();
    for (const series of await seriesOf(metrics))
      if (!/^(counterpoise_build_info|process_|nodejs_)/.test(series)) assert.match(series, / 0$/);
    const ends = namesOf(await seriesOf(metrics)).filter((name) =>
      name.startsWith('counterpoise_movements_ended_total'),
    );
    assert.equal(ends.length, MOVEMENT_ENDS.length);
    for (const { status, reason } of ORDER_ENDS)
      assert.equal(await valueOf(metrics, `counterpoise_orders_ended_total{status="${status}",reason="${reason}"}`), 0);
    assert.equal(await valueOf(metrics, 'counterpoise_orders_placed_total'), 0);
    const failed = 'counterpoise_movements_ended_total{kind="transfer",status="FAILED"';
    assert.equal(await valueOf(metrics, `${failed},reason="timed_out",class="fault"}`), 0);
    assert.equal(await valueOf(metrics, `${failed},reason="insufficient_funds",class="refused"}`), 0);
  });

  test('a gauge of the state has no series until the state is known', async () => {
    const names = namesOf(await seriesOf(createMetrics()));
    for (const name of [
      'movements_stuck',
      'ledger_balanced',
      'cases_open',
      'outbox_lag_seconds',
      'case_oldest_age_seconds',
      'orders_stuck',
      'order_case_oldest_age_seconds',
    ])
      assert.ok(!names.some((each) => each.startsWith(`counterpoise_${name}`)), name);
  });

  const promtool = spawnSync('promtool', ['--version']).status === 0;
  test('promtool has nothing to object', { skip: !promtool && 'promtool is not installed' }, async () => {
    const { metrics } = wholeProcess();
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: await metrics.registry.metrics(),
      encoding: 'utf8',
    });
    assert.deepEqual([status, `${stdout}${stderr}`], [0, '']);
  });
});

describe('the server of the metrics', () => {
  test('without METRICS_PORT there is none', async () => {
    assert.equal(await serveMetrics({ METRICS_PORT: undefined, METRICS_HOST: '127.0.0.1' }, silent), undefined);
  });

  test('it answers GET /metrics, and nothing else', async () => {
    await whileServed(async ({ url }) => {
      const answer = await fetch(url);
      assert.equal(answer.status, 200);
      assert.match(answer.headers.get('content-type')!, /^text\/plain; version=0\.0\.4/);
      assert.match(await answer.text(), /^# HELP counterpoise_build_info /m);
      assert.equal((await fetch(new URL('/', url))).status, 404);
      assert.equal((await fetch(url, { method: 'POST' })).status, 405);
      // A path that is no URL: an exception while it is looked at would end the process.
      const { hostname, port } = new URL(url);
      const answered = once(request({ hostname, port, path: '//' }).end(), 'response');
      assert.equal(((await answered) as [IncomingMessage])[0].resume().statusCode, 404);
    });
  });

  test('its answer ends with the appended text, and does without it where that cannot be had', async () => {
    const other = createServer((_asked, answer) => void answer.end('unwanted 1\ntemporal_request_total 3')).listen(
      0,
      '127.0.0.1',
    );
    await whileServed(async ({ url, append }) => {
      append(`http://127.0.0.1:${(other.address() as AddressInfo).port}/metrics`, /^unwanted.*\n/gm);
      const whole = await (await fetch(url)).text();
      assert.match(whole, /\ntemporal_request_total 3\n$/);
      assert.doesNotMatch(whole, /unwanted/);
      other.close();
      other.closeAllConnections();
      const text = await (await fetch(url)).text();
      assert.match(text, /^counterpoise_build_info/m);
      assert.doesNotMatch(text, /temporal_request_total/);
    });
  });

  async function whileServed(use: (server: MetricsServer) => Promise<void>): Promise<void> {
    const server = (await serveMetrics({ METRICS_PORT: 0, METRICS_HOST: '127.0.0.1' }, silent))!;
    try {
      await use(server);
    } finally {
      await server.stop();
    }
  }
});

describe('the collector', () => {
  const SUCCESS = 'counterpoise_collector_last_success_timestamp_seconds{part="cases"}';
  const OPEN = 'counterpoise_cases_open{reason="refund_failing"}';

  test('a part that cannot be looked at any more loses its gauges, and the time of its last success stays', async () => {
    const metrics = createMetrics();
    let looks = 0;
    const failed = Promise.withResolvers<void>();
    const collector = startCollector(
      metrics,
      { ...silent, warn: () => failed.resolve(), info: () => {} },
      [
        {
          name: 'cases',
          everyMs: 1,
          gauges: [metrics.openCases],
          async look() {
            looks += 1;
            if (looks > 3) throw new Error('the database is gone');
            return () => metrics.openCases.set({ reason: 'refund_failing' }, looks);
          },
        },
      ],
      { staleMs: 0 },
    );
    try {
      assert.equal(await valueOf(metrics, SUCCESS), 0);
      await failed.promise;
      const succeededAt = await valueOf(metrics, SUCCESS);
      assert.ok(succeededAt! > 0);
      const looksMax = looks + 1_000;
      for (let open = await valueOf(metrics, OPEN); open !== undefined; open = await valueOf(metrics, OPEN)) {
        assert.equal(open, 3);
        assert.ok(looks < looksMax, 'the gauge stays');
        await setImmediate();
      }
      assert.equal(await valueOf(metrics, SUCCESS), succeededAt);
    } finally {
      await collector.stop();
    }
  });

  test('a backlog that cannot be asked for any more loses the series of its own queues, and no others', async () => {
    const metrics = createMetrics();
    const waiting = async () => ({ count: 7, oldestSeconds: 40 });
    const parts = (['transfer', 'order'] as const).map((queue) => {
      const queues: Queue[] = [[queue, 'workflow']];
      return backlogPart(`${queue}-backlog`, metrics, waiting, queues);
    });
    const shown = async (queue: string) => {
      const of = `{queue="${queue}",type="workflow"}`;
      return [
        await valueOf(metrics, `counterpoise_backlog_tasks${of}`),
        await valueOf(metrics, `counterpoise_backlog_oldest_age_seconds${of}`),
      ];
    };
    for (const part of parts) (await part.look())();
    for (const gauge of parts[0]!.gauges) gauge.forget();
    assert.deepEqual(
      [await shown('transfer'), await shown('order')],
      [
        [undefined, undefined],
        [7, 40],
      ],
    );
  });

  test('a look that hangs has failed, and no other one of its part is begun', async () => {
    const metrics = createMetrics();
    let begun = 0;
    let warned = 0;
    let looked = 0;
    const twice = Promise.withResolvers<void>();
    const hanging = Promise.withResolvers<() => void>();
    const collector = startCollector(
      metrics,
      { warn: () => (warned += 1), info: () => {} },
      [
        {
          name: 'cases',
          everyMs: 1,
          gauges: [metrics.openCases],
          look() {
            begun += 1;
            return hanging.promise;
          },
        },
        {
          name: 'movements',
          everyMs: 1,
          gauges: [],
          async look() {
            looked += 1;
            if (looked > 50) twice.resolve();
            return () => {};
          },
        },
      ],
      { lookMs: 5 },
    );
    await twice.promise;
    hanging.resolve(() => metrics.openCases.set({ reason: 'refund_failing' }, 1));
    await collector.stop();
    assert.deepEqual([begun, warned], [1, 1]);
    assert.equal(await valueOf(metrics, SUCCESS), 0);
    assert.equal(await valueOf(metrics, OPEN), undefined);
  });
});
