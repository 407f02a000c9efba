import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Database } from '../../db/database.ts';
import { SENDER, testApp, type Problem } from './api-fakes.ts';

describe("a wallet's activity", () => {
  const refused = async (query: string): Promise<Problem> =>
    (await (await testApp().app.request(`/v1/wallets/${SENDER}/activity?${query}`)).json()) as Problem;

  test('is asked for by days that there are, of 366 at most', async () => {
    for (const [query, code] of [
      ['from=2026-02-30', 'day_invalid'],
      ['to=yesterday', 'day_invalid'],
      ['from=2026-01-31T12:00:00Z', 'day_invalid'],
      ['from=2026-02-01&to=2026-01-31', 'days_invalid'],
      ['from=2025-01-01&to=2026-01-02', 'days_invalid'],
      ['day=2026-01-31', 'unknown_parameter'],
    ] as const) {
      const problem = await refused(query);
      assert.deepEqual([problem.status, problem.code], [422, code], query);
    }
  });

  test('is answered here, and not by the wallet API, also where that is apart', async () => {
    let asked = 0;
    const eventsDatabase = {
      $client: { options: { max: 1 } },
      execute: async () => {
        asked += 1;
        return { rows: [{ up_to: '7', activity: [] }] };
      },
    } as unknown as Database;
    const { app } = testApp({ eventsDatabase, wallets: { walletApiUrl: 'http://127.0.0.1:1' } });
    const answer = await app.request(`/v1/wallets/${SENDER}/activity?from=2026-01-01&to=2026-12-31`);
    assert.deepEqual([answer.status, await answer.json(), asked], [200, { data: [], up_to_position: 7 }, 1]);
    assert.equal((await app.request(`/v1/wallets/${SENDER}`)).status, 503, 'the others are forwarded');
  });
});

test('a projection that there is not is a 404 before anything is read', async () => {
  const { app } = testApp();
  for (const [method, path] of [
    ['POST', 'rebuild'],
    ['GET', 'dead-letters'],
    ['POST', 'dead-letters/retry'],
  ] as const) {
    const answer = await app.request(`/v1/projections/other/${path}`, { method });
    assert.deepEqual([answer.status, ((await answer.json()) as Problem).code], [404, 'projection_not_found'], path);
  }
});
