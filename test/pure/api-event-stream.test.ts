// The stream of events, on a real socket over a log in memory: what it sends and what it refuses. What readers that are slow, many
// or gone cost is in api-event-readers.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../dev/launched-stack.ts';
import type { Holder } from '../../domain/access/api-key.ts';
import type { Problem } from './api-fakes.ts';
import { keyHolder } from './api-holders.ts';
import { readStream, refusal, startStreamingApi } from './event-stream-reading.ts';

test('a stream has each event on lines of its own: id, type, and the event with its position as one line of JSON', async () => {
  await using api = await startStreamingApi();
  api.log.append(2, { data: { reference: 'two\nlines\r\n' } });
  const reading = await readStream(api.path('?after=1'));
  await reading.until(1);
  const { headers } = reading.response;
  assert.deepEqual(
    ['content-type', 'cache-control', 'x-accel-buffering'].map((name) => headers.get(name)),
    ['text/event-stream', 'no-store', 'no'],
  );
  assert.match(headers.get('x-request-id') ?? '', /./);
  const [retry, blank, id, type, data, ...rest] = reading.text().split('\n');
  assert.deepEqual([retry, blank, id, type, rest], ['retry: 1000', '', 'id: 2', 'event: test.happened', ['', '']]);
  assert.deepEqual(JSON.parse(data!.replace('data: ', '')), {
    position: 2,
    specversion: '1.0',
    id: 'test.happened/2',
    source: 'urn:counterpoise:test',
    type: 'test.happened',
    subject: 'a',
    time: '2026-01-31T12:00:00.000Z',
    datacontenttype: 'application/json',
    dataschema: 'urn:counterpoise:event:test.happened:v1',
    data: { reference: 'two\nlines\r\n' },
  });
});

test('a stream from nowhere begins at the head, and says where that is, for whoever is cut off at once', async () => {
  await using api = await startStreamingApi();
  api.log.append(3);
  const reading = await readStream(api.path());
  await until(10_000, 'a greeting', () => reading.text() !== '');
  assert.equal(reading.text(), 'retry: 1000\nid: 3\n\n');
  api.log.append(2);
  api.streams.wake();
  await reading.until(2);
  assert.deepEqual(reading.ids, [4, 5]);
});

test('a stream goes on behind Last-Event-ID, which goes before ?after=, as a browser that comes back sends both', async () => {
  await using api = await startStreamingApi();
  api.log.append(5);
  const reading = await readStream(api.path('?after=1'), { 'Last-Event-ID': '3' });
  await reading.until(2);
  const whole = await readStream(api.path('?after=0'));
  await whole.until(5);
  api.log.append(1);
  await Promise.all([reading.until(3), whole.until(6)]);
  assert.deepEqual(
    [reading.ids, whole.ids],
    [
      [4, 5, 6],
      [1, 2, 3, 4, 5, 6],
    ],
  );
});

test('a log that nothing wakes it for is looked at all the same', async () => {
  await using api = await startStreamingApi();
  const reading = await readStream(api.path());
  api.log.append(1);
  await reading.until(1);
});

test('a stream by type or subject has only these, and a comment that says how far it has come', async () => {
  await using api = await startStreamingApi({ heartbeatMs: 50 });
  const append = (): void => {
    api.log.append(1, { type: 'wallet.debited', subject: 'w' });
    api.log.append(1, { type: 'wallet.credited', subject: 'v' });
    api.log.append(1, { type: 'transfer.completed', subject: 'w' });
    api.log.append(30_000);
  };
  append();
  // From the log itself, and then from memory.
  const [byType, bySubject, byBoth] = await Promise.all([
    readStream(api.path('?after=0&types=wallet.debited,wallet.credited')),
    readStream(api.path('?after=0&subject=w')),
    readStream(api.path('?after=0&subject=w&types=wallet.credited')),
  ]);
  await Promise.all([byType.until(2), bySubject.until(2)]);
  await until(10_000, 'how far', () =>
    [byType, bySubject, byBoth].every((each) => each.text().includes(':\nid: 30003\n\n')),
  );
  append();
  await Promise.all([byType.until(4), bySubject.until(4)]);
  await until(10_000, 'how far', () =>
    [byType, bySubject, byBoth].every((each) => each.text().includes(':\nid: 60006\n\n')),
  );
  assert.deepEqual([byType.ids, bySubject.ids, byBoth.ids], [[1, 2, 30_004, 30_005], [1, 3, 30_004, 30_006], []]);
});

