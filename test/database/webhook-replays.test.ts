// Replays to an endpoint that is down: they wait for the circuit as new events do, and no new event has to come for them.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { createReplay, findReplay } from '../../db/events/replay-queries.ts';
import type { WebhookEndpointId, WebhookReplayId } from '../../domain/ids.ts';
import { rowsOf } from './database.ts';
import { useHooks, type Hooks } from './webhooks.ts';

describe('replays to a webhook endpoint that is down', () => {
  let hooks: Hooks;
  const { open, receiver } = useHooks();

  /** More than open the circuit. */
  const many = (count = 25) => Array.from({ length: count }, (_, index) => ({ subject: `s${index}` }));
  async function replay(id: WebhookEndpointId, from: number, to: number, onlyFailed = false) {
    const replayId = randomUUID() as WebhookReplayId;
    const asked = { replayId, webhookEndpointId: id, bodyHash: '00', types: null, onlyFailed };
    await createReplay(hooks.events.service, { ...asked, fromPosition: from, toPosition: to });
    return async (): Promise<boolean> => (await findReplay(hooks.events.service, id, replayId))?.status === 'COMPLETED';
  }
  const areStored = (id: WebhookEndpointId, count: number) => async (): Promise<boolean> =>
    (await hooks.deliveries(id)).length === count;

  test('one of what was given up is the next probe, once nothing else is left to be one', async () => {
    hooks = await open();
    let isWell = false;
    const { url } = await receiver((_, response) => void response.writeHead(isWell ? 200 : 503).end());
    const id = await hooks.endpoint(url, { ordering: 'none' });
    hooks.start({ probePauseMs: () => 20 });
    await hooks.append(...many());
    await hooks.until('all have failed', areStored(id, 25), { hurries: false });
    await rowsOf(hooks.events.admin, `UPDATE webhook_deliveries SET first_attempt_at = now() - interval '4 days'`);
    const areAll = (status: string) => async (): Promise<boolean> =>
      (await hooks.deliveries(id)).every((each) => each.status === status);
    await hooks.until('all are given up', areAll('FAILED'), { hurries: false });
    isWell = true;
    const hasEnded = await replay(id, 1, 25, true);
    await hooks.until('it has ended', hasEnded, { hurries: false });
    assert.ok(await areAll('DELIVERED')());
  });

  test('one is a probe while the receiver wants all that is pending later', async () => {
    hooks = await open();
    let isWell = true;
    const { url, received } = await receiver((_, response) => {
      response.writeHead(isWell ? 200 : 503, { 'retry-after': '3600' }).end();
    });
    const id = await hooks.endpoint(url, { ordering: 'none' });
    hooks.start({ probePauseMs: () => 20 });
    await hooks.append(...many(3));
    await hooks.until('all have arrived', () => received.length === 3);
    isWell = false;
    await hooks.append(...many());
    await hooks.until('all have failed', areStored(id, 25), { hurries: false });
    isWell = true;
    const before = received.length;
    const hasEnded = await replay(id, 1, 3);
    await hooks.until('it has ended', hasEnded, { hurries: false });
    assert.deepEqual(
      received
        .slice(before)
        .map((each) => each.id)
        .sort(),
      ['evt_1', 'evt_2', 'evt_3'],
    );
  });

  test('one beside new events of its subjects holds up neither them nor itself', async () => {
    hooks = await open();
    let isWell = true;
    const { url, received } = await receiver((_, response) => void response.writeHead(isWell ? 200 : 503).end());
    const id = await hooks.endpoint(url);
    hooks.start({ probePauseMs: () => 20 });
    await hooks.append(...many(200));
    await hooks.until('all have arrived', () => received.length === 200);
    isWell = false;
    await hooks.append(...many(200));
    await hooks.until('it is down', async () => (await hooks.deliveries(id)).length >= 20, { hurries: false });
    const before = received.length;
    const hasEnded = await replay(id, 191, 200);
    await hooks.until('it was probed', () => received.length > before + 120, { hurries: false });
    isWell = true;
    await hooks.until('it has ended', hasEnded);
    await hooks.until('all have arrived', async () =>
      (await hooks.deliveries(id)).every(({ status }) => status === 'DELIVERED'),
    );
    await hooks.until('the cursor has passed', async () => (await hooks.find(id)).cursor === 400);
  });
});
