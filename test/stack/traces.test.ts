// Traces of a real stack: a transfer is one trace over every process that it goes through, and a receiver that is not there or does
// not answer delays none.

import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { startReceiver } from '../pure/webhook-receiver.ts';
import { startTraceReceiver, type ReceivedSpan, type TraceReceiver } from '../pure/trace-receiver.ts';
import { apiClient } from './api-client.ts';
import { openMoney, type Money } from './money.ts';
import { startStack, until, type TestStack } from './stack.ts';

const SENT_LIMIT_MS = 120_000;
const WAIT = { prefer: 'wait=20' };

/** What a transfer's trace has in any case, as parent and child; its legs have one activity where one shard has both wallets. */
function pathOf(names: readonly string[]): string[][] {
  const [debit, credit] = names.includes('debitAndCredit') ? ['debitAndCredit', 'debitAndCredit'] : ['debit', 'credit'];
  return [
    ['client', 'POST /v1/transfers'],
    ['POST /v1/transfers', 'INSERT transfers'],
    ['POST /v1/transfers', 'start directTransfer'],
    ['POST /v1/transfers', debit],
    [debit, 'SELECT debit'],
    ['POST /v1/transfers', credit],
    [credit, 'SELECT credit'],
    ['POST /v1/transfers', 'recordTransferStatus'],
    ['recordTransferStatus', 'UPDATE transfers'],
  ];
}

/** The payloads of a history are bytes, which JSON.stringify is given as Buffer's toJSON has made them. */
function asText(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  const { type, data } = (value ?? {}) as { type?: unknown; data?: unknown };
  return type === 'Buffer' ? Buffer.from(data as number[]).toString() : value;
}