test('a stream without events has a comment again and again', async () => {
  await using api = await startStreamingApi({ heartbeatMs: 20 });
  const reading = await readStream(api.path('?after=0'));
  await until(10_000, 'comments', () => reading.text().split(':\n\n').length > 3);
  assert.doesNotMatch(reading.text(), /id:/, 'the reader has named its place itself');
});

test('what cannot be gone on from is refused with its own code', async () => {
  await using api = await startStreamingApi();
  api.log.append(10);
  api.log.drop(4);
  const table: [query: string, lastEventId: string | undefined, status: number, code: string][] = [
    ...['x', '-1', '1.5', '01', '1e3', '', '9'.repeat(16), '5, 6'].map(
      (nonsense) => ['', nonsense, 400, 'last_event_id_invalid'] as [string, string, number, string],
    ),
    ['', '11', 400, 'position_unknown'],
    ['?after=11', undefined, 400, 'position_unknown'],
    ['', '3', 410, 'position_expired'],
    ['?after=0', undefined, 410, 'position_expired'],
    ['?after=x', undefined, 422, 'position_invalid'],
    ['?types=A', undefined, 422, 'types_invalid'],
    ['?subject=a%00', undefined, 422, 'text_invalid'],
    ['?limit=1', undefined, 422, 'unknown_parameter'],
  ];
  for (const [query, id, status, code] of table) {
    const problem = await refusal(api.path(query), id === undefined ? {} : { 'Last-Event-ID': id });
    assert.deepEqual([problem.status, problem.code], [status, code], `${query} ${id}`);
    if (status === 410) assert.equal((problem as Problem & { first_position: number }).first_position, 5);
  }
  const reading = await readStream(api.path(), { 'Last-Event-ID': '4' });
  await reading.until(6);
  assert.deepEqual([reading.ids[0], api.streams.count()], [5, 1], 'the first that is kept; refusals took no place');
});

test('a request for another host is refused', async () => {
  await using api = await startStreamingApi();
  const problem = await refusal(api.path(), { Host: 'evil.example' });
  assert.deepEqual([problem.status, problem.code, api.streams.count()], [403, 'host_not_allowed', 0]);
});

test('HEAD is answered as GET is, and takes no place', async () => {
  await using api = await startStreamingApi();
  const { status, headers } = await fetch(api.path(), { method: 'HEAD' });
  assert.deepEqual([status, headers.get('content-type'), api.streams.count()], [200, 'text/event-stream', 0]);
});

test('a stream whose next events are no longer kept ends, and coming back says so', async () => {
  await using api = await startStreamingApi();
  api.log.append(1);
  const reading = await readStream(api.path());
  await until(10_000, 'a first look', () => api.log.reads.length > 1);
  api.log.append(10);
  api.log.drop(6);
  await reading.ended;
  assert.equal((await refusal(api.path(), { 'Last-Event-ID': '1' })).code, 'position_expired');
  assert.equal(api.streams.count(), 0);
});

test('streams of a log that has become shorter end, and coming back says so', async () => {
  await using api = await startStreamingApi();
  api.log.append(10);
  const reading = await readStream(api.path());
  await until(10_000, 'a first look', () => api.log.reads.length > 1);
  api.log.drop(-5);
  await reading.ended;
  assert.equal((await refusal(api.path(), { 'Last-Event-ID': '10' })).code, 'position_unknown');
});

test('while the log cannot be read, streams wait; then they go on without a gap', async () => {
  await using api = await startStreamingApi();
  api.log.append(300);
  const [behind, atHead] = [await readStream(api.path('?after=0')), await readStream(api.path())];
  await behind.until(300);
  const looks = api.log.reads.length;
  api.log.error = Object.assign(new Error('connection refused'), { syscall: 'connect' });
  api.log.append(5_000);
  await until(10_000, 'looks', () => api.log.reads.length > looks + 2);
  api.log.error = undefined;
  await Promise.all([behind.until(5_300), atHead.until(5_000)]);
  assert.deepEqual(
    behind.ids,
    Array.from({ length: 5_300 }, (_, at) => at + 1),
  );
  assert.deepEqual(atHead.ids, behind.ids.slice(300));
});

test('a stream ends with its key: nothing more is sent once the key is refused', async () => {
  let isValid = true;
  const known = (): Holder | undefined => (isValid ? keyHolder() : undefined);
  await using api = await startStreamingApi({ authentication: { known, lookUp: async () => known() } });
  const reading = await readStream(api.path('?after=0'), { authorization: 'Bearer any' });
  api.log.append(2);
  api.streams.wake();
  await reading.until(2);
  isValid = false;
  api.log.append(2);
  api.streams.wake();
  await reading.ended;
  assert.deepEqual(reading.ids, [1, 2]);
});
