// One request cannot hold up the others, on a real server: while requests are handled that are made to take long to parse,
// others are answered about as fast as beside harmless requests of the same length. Nor does one request fill the memory.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pino } from 'pino';
import { serveHttp, type HttpServer } from '../../api/http/serve-http.ts';
import { RECEIVER, SENDER, testApp } from './api-fakes.ts';

const AT_ONCE = 8;
const ROUNDS_MAX = 20;
/** Eight that are read one after the other in 40 ms each would be more. */
const TIMES_MAX = 20;
/** Of shorter times nothing can be told. */
const TIME_MS_MIN = 5;

const HEADERS = { 'content-type': 'application/json', 'idempotency-key': 'k' };
const transfer = { sender_wallet_id: SENDER, receiver_wallet_id: RECEIVER, amount: '1.00' };

interface Asked {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

const prefer = (text: string): Asked => ({
  path: '/v1/transfers',
  headers: { prefer: text },
  body: JSON.stringify(transfer),
});
const recurring = (calendar: object): Asked => ({
  path: '/v1/recurring-transfers',
  body: JSON.stringify({ ...transfer, calendar }),
});
const batch = (body: unknown): Asked => ({ path: '/v1/transfer-batches', body: JSON.stringify(body) });
const sixty = (value: unknown): unknown[] => Array.from({ length: 60 }, () => value);
const noDays = {
  month: sixty(2),
  day_of_month: sixty({ start: 30, end: 31 }),
  year: sixty({ start: 2_000, end: 2_100 }),
};
const nothings = { items: Array.from({ length: 10_000 }, () => ({})) };

describe('while requests come that are written to take long to read, others are answered as soon', () => {
  let server: HttpServer;
  before(async () => {
    const { app } = testApp({ log: pino({ level: 'silent' }) });
    server = await serveHttp({ fetch: app.fetch, host: '127.0.0.1', port: 0 });
  });
  after(() => server.stop());

  const table: [title: string, hostile: Asked, harmless: Asked][] = [
    ['a quoted preference that does not end', prefer(`"${'\\"'.repeat(7_500)}`), prefer('a'.repeat(15_001))],
    ['a calendar of days that never are', recurring(noDays), recurring({ hour: 25, note: 'a'.repeat(3_000) })],
    ['a batch of ten thousand times nothing', batch(nothings), batch({ items: 'a'.repeat(30_000) })],
  ];
  for (const [title, hostile, harmless] of table) {
    test(title, async () => {
      let [hostileMs, harmlessMs] = [Infinity, Infinity];
      const isHeldUp = (): boolean => hostileMs >= TIMES_MAX * Math.max(harmlessMs, TIME_MS_MIN);
      for (let round = 0; round < ROUNDS_MAX && isHeldUp(); round += 1) {
        harmlessMs = Math.min(harmlessMs, await longestWaitWhile(harmless));
        hostileMs = Math.min(hostileMs, await longestWaitWhile(hostile));
      }
      assert.ok(!isHeldUp(), `${hostileMs} ms, and ${harmlessMs} ms`);
    });
  }

  /** The longest that a request waited for its answer while several such requests were under way. */
  async function longestWaitWhile({ path, headers, body }: Asked): Promise<number> {
    let underWay = AT_ONCE;
    const asked = Array.from({ length: AT_ONCE }, async () => {
      const response = await fetch(server.url + path, { method: 'POST', headers: { ...HEADERS, ...headers }, body });
      await response.arrayBuffer();
      underWay -= 1;
    });
    let longestMs = 0;
    do {
      const startedAt = performance.now();
      await (await fetch(`${server.url}/v1/nothing`)).arrayBuffer();
      longestMs = Math.max(longestMs, performance.now() - startedAt);
    } while (underWay > 0);
    await Promise.all(asked);
    return longestMs;
  }
});

test('a body of which each byte is a chunk of its own takes some times its bytes of memory, and not hundreds of times', async () => {
  const BYTES = 400_000;
  const OTHER_BYTES = 100_000;
  // Once all bytes have been read there is no room for another body.
  const bounds = { requestsMax: 9, waitersMax: 9, settlementsMax: 9, bodyBytesMax: BYTES + OTHER_BYTES - 1 };
  const { app } = testApp({ log: pino({ level: 'silent' }), bounds });
  const server = await serveHttp({ fetch: app.fetch, host: '127.0.0.1', port: 0 });
  const isRead = async (): Promise<boolean> => {
    const body = ' '.repeat(OTHER_BYTES);
    const { status } = await fetch(`${server.url}/v1/transfers`, { method: 'POST', headers: HEADERS, body });
    return status === 429;
  };
  const usedBytes = (): number => {
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  assert.equal(await isRead(), false);
  const before = usedBytes();

  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  const head = Object.entries({ ...HEADERS, host: 'localhost', 'transfer-encoding': 'chunked' });
  const lines = head.map(([name, value]) => `${name}: ${value}`).join('\r\n');
  socket.write(`POST /v1/transfer-batches HTTP/1.1\r\n${lines}\r\n\r\n`);
  const thousand = '1\r\n \r\n'.repeat(1_000);
  for (let n = 0; n < BYTES / 1_000; n += 1) if (!socket.write(thousand)) await once(socket, 'drain');
  while (!(await isRead())) await sleep(10);
  const times = (usedBytes() - before) / BYTES;
  socket.destroy();
  await server.stop();
  assert.ok(times < 80, `${times} times as much`);
});

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