describe('the traces of a stack whose services run apart', () => {
  let receiver: TraceReceiver;
  let stack: TestStack;
  let wallets: string[];
  let money: Money;
  const api = apiClient(
    () => stack.api,
    () => stack.authorization,
  );

  before(async () => {
    receiver = await startTraceReceiver();
    stack = await startStack({ separate: true, env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url } });
    await stack.waitUntilReady();
    money = await openMoney(stack);
    wallets = await Promise.all(Array.from({ length: 8 }, () => api.wallet('1000')));
  });
  after(async () => {
    await money?.close();
    await stack?.remove();
    receiver?.close();
  });

  /** The spans of a trace by their ids, once it is whole. */
  async function spansOf(traceId: string, isWhole: (names: string[]) => boolean): Promise<ReceivedSpan[]> {
    let spans: ReceivedSpan[] = [];
    await until(SENT_LIMIT_MS, `trace ${traceId} is not whole`, async () => {
      spans = receiver.spans.filter((span) => span.traceId === traceId);
      return isWhole(spans.map(({ name }) => name));
    });
    return spans;
  }
  const hasPath = (names: string[]): boolean => pathOf(names).every(([, name]) => names.includes(name!));

  function pairsIn(spans: readonly ReceivedSpan[]): Set<string> {
    const names = new Map(spans.map(({ spanId, name }) => [spanId, name]));
    return new Set(spans.map(({ parentSpanId, name }) => `${names.get(parentSpanId ?? '') ?? 'client'} > ${name}`));
  }

  function assertPath(spans: readonly ReceivedSpan[]): void {
    const pairs = pairsIn(spans);
    for (const [parent, child] of pathOf(spans.map(({ name }) => name)))
      assert.ok(pairs.has(`${parent} > ${child}`), `${parent} > ${child} in ${[...pairs].join('\n')}`);
    const known = new Set(spans.map(({ spanId }) => spanId));
    assert.equal(known.size, spans.length, 'no id twice');
  }

  test('one transfer is one trace: its request, queries, start, activities and theirs, of three services', async () => {
    const traceId = randomBytes(16).toString('hex');
    const { body } = await api.transfer(wallets[0]!, wallets[1]!, '12.34', {
      'idempotency-key': randomUUID(),
      traceparent: `00-${traceId}-b7ad6b7169203331-01`,
      ...WAIT,
    });
    assert.equal(body.status, 'COMPLETED');
    const spans = await spansOf(traceId, hasPath);
    assertPath(spans);
    const services = new Set(spans.map(({ service }) => service.replace(/-\d$/, '')));
    for (const service of ['counterpoise-api', 'counterpoise-worker-wallet', 'counterpoise-worker-transfer'])
      assert.ok(services.has(service), service);
    // Nothing of its money, its key or its wallets; of ids, the workflow's.
    const text = JSON.stringify(spans);
    assert.ok(!text.includes('12.34'));
    for (const wallet of wallets) assert.ok(!text.includes(wallet));
    assert.ok(text.includes(`transfer/${body.transfer_id}`));
  });

  test('fifty at once, without a traceparent, are fifty whole traces, none crossed', async () => {
    const requests = Array.from({ length: 50 }, (_, n) => ({ requestId: `at-once/${randomUUID()}`, n }));
    const before = receiver.spans.length;
    const transferIds = await Promise.all(
      requests.map(async ({ requestId, n }) => {
        const headers = { 'idempotency-key': randomUUID(), 'x-request-id': requestId, ...WAIT };
        return (await api.transfer(wallets[n % 8]!, wallets[(n + 3) % 8]!, '1', headers)).body.transfer_id;
      }),
    );
    const traceOf = (id: string): string | undefined =>
      receiver.spans.find(
        ({ name, attributes }) =>
          name === 'start directTransfer' && attributes['counterpoise.workflow_id'] === `transfer/${id}`,
      )?.traceId;
    await until(SENT_LIMIT_MS, 'starts are missing', async () => transferIds.every((id) => traceOf(id) !== undefined));
    const traceIds = transferIds.map((id) => traceOf(id)!);
    assert.equal(new Set(traceIds).size, 50);
    for (const [at, traceId] of traceIds.entries()) {
      const spans = await spansOf(traceId, hasPath);
      assertPath(spans);
      const workflows = spans.flatMap(({ attributes }) => attributes['counterpoise.workflow_id'] ?? []);
      assert.deepEqual([...new Set(workflows)], [`transfer/${transferIds[at]}`]);
    }
    assert.ok(receiver.spans.length > before);
  });

  test('a webhook goes on with the trace of the request that caused its event', async () => {
    const hook = await startReceiver();
    try {
      await api.post('/v1/webhook-endpoints', { url: hook.url, types: ['transfer.completed'] });
      const traceId = randomBytes(16).toString('hex');
      await api.transfer(wallets[2]!, wallets[5]!, '1', {
        'idempotency-key': randomUUID(),
        traceparent: `00-${traceId}-b7ad6b7169203331-01`,
        ...WAIT,
      });
      const spans = await spansOf(traceId, (names) => names.includes('deliver transfer.completed'));
      const delivery = spans.find(({ name }) => name === 'deliver transfer.completed');
      assert.equal(hook.received.at(-1)?.headers['traceparent'], `00-${traceId}-${delivery!.spanId}-01`);
    } finally {
      await hook.close();
    }
  });

  test('a worker that dies in between leaves no hole: the next attempt is in the same trace', async () => {
    stack.kill('worker-wallet-0', 'SIGKILL');
    stack.kill('worker-wallet-1', 'SIGKILL');
    const traceId = randomBytes(16).toString('hex');
    const { body } = await api.transfer(wallets[0]!, wallets[1]!, '1', {
      'idempotency-key': randomUUID(),
      traceparent: `00-${traceId}-b7ad6b7169203331-01`,
      ...WAIT,
    });
    assert.equal(body.status, 'COMPLETED');
    assertPath(await spansOf(traceId, hasPath));
  });

  test('no history has a byte of a trace that began here', async () => {
    const headers = { 'idempotency-key': randomUUID(), ...WAIT };
    const { body } = await api.transfer(wallets[0]!, wallets[1]!, '1', headers);
    const history = await money.temporal.workflow.getHandle(`transfer/${body.transfer_id}`).fetchHistory();
    const text = JSON.stringify(history, (_key, value: unknown) => asText(value));
    assert.ok(text.includes('requestId'), 'its input is read');
    assert.ok(!text.includes('traceparent'));
    await money.assertSound();
  });
});

describe('a receiver of traces that does not take them', () => {
  for (const kind of ['frozen', 'dead'] as const)
    test(`delays no transfer: ${kind}`, async () => {
      const receiver = await startTraceReceiver(true);
      const url = kind === 'dead' ? 'http://127.0.0.1:1' : receiver.url;
      let stack: TestStack | undefined;
      try {
        stack = await startStack({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: url } });
        await stack.waitUntilReady();
        const { api: baseUrl, authorization } = stack;
        const api = apiClient(
          () => baseUrl,
          () => authorization,
        );
        const [sender, target] = [await api.wallet('1000'), await api.wallet()];
        // Over more than one interval of sending.
        const until = performance.now() + 8_000;
        const took: number[] = [];
        while (performance.now() < until) {
          const { body, tookMs } = await api.transfer(sender, target, '0.01');
          assert.equal(body.status, 'COMPLETED');
          took.push(tookMs);
        }
        const median = took.sort((a, b) => a - b)[Math.floor(took.length / 2)]!;
        // To wait for the receiver would take five seconds.
        assert.ok(median < 2_500, `${median} ms`);
        if (kind === 'frozen') assert.ok(receiver.headers.length > 0, 'it was sent something');
        // Nor the end of the process.
        assert.equal(await stack.stop(), 0);
      } finally {
        await stack?.remove();
        receiver.close();
      }
    });
});
