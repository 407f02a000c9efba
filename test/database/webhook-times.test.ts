// Times of deliveries that are not as they should be: those of a pause, those that a receiver wants later, those of a wrong clock.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { changeEndpoint } from '../../db/events/endpoint-queries.ts';
import { rowsOf } from './database.ts';
import { useHooks, type Hooks } from './webhooks.ts';

describe('the times of webhook deliveries', () => {
  let hooks: Hooks;
  const { open, receiver } = useHooks();
  const change = (statement: string): Promise<unknown> => rowsOf(hooks.events.admin, statement);

  test('the time for which an endpoint was paused counts neither as failing nor as tried', async () => {
    hooks = await open();
    const { url } = await receiver((_, response) => void response.writeHead(500).end());
    const id = await hooks.endpoint(url);
    await hooks.append({ subject: 'a' });
    hooks.start();
    await hooks.until('it failed', async () => (await hooks.deliveries(id)).length === 1, { hurries: false });
    await changeEndpoint(hooks.events.service, id, { status: 'PAUSED' });
    await hooks.stopAll();
    await change(`UPDATE webhook_endpoints SET failing_since = now() - interval '6 days'`);
    await change(`UPDATE webhook_deliveries SET first_attempt_at = now() - interval '4 days'`);
    await changeEndpoint(hooks.events.service, id, { status: 'ACTIVE' });
    const [{ attempts } = { attempts: 0 }] = await hooks.deliveries(id);
    hooks.start();
    await hooks.until('it was tried again', async () => (await hooks.deliveries(id))[0]!.attempts > attempts);
    assert.equal((await hooks.deliveries(id))[0]?.status, 'PENDING');
    assert.equal((await hooks.find(id)).status, 'ACTIVE');
  });

  test('a change of an endpoint that is not paused leaves the time for which it has failed', async () => {
    hooks = await open();
    const id = await hooks.endpoint('http://127.0.0.1:1/');
    await change(`UPDATE webhook_endpoints SET failing_since = '2026-01-31T12:00:00Z'`);
    await changeEndpoint(hooks.events.service, id, { status: 'ACTIVE' });
    await changeEndpoint(hooks.events.service, id, { status: 'PAUSED' });
    assert.equal((await hooks.find(id)).failingSince?.toISOString(), '2026-01-31T12:00:00.000Z');
  });

  test('no delivery is a probe before the time that the receiver asked for; a new event is, and that delivery later', async () => {
    hooks = await open();
    const { url, received } = await receiver((_, response) => {
      response.writeHead(503, { 'retry-after': '3600' }).end();
    });
    const id = await hooks.endpoint(url, { ordering: 'none' });
    await hooks.append(...Array.from({ length: 25 }, (_, index) => ({ subject: `s${index}` })));
    hooks.start({ probePauseMs: () => 20 });
    const areStored = (count: number) => async (): Promise<boolean> => (await hooks.deliveries(id)).length === count;
    await hooks.until('all have failed', areStored(25), { hurries: false });
    for (let count = 26; count <= 30; count += 1) {
      await hooks.append({ subject: 'new' });
      await hooks.until('the new one was a probe', areStored(count), { hurries: false });
    }
    assert.equal(received.length, 30);
    assert.equal(new Set(received.map(({ id: webhookId }) => webhookId)).size, 30, 'none twice');
    await change(`UPDATE webhook_deliveries SET not_before = now() WHERE position = 7`);
    await hooks.until('it is a probe', () => received.length > 30, { hurries: false });
    assert.equal(received[30]?.id, 'evt_7');
  });

  test('a delivery whose next try was set by a clock that was a year ahead is tried now, and its subject goes on', async () => {
    hooks = await open();
    let isWell = false;
    const { url, received } = await receiver((_, response) => void response.writeHead(isWell ? 200 : 400).end());
    const id = await hooks.endpoint(url);
    await hooks.append({ subject: 'a' }, { subject: 'a' });
    hooks.start();
    await hooks.until('it failed', async () => (await hooks.find(id)).cursor === 2, { hurries: false });
    await hooks.stopAll();
    const aYearAhead = `now() + interval '1 year'`;
    await change(`UPDATE webhook_endpoints SET failing_since = ${aYearAhead}`);
    await change(
      `UPDATE webhook_deliveries SET first_attempt_at = ${aYearAhead}, next_attempt_at = ${aYearAhead}, not_before = ${aYearAhead}`,
    );
    const failuresBefore = received.length;
    hooks.start();
    await hooks.until('it was tried', () => received.length > failuresBefore, { hurries: false });
    const times = `SELECT first_attempt_at <= now() AND failing_since <= now() AS are_past FROM webhook_deliveries, webhook_endpoints`;
    await hooks.until(
      'it counts from now',
      async () => (await rowsOf<{ are_past: boolean }>(hooks.events.admin, times))[0]!.are_past,
      { hurries: false },
    );
    isWell = true;
    await hooks.until('the subject goes on', () => received.at(-1)?.id === 'evt_2');
  });
});
