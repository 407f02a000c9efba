// Readers of the stream of events that are slow, many or gone: what they cost the process, and that they delay nobody.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { until } from '../../dev/launched-stack.ts';
import { readStream, refusal, startStreamingApi, type StreamingApi } from './event-stream-reading.ts';

/** Some seconds, or minutes on a busy machine. */
const LIMIT_MS = 240_000;
/** The pages of the log that were read. */
const pages = ({ log }: StreamingApi): number[] => log.reads.filter((read) => read !== 'head');

/** A connection that asks for the stream and reads what it is told, or nothing. */
async function openRaw(api: StreamingApi, query = ''): Promise<Socket> {
  const { pathname, search, host, hostname, port } = new URL(api.path(query));
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  return socket;
}

// First, while nothing else of this process is open.
test('a thousand readers that are dropped at once leave nothing behind: no place, no connection, no timer', async () => {
  const before = resources();
  await using api = await startStreamingApi();
  const idle = resources();
  api.log.append(5_000, { data: { reference: 'x'.repeat(1_000) } });
  const opened = await Promise.all(
    Array.from({ length: 1_000 }, async (_, at) => {
      // Some at the end, some on their way, and some that are stuck there.
      const socket = await openRaw(api, at % 2 === 0 ? '' : '?after=0');
      return at % 4 === 3 ? socket.pause() : socket.resume();
    }),
  );
  await until(LIMIT_MS, 'they are not open', () => api.streams.count() === 1_000);
  assert.equal((await refusal(api.path())).code, 'too_many_streams');
  api.log.append(10);
  for (const socket of opened) socket.destroy();
  await until(LIMIT_MS, 'streams are left', () => api.streams.count() === 0);
  await until(LIMIT_MS, 'handles are left', () => resources() === idle);
  await api.stop();
  await until(LIMIT_MS, 'the server has left handles', () => resources() === before);
});

describe('the number of streams is bounded', () => {
  test('one more than allowed is refused with 429 and Retry-After, and has the place of one that has gone', async () => {
    await using api = await startStreamingApi({ streamsMax: 2 });
    const first = await readStream(api.path());
    await readStream(api.path());
    const refused = await fetch(api.path());
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '1']);
    assert.equal(((await refused.json()) as { code: string }).code, 'too_many_streams');
    first.leave();
    await until(LIMIT_MS, 'a free place', () => api.streams.count() === 1);
    await readStream(api.path());
  });

  test('streams keep no request out', async () => {
    await using api = await startStreamingApi({ requestsMax: 1 });
    for (let count = 1; count <= 5; count += 1) {
      await readStream(api.path());
      assert.deepEqual([(await fetch(`${api.url}/v1/events`)).status, api.streams.count()], [200, count]);
    }
  });
});

describe('a slow reader', () => {
  test('takes from the log only what its socket has room for, delays no other, and gets everything in the end', async () => {
    await using api = await startStreamingApi();
    // 50 MB, of which some megabytes at most have room in the sockets.
    const count = 40_000;
    api.log.append(count, { data: { reference: 'x'.repeat(1_000) } });
    const slow = await openRaw(api, '?after=0');
    slow.pause();
    const fast = await readStream(api.path('?after=0'));
    await fast.until(count);
    const read = pages(api);
    const readTwice = read.filter((page, at) => read.indexOf(page) !== at);
    assert.ok(
      readTwice.length > 0 && Math.max(...readTwice) < count / 2,
      `it has read up to ${Math.max(...readTwice)}`,
    );

    let text = '';
    slow.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
    slow.resume();
    const ids = (): number[] => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
    await until(LIMIT_MS, 'the slow one has not everything', () => text.slice(-2_000).includes(`id: ${count}\n`));
    assert.deepEqual(
      ids(),
      Array.from({ length: count }, (_, at) => at + 1),
    );
    slow.destroy();
  });

  test('that takes nothing any more is cut off, and gives its place free', async () => {
    await using api = await startStreamingApi({ stallLimitMs: 50 });
    api.log.append(20_000, { data: { reference: 'x'.repeat(1_000) } });
    const stuck = await openRaw(api, '?after=0');
    stuck.pause();
    const fine = await readStream(api.path());
    await until(LIMIT_MS, 'it is still there', () => api.streams.count() === 1);
    stuck.resume();
    await once(stuck, 'close');
    api.log.append(1);
    await fine.until(1);
  });
});

describe('many readers', () => {
  test('at the end of the log are fed by one reader of it', async () => {
    await using api = await startStreamingApi();
    api.log.append(10);
    const readings = await Promise.all(Array.from({ length: 200 }, () => readStream(api.path())));
    for (let round = 1; round <= 5; round += 1) {
      api.log.append(3);
      api.streams.wake();
      await Promise.all(readings.map((reading) => reading.until(3 * round)));
    }
    const expected = Array.from({ length: 15 }, (_, at) => at + 11);
    for (const { ids } of readings) assert.deepEqual(ids, expected);
    assert.ok(pages(api).length < readings.length / 2, `${pages(api).length} pages were read`);
  });

  test('that come from far behind join the others at the end, without a gap', async () => {
    await using api = await startStreamingApi();
    api.log.append(5_000);
    const readings = await Promise.all(
      Array.from({ length: 50 }, (_, at) => readStream(api.path(`?after=${at * 100}`))),
    );
    for (let round = 0; round < 20; round += 1) {
      api.log.append(150);
      api.streams.wake();
      await new Promise(setImmediate);
    }
    await Promise.all(readings.map((reading, at) => reading.until(8_000 - at * 100)));
    for (const [at, { ids }] of readings.entries())
      assert.deepEqual(
        ids,
        Array.from({ length: 8_000 - at * 100 }, (_, each) => at * 100 + each + 1),
      );
    const before = pages(api).length;
    api.log.append(1);
    api.streams.wake();
    await Promise.all(readings.map((reading, at) => reading.until(8_001 - at * 100)));
    assert.ok(pages(api).length - before < 10, 'one reads for all');
  });

  test('end when the server drains, with all that they were sent; one that is stuck is cut off', async () => {
    const api = await startStreamingApi();
    api.log.append(20_000, { data: { reference: 'x'.repeat(1_000) } });
    const stuck = await openRaw(api, '?after=0');
    stuck.pause();
    const readings = await Promise.all(Array.from({ length: 100 }, () => readStream(api.path())));
    api.log.append(1);
    api.streams.wake();
    await Promise.all(readings.map((reading) => reading.until(1)));
    const stopped = api.stop();
    assert.equal(api.streams.count(), 0);
    await Promise.all(readings.map(({ ended }) => ended));
    await stopped;
    stuck.destroy();
    await assert.rejects(fetch(api.path()));
  });
});

/** What this process has open: sockets, and timers that keep it alive. */
function resources(): string {
  const counted = process.getActiveResourcesInfo().filter((name) => /TCP|Timeout/.test(name));
  return counted.sort().join(' ');
}
