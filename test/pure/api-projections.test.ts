import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Flows } from '../../client/wire.ts';
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

describe('the flows', () => {
  const days = (ago: number): string => new Date(Date.now() - ago * 24 * 3_600_000).toISOString();

  test('are asked for by spans that are kept, in steps that there are, and not too many of them', async () => {
    for (const [query, code] of [
      ['step=60', 'step_invalid'],
      ['step=1h', 'step_invalid'],
      ['currency=usd', 'currency_invalid'],
      ['from=yesterday', 'instant_invalid'],
      [`from=${days(0)}&to=${days(1)}`, 'span_invalid'],
      [`from=${days(91)}&step=86400`, 'span_invalid'],
      [`from=${days(5)}`, 'span_invalid'],
      [`from=${days(50)}&currency=USD`, 'span_invalid'],
      ['wallet_id=x', 'unknown_parameter'],
    ] as const) {
      const answer = await testApp().app.request(`/v1/flows?${query}`);
      const problem = (await answer.json()) as Problem;
      assert.deepEqual([answer.status, problem.code], [422, code], query);
    }
  });

  test('are asked of the database once, for whole steps, however many there are', async () => {
    let asked = 0;
    const eventsDatabase = {
      $client: { options: { max: 1 } },
      execute: async () => {
        asked += 1;
        return { rows: [{ up_to: '7', head: '9', flows: [] }] };
      },
    } as unknown as Database;
    const { app } = testApp({ eventsDatabase });
    const answer = await app.request(`/v1/flows?from=${days(40)}&currency=USD`);
    const { data, from, ...rest } = (await answer.json()) as Flows;
    assert.deepEqual([answer.status, rest.up_to_position, rest.head, asked], [200, 7, 9, 1]);
    assert.deepEqual([data.length, data[0]!.steps.length], [1, 961]);
    assert.match(from, /:00:00\.000Z$/);
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
