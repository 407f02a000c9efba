// The client's stream of events: its parser against another project's, and its coming back whatever breaks off.

import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { createClient, CounterpoiseError, type ClientOptions, type Event } from '../../client/client.ts';
import { createMessageParser } from '../../client/message-parser.ts';
import { until } from '../../dev/launched-stack.ts';
import { startStreamingApi } from './event-stream-reading.ts';

const LIMIT_MS = 30_000;

describe('the parser', () => {
  const all = (pieces: readonly string[]): { id: string | undefined; data: string }[] => {
    const parse = createMessageParser();
    return pieces.flatMap(parse).flatMap(({ id, data }) => (data === undefined ? [] : [{ id, data }]));
  };

  test('reads what the parser of another project reads, wherever the text is cut', () => {
    const line = fc.oneof(
      fc.constantFrom(
        '',
        '',
        ':',
        ': x',
        'data',
        'data:',
        'data: ',
        'data:  a',
        'id',
        'id: 7',
        'id: \0',
        'event: e',
        'retry: 9',
      ),
      fc.string().map((text) => `data: ${text.replaceAll(/[\r\n\uFEFF]/g, '')}`),
      fc.string().map((text) => text.replaceAll(/[\r\n\uFEFF]/g, '')),
    );
    const text = fc
      .array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r')))
      .map((lines) => lines.map(([content, end]) => content + end).join(''));
    fc.assert(
      fc.property(text, fc.array(fc.nat(200)), (whole, cuts) => {
        const places = [0, ...cuts.filter((cut) => cut < whole.length).sort((a, b) => a - b), whole.length];
        const pieces = places.slice(1).map((place, at) => whole.slice(places[at], place));
        const expected: { id: string | undefined; data: string }[] = [];
        const oracle = createParser({ onEvent: ({ id, data }) => void expected.push({ id, data }) });
        for (const piece of pieces) oracle.feed(piece);
        assert.deepEqual(all(pieces), expected);
      }),
      { numRuns: 2_000 },
    );
  });

  test('tells an id without data apart from an event', () => {
    assert.deepEqual(createMessageParser()('retry: 1000\nid: 3\n\n:\n\nid: 4\ndata: x\n\n'), [
      { id: '3', data: undefined },
      { id: '4', data: 'x' },
    ]);
  });

  test('gives up at a line without an end', () => {
    const parse = createMessageParser();
    const piece = 'x'.repeat(1024 * 1024);
    assert.throws(() => {
      for (let each = 0; each < 20; each += 1) parse(piece);
    }, /without an end/);
  });
});

/** A client whose pauses are noted and take no time. */
function clientOf(options: ClientOptions) {
  const pausesMs: number[] = [];
  let nowMs = 0;
  const client = createClient(options, {
    now: () => nowMs,
    random: () => 0,
    sleep: async (ms, signal) => {
      pausesMs.push(ms);
      nowMs += ms;
      await new Promise(setImmediate);
      signal?.throwIfAborted();
    },
  });
  return { events: client.events, pausesMs };
}

/** The answer, with a connection that breaks after so many bytes. */
function cutAfter(response: Response, bytes: number): Response {
  let left = bytes;
  const cut = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      controller.enqueue(chunk.subarray(0, left));
      left -= chunk.length;
      if (left <= 0) controller.error(new TypeError('terminated'));
    },
  });
  return new Response(response.body!.pipeThrough(cut), response);
}

async function take(events: AsyncIterable<Event>, count: number): Promise<number[]> {
  const positions: number[] = [];
  for await (const { position } of events) if (positions.push(position) === count) break;
  return positions;
}

const upTo = (count: number, from = 1): number[] => Array.from({ length: count - from + 1 }, (_, at) => from + at);

