// Spans on their way out: whose they are, what is in them, and what becomes of them when nobody takes them.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { pino } from 'pino';
import { summaryOf } from '../../db/traced-queries.ts';
import { readSettings } from '../../process/config.ts';
import { createLogger } from '../../process/telemetry.ts';
import { startTraces, type RunningTraces, type TraceSettings } from '../../process/trace-export.ts';
import { activeTraceId, errorTypeOf, installTracing, traced, traceparentOf } from '../../process/traces.ts';
import { monitorTemporal } from '../../temporal/health.ts';
import { fakeApp } from './traced-app.ts';
import { startTraceReceiver, type TraceReceiver } from './trace-receiver.ts';

const log = pino({ level: 'silent' });
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const PARENT = `00-${TRACE_ID}-b7ad6b7169203331`;

describe('traces', () => {
  let receiver: TraceReceiver;
  let traces: RunningTraces | undefined;

  beforeEach(async () => {
    receiver = await startTraceReceiver();
  });
  afterEach(async () => {
    await end();
    receiver.close();
  });
  after(() => installTracing(undefined));

  function begin(settings: Partial<TraceSettings> = {}, url = receiver.url): void {
    traces = startTraces(url, { OTEL_TRACES_SAMPLER_ARG: 1, ...settings }, 'test', log);
    installTracing(traces.tracing);
  }
  async function end(): Promise<void> {
    installTracing(undefined);
    await traces?.stop();
    traces = undefined;
  }
  const spanOf = (name: string) => receiver.spans.find((span) => span.name === name);
  async function task(requestId: string, traceparent?: string): Promise<void> {
    const place = { within: { requestId, traceparent } };
    await traced({ name: 'debit', kind: 'internal', place }, () =>
      traced({ name: 'SELECT debit', kind: 'client', place: 'active' }, async () => {}),
    );
  }

  test('whoever has the request id finds the span of the request, in another process too', async () => {
    begin();
    const app = fakeApp();
    await app.request('/things/17', { headers: { 'x-request-id': 'order/1' } });
    await end();
    begin({}, `${receiver.url}/`);
    await task('order/1');
    await end();
    const [request, activity, query] = ['GET /things/:id', 'debit', 'SELECT debit'].map(spanOf);
    assert.equal(request!.parentSpanId, undefined);
    assert.equal(activity!.parentSpanId, request!.spanId);
    assert.equal(query!.parentSpanId, activity!.spanId);
    assert.deepEqual(new Set(receiver.spans.map(({ traceId }) => traceId)).size, 1);
    assert.equal(request!.service, 'counterpoise-test');
  });

  test('a traceparent is gone on from, and handed on with the span of the request', async () => {
    begin();
    const app = fakeApp();
    const answer = await app.request('/things/17', { headers: { traceparent: `${PARENT}-01` } });
    const { traceparent } = (await answer.json()) as { traceparent: string };
    await task('any', traceparent);
    await end();
    const [request, activity] = ['GET /things/:id', 'debit'].map(spanOf);
    assert.equal(request!.parentSpanId, 'b7ad6b7169203331');
    assert.equal(traceparent, `00-${TRACE_ID}-${request!.spanId}-01`);
    assert.equal(activity!.parentSpanId, request!.spanId);
  });

  test('a trace is kept as its beginner says, and one that begins here by its id, alike in every process', async () => {
    begin({ OTEL_TRACES_SAMPLER_ARG: 0.5 });
    await task('1', `${PARENT}-00`);
    await task('2', `${PARENT}-01`);
    const ids = Array.from({ length: 200 }, (_, n) => `request/${n}`);
    for (const id of ids) await task(id);
    await end();
    const kept = new Set(receiver.spans.map(({ traceId }) => traceId));
    assert.equal(receiver.spans.filter(({ traceId }) => traceId === TRACE_ID).length, 2);
    assert.ok(kept.size > 50 && kept.size < 150, `${kept.size} of 200`);
    const traceIdOf = (id: string) => createHash('sha256').update(`trace/${id}`).digest('hex').slice(0, 32);
    begin({ OTEL_TRACES_SAMPLER_ARG: 0.5 });
    for (const id of ids) assert.equal(traceparentOf({ requestId: id })!.endsWith('-01'), kept.has(traceIdOf(id)), id);
  });

  test('without tracing there are no spans, and with it none of what nobody asked for', async () => {
    await task('1');
    assert.equal(activeTraceId(), undefined);
    assert.equal(traceparentOf({ requestId: '1' }), undefined);
    begin();
    await traced({ name: 'SELECT 1', kind: 'client', place: 'active' }, async () => {});
    const app = fakeApp();
    await app.request('/health/live');
    await end();
    assert.deepEqual(receiver.spans, []);
  });

  test('fifty at once are fifty traces, none crossed', async () => {
    begin();
    const app = fakeApp();
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, n) => (await app.request(`/things/${n}`)).json()),
    );
    await end();
    const byTrace = Map.groupBy(receiver.spans, ({ traceId }) => traceId);
    assert.equal(byTrace.size, 50);
    for (const spans of byTrace.values())
      assert.deepEqual(spans.map(({ name }) => name).sort(), ['GET /things/:id', 'SELECT thing']);
    assert.equal(answers.length, 50);
  });

  test('a failure is told by its code, without its text', async () => {
    begin();
    const app = fakeApp();
    await app.request('/broken', { headers: { 'x-request-id': 'b' } });
    await end();
    const [{ name, attributes } = {} as never] = receiver.spans;
    assert.equal(name, 'GET /broken');
    assert.equal(attributes['error.type'], '57P01');
    assert.ok(!JSON.stringify(receiver.spans).includes('secret'));
    assert.equal(errorTypeOf(Object.assign(new Error('x'), { code: 'two words' })), 'Error');
  });

  test('the watch over Temporal, which a request has hastened, is not in the trace of that request ever after', async () => {
    begin();
    const askedIn: (string | undefined)[] = [];
    const thrice = Promise.withResolvers<void>();
    const monitor = monitorTemporal(async () => {
      if (askedIn.push(activeTraceId()) === 3) thrice.resolve();
    }, log);
    await setImmediate();
    await traced({ name: 'POST', kind: 'server', place: { within: { requestId: '1' } } }, async () => {
      assert.notEqual(activeTraceId(), undefined);
      monitor.suspect();
    });
    await thrice.promise;
    monitor.stop();
    assert.deepEqual(askedIn, [undefined, undefined, undefined]);
  });

  test('the headers that are set go with each request', async () => {
    const { OTEL_EXPORTER_OTLP_HEADERS: headers } = readSettings({
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc, x-team=money',
    });
    begin({ OTEL_EXPORTER_OTLP_HEADERS: headers });
    await task('1');
    await end();
    assert.equal(receiver.headers[0]!['authorization'], 'Bearer abc');
    assert.equal(receiver.headers[0]!['x-team'], 'money');
  });

  test('a frozen receiver delays nothing, and what waits for it is bounded', async () => {
    receiver.isFrozen = true;
    begin();
    const count = 20_000;
    const startedAt = performance.now();
    for (let n = 0; n < count; n += 1) await task(`frozen/${n}`);
    const perTaskMs = (performance.now() - startedAt) / count;
    assert.ok(perTaskMs < 1, `${perTaskMs} ms`);
    receiver.isFrozen = false;
    await end();
    // Those that wait, and a batch that is under way.
    assert.ok(receiver.spans.length <= 2_048 + 512, `${receiver.spans.length} were kept`);
  });

  test('log lines within a trace carry its id', async () => {
    begin();
    const lines: string[] = [];
    const logger = createLogger(
      { LOG_LEVEL: 'info', LOG_FORMAT: 'json', OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
      't',
    );
    const stream = logger[pino.symbols.streamSym as never] as { write: (line: string) => void };
    stream.write = (line) => void lines.push(line);
    await traced(
      { name: 'debit', kind: 'internal', place: { within: { requestId: '1', traceparent: `${PARENT}-01` } } },
      async () => logger.info('within'),
    );
    logger.info('outside');
    assert.equal((JSON.parse(lines[0]!) as { trace_id: string }).trace_id, TRACE_ID);
    assert.ok(!lines[1]!.includes('trace_id'));
  });
});

describe('the name of a query', () => {
  for (const [text, name] of [
    ['SELECT outcome, reason FROM debit($1, $2)', 'SELECT debit'],
    ['select "transfer_id" from "transfers" where "amount" = $1', 'SELECT transfers'],
    [
      'WITH known AS (SELECT 1 FROM x) INSERT INTO transfers (a) VALUES ($1) ON CONFLICT DO UPDATE SET a = 1',
      'INSERT transfers',
    ],
    ['SELECT a FROM due FOR UPDATE SKIP LOCKED', 'SELECT due'],
    ['WITH a AS (SELECT 1) SELECT * FROM a', 'SELECT a'],
    ['UPDATE transfers SET status = $1', 'UPDATE transfers'],
    ['DELETE FROM ONLY leases', 'DELETE leases'],
    ['SELECT advance($1)', 'SELECT advance'],
    ['SELECT extract(epoch FROM k.expires_at) FROM api_keys k', 'SELECT api_keys'],
    ['begin', 'BEGIN'],
    ['', 'query'],
  ] as const)
    test(`${name}: ${text}`, () => assert.equal(summaryOf(text), name));
});
