// What a webhook endpoint is told when the log has let go what it has not delivered: nothing is passed over silently.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { enableEndpoint } from '../../db/events/endpoint-queries.ts';
import { createReplay, findReplay, nextReplay } from '../../db/events/replay-queries.ts';
import type { WebhookEndpointId, WebhookReplayId } from '../../domain/ids.ts';
import { rowsOf } from './database.ts';
import { useHooks, type Hooks } from './webhooks.ts';

describe('a webhook endpoint whose events the log has let go', () => {
  let hooks: Hooks;
  const { open, receiver } = useHooks();
  const letGo = (firstPosition: number): Promise<unknown> =>
    rowsOf(
      hooks.events.admin,
      `WITH gone AS (DELETE FROM event_log WHERE position < ${firstPosition}) UPDATE log_head SET first_position = ${firstPosition}`,
    );
  /** An endpoint of which the first event has failed, and the second waits behind it. */
  async function withOneWaiting(): Promise<WebhookEndpointId> {
    const { url } = await receiver((_, response) => void response.writeHead(400).end());
    const id = await hooks.endpoint(url);
    await hooks.append({ subject: 'a' }, { subject: 'a' }, { subject: 'b' });
    hooks.start();
    await hooks.until('the cursor has passed', async () => (await hooks.find(id)).cursor === 3, { hurries: false });
    return id;
  }

  test('is disabled if an event is gone that waited behind another', async () => {
    hooks = await open();
    const id = await withOneWaiting();
    await letGo(3);
    await hooks.until('the first one is given up', async () => (await hooks.deliveries(id))[0]?.status === 'FAILED');
    await hooks.until('it is disabled', async () => (await hooks.find(id)).disabledReason === 'position_expired');
  });

  test('is not disabled if nothing waited behind the event that is gone', async () => {
    hooks = await open();
    const { url, received } = await receiver(
      (_, response) => void response.writeHead(received.length > 1 ? 200 : 400).end(),
    );
    const id = await hooks.endpoint(url);
    await hooks.append({ subject: 'a' });
    hooks.start();
    await hooks.until('the cursor has passed', async () => (await hooks.find(id)).cursor === 1, { hurries: false });
    await letGo(2);
    const parked = () => rowsOf(hooks.events.admin, 'SELECT FROM webhook_parked');
    await hooks.until('its subject is free', async () => (await parked()).length === 0);
    await hooks.append({ subject: 'a' });
    await hooks.until('the next one arrives', async () => (await hooks.find(id)).cursor === 2);
    assert.equal((await hooks.find(id)).status, 'ACTIVE');
  });

  test('is not enabled from its cursor if an event is gone that waits behind another', async () => {
    hooks = await open();
    const id = await withOneWaiting();
    await hooks.stopAll();
    await rowsOf(hooks.events.admin, `UPDATE webhook_endpoints SET status = 'DISABLED', disabled_reason = 'gone'`);
    await letGo(2);
    const kept = await enableEndpoint(hooks.events.service, id, 'cursor');
    assert.ok(kept !== 'expired', 'the event that waits is there');
    await letGo(3);
    assert.equal(await enableEndpoint(hooks.events.service, id, 'cursor'), 'expired');
  });

  test('has a replay over them end as expired, at the place that it has come to', async () => {
    hooks = await open();
    const { url, received } = await receiver();
    const id = await hooks.endpoint(url);
    await hooks.append({ subject: 'a' }, { subject: 'a' }, { subject: 'a' });
    await rowsOf(hooks.events.admin, 'UPDATE webhook_endpoints SET cursor = 3');
    const replayId = '11f0c2a4-5b6d-8e7f-8a9b-0c1d2e3f4a5b' as WebhookReplayId;
    const range = { fromPosition: 1, toPosition: 3, types: null, onlyFailed: false };
    await createReplay(hooks.events.service, { replayId, webhookEndpointId: id, bodyHash: '00', ...range });
    await letGo(3);
    hooks.start();
    await hooks.until('it has ended', async () => (await nextReplay(hooks.events.service, id)) === undefined);
    const replay = await findReplay(hooks.events.service, id, replayId);
    assert.deepEqual([replay?.status, replay?.readTo, replay?.deliveredCount], ['EXPIRED', 0, 0]);
    assert.deepEqual(received, []);
  });
});
