// The event log as it is read by HTTP, from a real database: pages, single events, a stream, and what is no longer kept.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { pino } from 'pino';
import { createEventStreams } from '../../api/events/event-streams.ts';
import { serveHttp, type HttpServer } from '../../api/http/serve-http.ts';
import { testApp, type Problem } from '../pure/api-fakes.ts';
import { readStream } from '../pure/event-stream-reading.ts';
import { rowsOf, startCluster, type TestCluster, type TestDatabase } from './database.ts';

interface Page {
  readonly data: readonly { readonly position: number; readonly type: string; readonly subject: string }[];
  readonly next_after: number;
  readonly head: number;
}

const COUNT = 50_000;

describe('the event log by HTTP', () => {
  let cluster: TestCluster;
  let events: TestDatabase;
  let server: HttpServer;
  before(async () => {
    cluster = await startCluster();
    ({ events } = await cluster.createStores());
    await rowsOf(events.admin, `SELECT extend_event_log(${2 * COUNT})`);
    await append(COUNT);
    const draining = new AbortController();
    const logger = pino({ level: 'silent' });
    const eventStreams = createEventStreams({
      database: events.service,
      streamsMax: 10,
      logger,
      draining: draining.signal,
    });
    const { app } = testApp({ eventsDatabase: events.service, eventStreams });
    server = await serveHttp({ fetch: app.fetch, host: '127.0.0.1', port: 0, draining });
  });
  after(async () => {
    await server?.stop();
    await cluster?.stop();
  });

  /** Appends events; every tenth is of the type `rare.happened`, every thousandth about the subject `w`. */
  async function append(count: number): Promise<void> {
    await rowsOf(
      events.admin,
      `WITH head AS (UPDATE log_head SET position = position + ${count} RETURNING position - ${count} AS position)
       INSERT INTO event_log (position, event_id, type, subject, time, source, payload, chain)
       SELECT at, 'e/' || at, type, subject, now(), 'test',
         json_build_object('id', 'e/' || at, 'type', type, 'subject', subject), ''
       FROM head, generate_series(head.position + 1, head.position + ${count}) AS at,
         LATERAL (SELECT CASE WHEN at % 10 = 0 THEN 'rare.happened' ELSE 'test.happened' END AS type,
                         CASE WHEN at % 1000 = 0 THEN 'w' ELSE 'v' END AS subject) AS made`,
    );
  }
  const get = async <Answer>(path: string): Promise<Answer> =>
    (await fetch(server.url + path)).json() as Promise<Answer>;
  const positions = ({ data }: Page): number[] => data.map(({ position }) => position);

  test('is read page by page to its head, each event once', async () => {
    const seen: number[] = [];
    for (let after = 0; ;) {
      const page = await get<Page>(`/v1/events?after=${after}&limit=1000`);
      seen.push(...positions(page));
      after = page.next_after;
      if (after === page.head) break;
    }
    assert.deepEqual(
      seen,
      Array.from({ length: COUNT }, (_, at) => at + 1),
    );
    const { data, next_after, head } = await get<Page>(`/v1/events?after=${COUNT}`);
    assert.deepEqual([data, next_after, head], [[], COUNT, COUNT]);
  });

  test('by type and subject, a page is short before it has looked through too much, and says where to go on', async () => {
    const rare = await get<Page>('/v1/events?types=rare.happened,none&limit=3');
    assert.deepEqual([positions(rare), rare.next_after, rare.head], [[10, 20, 30], 30, COUNT]);
    const none = await get<Page>('/v1/events?types=none');
    assert.deepEqual([none.data, none.next_after], [[], 20_000]);
    const w = await get<Page>('/v1/events?subject=w&limit=1000');
    assert.deepEqual([w.data.length, w.next_after], [COUNT / 1_000, COUNT]);
  });

  test('one event is found by its position; what is not there yet, and nothing, is not found', async () => {
    assert.equal((await get<{ id: string }>('/v1/events/17')).id, 'e/17');
    for (const position of [0, COUNT + 1, COUNT + 2, 10 ** 15 - 1])
      assert.equal((await get<Problem>(`/v1/events/${position}`)).code, 'event_not_found', `${position}`);
    assert.equal((await get<Problem>('/v1/events/x')).code, 'position_invalid');
  });

  test('a stream has every event from the first to the head, and then what is appended', async () => {
    const [all, rare] = await Promise.all([
      readStream(`${server.url}/v1/events/stream?after=0`),
      readStream(`${server.url}/v1/events/stream?after=0&types=rare.happened&subject=w`),
    ]);
    await Promise.all([all.until(COUNT), rare.until(COUNT / 1_000)]);
    await append(1_000);
    await Promise.all([all.until(COUNT + 1_000), rare.until(COUNT / 1_000 + 1)]);
    assert.deepEqual(
      all.ids,
      Array.from({ length: COUNT + 1_000 }, (_, at) => at + 1),
    );
    assert.deepEqual(
      rare.ids,
      Array.from({ length: COUNT / 1_000 + 1 }, (_, at) => (at + 1) * 1_000),
    );
    all.leave();
    rare.leave();
  });

  test('what is no longer kept is told apart from what is not there, with the first position that is kept', async () => {
    await rowsOf(events.admin, `UPDATE log_head SET first_position = 10001`);
    await rowsOf(events.admin, `DELETE FROM event_log WHERE position <= 10000`);
    for (const path of [
      '/v1/events?after=0',
      '/v1/events?after=9999',
      '/v1/events/10000',
      '/v1/events/stream?after=1',
    ]) {
      const problem = await get<Problem & { first_position: number }>(path);
      assert.deepEqual([problem.status, problem.code, problem.first_position], [410, 'position_expired', 10_001], path);
    }
    assert.equal((await get<{ id: string }>('/v1/events/10001')).id, 'e/10001');
    for (const path of ['/v1/events', '/v1/events?after=10000'])
      assert.equal(positions(await get<Page>(path))[0], 10_001, path);
  });
});
