// An operator sees how far the event log is behind each outbox, and lets the relay go on with one that was restored, by HTTP and on
// the command line.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { serveHttp, type HttpServer } from '../../api/http/serve-http.ts';
import type { Database } from '../../db/database.ts';
import { testApp, type Problem } from '../pure/api-fakes.ts';
import { runCounterpoise } from '../pure/run-counterpoise.ts';
import { copyOutboxes } from './copy-outbox.ts';
import { rowsOf, startCluster, type TestCluster, type TestStores } from './database.ts';

interface Source {
  readonly source: string;
  readonly status: string;
  readonly stopped_reason: string | null;
  readonly last_position: number;
  readonly last_resume: Readonly<Record<string, unknown>> | null;
}

describe('the sources of the event log', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  let events: Database;
  let server: HttpServer;
  before(async () => {
    cluster = await startCluster();
    stores = await cluster.createStores({ shards: 1 });
    events = stores.events.admin;
    await rowsOf(
      stores.transfer.admin,
      `INSERT INTO outbox_events (event_id, type, subject, payload) VALUES ('1', 'test.happened', 'a', '{"id": "1", "type": "test.happened", "subject": "a", "time": "2026-01-31T12:00:00.000Z", "data": {}}')`,
    );
    await copyOutboxes(cluster, stores);
    const { app } = testApp({ eventsDatabase: stores.events.service });
    server = await serveHttp({ fetch: app.fetch, host: '127.0.0.1', port: 0, draining: new AbortController() });
  });
  after(async () => {
    await server?.stop();
    await cluster?.stop();
  });

  const list = async (): Promise<Source[]> =>
    ((await (await fetch(`${server.url}/v1/event-sources`)).json()) as { data: Source[] }).data;
  const resume = async (source: string, body: object, headers: Record<string, string> = { 'x-actor': 'alice' }) => {
    const answer = await fetch(`${server.url}/v1/event-sources/${source}/resume`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    return (await answer.json()) as Source & Problem;
  };
  const stop = (): Promise<unknown> =>
    rowsOf(events, `UPDATE outbox_cursors SET stopped_reason = 'it was restored' WHERE source = 'transfer'`);

  test('are listed with the place of each', async () => {
    const sources = await list();
    assert.deepEqual(
      sources.map(({ source, status, last_position }) => [source, status, last_position]),
      [
        ['events', 'COPYING', 0],
        ['transfer', 'COPYING', 1],
        ['wallet-0', 'COPYING', 0],
      ],
    );
  });

  test('a wrong request to go on is refused with its code', async () => {
    const cases: [source: string, body: object, headers: Record<string, string>, status: number, code: string][] = [
      ['transfer', { comment: 'x' }, { 'x-actor': 'alice' }, 409, 'event_source_not_stopped'],
      ['wallet-9', { comment: 'x' }, { 'x-actor': 'alice' }, 404, 'event_source_not_found'],
      ['%00', { comment: 'x' }, { 'x-actor': 'alice' }, 404, 'event_source_not_found'],
      ['transfer', { comment: 'x' }, { 'x-actor': '' }, 422, 'actor_invalid'],
      ['transfer', {}, { 'x-actor': 'alice' }, 422, 'field_missing'],
      ['transfer', { comment: ' ' }, { 'x-actor': 'alice' }, 422, 'too_short'],
      ['transfer', { comment: 'x', force: true }, { 'x-actor': 'alice' }, 422, 'unknown_field'],
    ];
    for (const [source, body, headers, status, code] of cases) {
      const refused = await resume(source, body, headers);
      assert.deepEqual([refused.status, refused.code] as unknown[], [status, code], `${source} ${code}`);
    }
  });

  test('one that was stopped goes on, and says who decided that, why, and what was lost', async () => {
    await stop();
    assert.equal((await list())[1]!.stopped_reason, 'it was restored');
    const { status, last_resume } = await resume('transfer', { comment: 'A drill.' });
    assert.equal(status, 'RESUMING');
    assert.deepEqual(
      { ...last_resume, requested_at: undefined },
      {
        stopped_reason: 'it was restored',
        actor: 'anybody',
        on_behalf_of: 'alice',
        comment: 'A drill.',
        requested_at: undefined,
        completed_at: null,
        lost_in_outbox: null,
        lost_in_log: null,
      },
    );
    await copyOutboxes(cluster, stores);
    const [, done] = await list();
    assert.deepEqual([done!.status, done!.last_resume!['lost_in_outbox'], done!.last_position], ['COPYING', 0, 1]);
  });

  test('are shown and resumed on the command line', async () => {
    await stop();
    const shown = await runCounterpoise(['events', 'sources', '--api-url', server.url]);
    assert.equal(shown.code, 0);
    assert.match(shown.stdout, /^SOURCE +STATUS +LAST POSITION +WAITING +FOR\n/);
    assert.match(shown.stdout, /transfer is read no further: it was restored\.\n/);
    const args = [
      'events',
      'resume',
      'transfer',
      '--comment',
      'Another drill.',
      '--on-behalf-of',
      'bob',
      '--api-url',
      server.url,
    ];
    const resumed = await runCounterpoise(args);
    assert.deepEqual([resumed.code, resumed.stderr], [0, '']);
    assert.match(resumed.stdout, /RESUMING[^]*transfer was resumed by anybody for bob: Another drill\.\n/);
    const again = await runCounterpoise(args);
    assert.notEqual(again.code, 0);
    assert.match(again.stderr, /event_source_not_stopped/);
    const asJson = await runCounterpoise(['events', 'sources', '--json', '--api-url', server.url]);
    assert.equal(asJson.json<Source[]>().length, 3);
  });
});