describe('the stream', () => {
  test('yields events from a position on, by type and subject, and leaves no connection when its loop is left', async () => {
    await using api = await startStreamingApi();
    api.log.append(3);
    api.log.append(2, { type: 'x.y', subject: 's' });
    api.log.append(1, { type: 'x.y' });
    const { events } = createClient({ baseUrl: api.url });
    assert.deepEqual(await take(events.stream({ after: 1 }), 5), upTo(6, 2));
    assert.deepEqual(await take(events.stream({ after: 0, types: ['x.y', 'z'], subject: 's' }), 2), [4, 5]);
    await until(LIMIT_MS, 'connections are left', () => api.streams.count() === 0);
  });

  test('begins with what happens from now on, and misses nothing of it if it breaks off before the first event', async () => {
    await using api = await startStreamingApi();
    api.log.append(5);
    const told: string[] = [];
    const { events } = clientOf({
      baseUrl: api.url,
      fetch: async (url, init) => {
        told.push(String(new Headers(init.headers).get('last-event-id')));
        if (told.length > 1) api.log.append(2);
        const response = await fetch(url, init);
        return told.length > 1 ? response : cutAfter(response, 'retry: 1000\nid: 5\n\n'.length);
      },
    });
    let opened = 0;
    assert.deepEqual(await take(events.stream({ onOpen: () => (opened += 1) }), 2), [6, 7]);
    assert.deepEqual([told, opened], [['null', '5'], 2]);
  });

  test('has no gap and no repeat, wherever its connections are cut', async () => {
    await using api = await startStreamingApi();
    api.log.append(400, { data: { text: 'ä€😀'.repeat(20) } });
    const cuts = fc.array(fc.integer({ min: 1, max: 60_000 }), { minLength: 10, maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(cuts, async (bytes) => {
        let connections = 0;
        const { events } = clientOf({
          baseUrl: api.url,
          fetch: async (url, init) => {
            connections += 1;
            return cutAfter(await fetch(url, init), bytes[connections % bytes.length]! + connections * 100);
          },
        });
        assert.deepEqual(await take(events.stream({ after: 0 }), 400), upTo(400));
      }),
      { numRuns: 20 },
    );
  });

  test('comes back to an API that was stopped and started again, and says so', async () => {
    const first = await startStreamingApi();
    first.log.append(10);
    const breaks: CounterpoiseError[] = [];
    const { events } = createClient({ baseUrl: first.url });
    const taken = take(events.stream({ after: 0, onBreak: (error) => void breaks.push(error) }), 20);
    await until(LIMIT_MS, 'it is not open', () => first.streams.count() === 1);
    await first.stop();
    await until(LIMIT_MS, 'it does not try again', () => breaks.length > 2);
    first.log.append(5);
    await using second = await startStreamingApi({ log: first.log, port: Number(new URL(first.url).port) });
    await until(LIMIT_MS, 'it does not come back', () => second.streams.count() === 1);
    second.log.append(5);
    assert.deepEqual(await taken, upTo(20));
    assert.deepEqual(new Set(breaks.map(({ code }) => code)), new Set(['unreachable']));
  });

  test('ends with position_expired and the oldest position that is kept, at its beginning and when it comes back', async () => {
    await using api = await startStreamingApi();
    api.log.append(20);
    const { events } = clientOf({
      baseUrl: api.url,
      fetch: async (url, init) => cutAfter(await fetch(url, init), 1_000),
    });
    const seen: number[] = [];
    const stream = async (): Promise<void> => {
      for await (const { position } of events.stream({ after: 0 })) {
        seen.push(position);
        api.log.drop(10);
      }
    };
    for (const isFirst of [true, false])
      await assert.rejects(stream, (error) => {
        assert.ok(error instanceof CounterpoiseError);
        assert.deepEqual([error.code, error.status, error.problem?.['first_position']], ['position_expired', 410, 11]);
        return seen.length > 0 || isFirst;
      });
    assert.ok(seen.length > 0 && seen.length < 10);
    assert.deepEqual(seen, upTo(seen.length));
  });
});

const ended = (text = ''): Response => new Response(text, { headers: { 'content-type': 'text/event-stream' } });
const problem = (status: number, code: string, headers: Record<string, string> = {}): Response =>
  Response.json({ type: 't', title: 'T', status, code, request_id: 'r' }, { status, headers });

/** A client that gets these answers, one after the other; the stream of the last one hangs. */
function answered(...answers: (Response | Error)[]) {
  const sent: string[] = [];
  const made = clientOf({
    baseUrl: 'http://api.test',
    fetch: async (url) => {
      const answer = answers[sent.length];
      sent.push(url);
      if (answer instanceof Error) throw answer;
      return answer ?? new Response(new ReadableStream(), { headers: { 'content-type': 'text/event-stream' } });
    },
  });
  return { ...made, sent };
}
const message = (position: number): string => `id: ${position}\ndata: {"position":${position}}\n\n`;

describe('the tries', () => {
  test('pauses double while it cannot come back, for ever, and are never shorter than Retry-After', async () => {
    const away = Array.from({ length: 12 }, () => new TypeError('fetch failed'));
    const { events, pausesMs } = answered(
      ended(message(1)),
      ...away,
      problem(429, 'x', { 'retry-after': '30' }),
      ended(message(2)),
    );
    assert.deepEqual(await take(events.stream(), 2), [1, 2]);
    assert.deepEqual(pausesMs, [
      200,
      400,
      800,
      1_600,
      3_200,
      6_400,
      ...Array.from({ length: 7 }, () => 10_000),
      30_000,
    ]);
  });

  test('before it was ever open, it gives up as a call does', async () => {
    const { events, sent } = answered(...Array.from({ length: 20 }, () => new TypeError('fetch failed')));
    await assert.rejects(take(events.stream(), 1), { code: 'unreachable', attempts: 6 });
    assert.equal(sent.length, 6);
  });

  for (const [what, answer, code] of [
    ['400', () => problem(400, 'position_unknown'), 'position_unknown'],
    ['422', () => problem(422, 'types_invalid'), 'types_invalid'],
    ['500', () => problem(500, 'internal_error'), 'internal_error'],
    ['page of something else', () => new Response('<html>'), 'unexpected_answer'],
  ] as const)
    test(`a ${what} ends it, at once and when it comes back`, async () => {
      await assert.rejects(take(answered(answer()).events.stream(), 1), { code });
      await assert.rejects(take(answered(ended(message(1)), answer()).events.stream(), 2), { code });
    });

  test('an event that comes again is not yielded again', async () => {
    const { events } = answered(ended(message(1) + message(2) + message(2)), ended(message(1) + message(3)));
    assert.deepEqual(await take(events.stream(), 3), [1, 2, 3]);
  });

  test('a server that says nothing for too long is left', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const silent: AbortSignal[] = [];
      const { events } = clientOf({
        baseUrl: 'http://api.test',
        fetch: async (_url, { signal }) => {
          if (silent.push(signal!) > 1) return ended(message(1));
          const body = new ReadableStream({
            start: (controller) => signal!.addEventListener('abort', () => controller.error(signal!.reason)),
          });
          return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
        },
      });
      let opened = 0;
      const taken = take(events.stream({ onOpen: () => (opened += 1) }), 1);
      while (opened === 0) await new Promise(setImmediate);
      await new Promise(setImmediate);
      mock.timers.tick(44_000);
      assert.equal(silent[0]!.aborted, false);
      mock.timers.tick(2_000);
      assert.deepEqual([await taken, silent[0]!.aborted], [[1], true]);
    } finally {
      mock.timers.reset();
    }
  });

  test('an abort ends it with its reason: before it, in a try, while it waits for events, and in a pause', async () => {
    const reason = new Error('enough');
    await assert.rejects(take(answered().events.stream({ signal: AbortSignal.abort(reason) }), 1), reason);
    await using api = await startStreamingApi();
    const waiting = new AbortController();
    const { events } = createClient({ baseUrl: api.url });
    const taken = take(
      events.stream({ signal: waiting.signal, onOpen: () => setImmediate(() => waiting.abort(reason)) }),
      1,
    );
    await assert.rejects(taken, reason);
    await until(LIMIT_MS, 'connections are left', () => api.streams.count() === 0);

    const trying = new AbortController();
    const hanging = createClient({
      baseUrl: 'http://api.test',
      fetch: (_url, { signal }) =>
        new Promise((_, reject) => {
          signal!.addEventListener('abort', () => reject(signal!.reason as Error));
          trying.abort(reason);
        }),
    });
    await assert.rejects(take(hanging.events.stream({ signal: trying.signal }), 1), reason);

    // With the real clock: the pause would be an hour.
    const pausing = new AbortController();
    const busy = createClient({
      baseUrl: 'http://api.test',
      retryLimitMs: 7_200_000,
      fetch: async () => problem(503, 'database_unavailable', { 'retry-after': '3600' }),
    });
    const onBreak = (): void => void setImmediate(() => pausing.abort(reason));
    await assert.rejects(take(busy.events.stream({ signal: pausing.signal, onBreak }), 1), reason);
  });
});
