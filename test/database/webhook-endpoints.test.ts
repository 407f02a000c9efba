// The life of a webhook endpoint over HTTP: pauses, ends, replays; and that one process at a time has it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { moveCursor, storeFailure, takeEndpoint } from '../../db/events/delivery-writes.ts';
import { takeLease } from '../../db/events/lease-queries.ts';
import { createUrlGuard } from '../../webhooks/url-guard.ts';
import { eventFaults } from '../pure/event-validation.ts';
import { accept, type Delivered } from '../pure/webhook-receiver.ts';
import { rowsOf } from './database.ts';
import { openWebhookApi, useHooks, type Hooks, type WebhookApi } from './webhooks.ts';

const idsOf = (received: readonly Delivered[]): string[] => received.map(({ id }) => id);
const some = (count: number) => Array.from({ length: count }, (_, index) => ({ subject: `s${index % 3}` }));

describe('webhook endpoints', () => {
  let hooks: Hooks;
  const { open: openHooks, receiver } = useHooks();
  let ask: WebhookApi['ask'];
  let create: WebhookApi['create'];
  const open = async (allowed?: string[]): Promise<void> => {
    hooks = await openHooks();
    ({ ask, create } = openWebhookApi(hooks, allowed));
  };
  const arrived = (received: readonly Delivered[], count: number) =>
    hooks.until(`${count} arrived`, () => new Set(idsOf(received)).size >= count);

  test('a URL that is not allowed is refused with its code when it is created, changed, tested and sent to', async () => {
    await open([]);
    const { id } = await create('https://93.184.215.14/hook');
    const inside = await receiver();
    const urls: [url: string, code: string][] = [
      [inside.url, 'webhook_url_address_forbidden'],
      [inside.url.replace('http:', 'https:'), 'webhook_url_address_forbidden'],
      ['http://93.184.215.14/', 'webhook_url_not_https'],
      ['https://a:b@93.184.215.14/', 'webhook_url_has_credentials'],
      ['https://[::ffff:7f00:1]/', 'webhook_url_address_forbidden'],
      ['https://2130706433/', 'webhook_url_address_forbidden'],
      ['https://169.254.169.254/', 'webhook_url_address_forbidden'],
      ['https://nowhere.invalid/', 'webhook_url_unresolvable'],
      ['javascript:alert(1)', 'webhook_url_invalid'],
    ];
    hooks.start({ sender: { guard: createUrlGuard([]) } });
    for (const [url, code] of urls) {
      for (const refused of [await ask('POST', '', { url }), await ask('PATCH', `/${id}`, { url })]) {
        assert.deepEqual([refused.status, refused.body.code], [422, code], url);
        assert.deepEqual((refused.body['errors'] as { pointer: string }[])[0]?.pointer, '/url');
      }
      // As if it had been allowed when it was stored.
      const stored = await hooks.endpoint(url);
      const tested = await ask('POST', `/${stored}/test`);
      assert.deepEqual([tested.body['delivered'], tested.body['error_code']], [false, code], url);
      await hooks.append({ subject: 'a' });
      await hooks.until('it failed', async () => (await hooks.deliveries(stored)).length > 0, { hurries: false });
      assert.equal((await hooks.deliveries(stored))[0]?.last_error_code, code, url);
      await ask('DELETE', `/${stored}`);
    }
    assert.deepEqual([inside.received.length, inside.connections()], [0, 0]);
  });

  test('an endpoint is shown and listed without its secret, and changed', async () => {
    await open();
    const { url } = await receiver();
    const { id, secret } = await create(url, { types: ['transfer.completed'] });
    assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    const shown = (await ask('GET', `/${id}`)).body;
    assert.deepEqual(
      [shown['status'], shown['types'], shown['ordering'], shown['cursor']],
      ['ACTIVE', ['transfer.completed'], 'subject', 0],
    );
    const listed = await ask('GET', '?limit=1');
    assert.deepEqual(listed.body['data'], [shown]);
    assert.doesNotMatch(JSON.stringify([shown, listed]), /whsec_|"secret"/);
    const stored = JSON.stringify(await rowsOf(hooks.events.admin, 'SELECT * FROM webhook_endpoints'));
    assert.doesNotMatch(stored, /whsec_/);
    const changed = (await ask('PATCH', `/${id}`, { types: null, ordering: 'none', status: 'PAUSED' })).body;
    assert.deepEqual([changed['types'], changed['ordering'], changed['status']], [null, 'none', 'PAUSED']);
    assert.equal((await ask('DELETE', `/${id}`)).status, 200);
    assert.deepEqual(
      [(await ask('DELETE', `/${id}`)).body.code, (await ask('GET', `/${id}`)).body.code],
      ['webhook_endpoint_not_found', 'webhook_endpoint_not_found'],
    );
  });

  test('a test is sent at once, signed, and its result is returned', async () => {
    await open();
    let status = 200;
    const { url, received } = await receiver((_, response) => void response.writeHead(status).end('seen'));
    const { id, secret } = await create(url);
    const good = (await ask('POST', `/${id}/test`)).body;
    assert.deepEqual([good['delivered'], good['status_code'], good['answer']], [true, 200, 'seen']);
    const [sent] = received;
    const event = new Webhook(secret).verify(sent!.body, sent!.headers as Record<string, string>);
    assert.equal((event as { type: string }).type, 'webhook.test');
    status = 503;
    const bad = (await ask('POST', `/${id}/test`)).body;
    assert.deepEqual([bad['delivered'], bad['status_code'], bad['error_code']], [false, 503, 'refused']);
  });

  test('while an endpoint is paused nothing is sent, and then everything is', async () => {
    await open();
    const { url, received } = await receiver();
    const { id } = await create(url);
    const other = await receiver();
    await create(other.url);
    hooks.start();
    await hooks.append(...some(3));
    await arrived(received, 3);
    await ask('PATCH', `/${id}`, { status: 'PAUSED' });
    await hooks.append(...some(3));
    await arrived(other.received, 6);
    await hooks.append(...some(3));
    await arrived(other.received, 9);
    assert.equal(received.length, 3, 'nothing that comes after the pause');
    await ask('PATCH', `/${id}`, { status: 'ACTIVE' });
    await arrived(received, 9);
    assert.equal(received.length, 9, 'each once');
  });

  test('a receiver that answers 410 is disabled at once, with an event, and loses nothing if it is enabled again', async () => {
    await open();
    let isGone = true;
    const { url, received } = await receiver((_, response) => void response.writeHead(isGone ? 410 : 200).end());
    const { id } = await create(url);
    hooks.start();
    await hooks.append({ subject: 'a' });
    await hooks.until('it is disabled', async () => (await hooks.find(id)).status === 'DISABLED');
    await hooks.append(...some(5));
    const shown = (await ask('GET', `/${id}`)).body;
    assert.deepEqual([shown['status'], shown['disabled_reason']], ['DISABLED', 'gone']);
    const events = await rowsOf<{ type: string; subject: string; payload: { id: string; data: object } }>(
      hooks.events.admin,
      `SELECT type, subject, payload FROM outbox_events WHERE type NOT LIKE 'audit.%'`,
    );
    assert.deepEqual([events.length, events[0]?.type, events[0]?.subject], [1, 'webhook-endpoint.disabled', id]);
    assert.deepEqual(events[0]?.payload.data, { webhook_endpoint_id: id, url, reason: 'gone' });
    assert.deepEqual(eventFaults()({ ...events[0]?.payload }), []);
    assert.equal((await ask('PATCH', `/${id}`, { status: 'ACTIVE' })).body.code, 'webhook_endpoint_disabled');
    isGone = false;
    const before = received.length;
    assert.equal((await ask('POST', `/${id}/enable`)).body['status'], 'ACTIVE');
    await hooks.until('all arrived', () => new Set(idsOf(received.slice(before))).size === 6, { hurries: false });
    // What has arrived is noted a moment later.
    const waiting = async () => (await ask('GET', `/${id}/deliveries?status=PENDING`)).body['data'] as unknown[];
    await hooks.until('nothing waits', async () => (await waiting()).length === 0, { hurries: false });
  });

  test('enabled from now, it passes over what it has missed, and a replay of what was given up brings that back', async () => {
    await open();
    let isIll = true;
    const { url, received } = await receiver((_, response) => void response.writeHead(isIll ? 400 : 200).end());
    const { id } = await create(url);
    hooks.start();
    await hooks.append({ subject: 'a' });
    await hooks.until('it failed', async () => (await hooks.deliveries(id)).length === 1, { hurries: false });
    await ask('PATCH', `/${id}`, { status: 'PAUSED' });
    await hooks.append(...some(5));
    isIll = false;
    const before = received.length;
    assert.equal((await ask('POST', `/${id}/enable`, { from: 'now' })).body['cursor'], 6);
    await hooks.append({ subject: 'a' });
    await hooks.until('the next one arrived', () => received.length > before, { hurries: false });
    assert.deepEqual(idsOf(received.slice(before)), ['evt_7']);
    const range = { from_position: 1, to_position: 7, only_failed: true };
    const replay = await ask('POST', `/${id}/replays`, range, { 'idempotency-key': 'k' });
    assert.equal(replay.status, 201);
    await hooks.until('it has ended', async () => {
      const { body } = await ask('GET', `/${id}/replays/${replay.body['replay_id'] as string}`);
      return body['status'] === 'COMPLETED' && body['delivered_count'] === 1;
    });
    assert.deepEqual(idsOf(received.slice(before)), ['evt_7', 'evt_1']);
    assert.deepEqual(
      (await hooks.deliveries(id)).map(({ status }) => status),
      ['DELIVERED'],
    );
  });

  test('a replay sends a range again with the same ids, once for a key', async () => {
    await open();
    const { url, received } = await receiver();
    const { id } = await create(url);
    hooks.start();
    await hooks.append(...some(9));
    await arrived(received, 9);
    const ask_ = (body: object, key?: string) =>
      ask('POST', `/${id}/replays`, body, key === undefined ? {} : { 'idempotency-key': key });
    const range = { from_position: 3, to_position: 6 };
    const first = await ask_(range, 'k');
    const again = await ask_(range, 'k');
    assert.deepEqual([first.status, again.status], [201, 201]);
    assert.equal(again.body['replay_id'], first.body['replay_id']);
    assert.equal(again.headers.get('idempotent-replayed'), 'true');
    await hooks.until('it was sent', () => received.length >= 13);
    assert.deepEqual(idsOf(received).slice(9).sort(), ['evt_3', 'evt_4', 'evt_5', 'evt_6']);
    const second = (await ask_({ from_position: 9, to_position: 9 }, 'k2')).body['replay_id'];
    const page = (await ask('GET', `/${id}/replays?limit=1`)).body;
    const next = (await ask('GET', `/${id}/replays?limit=1&cursor=${page['next_cursor'] as string}`)).body;
    const listed = [page, next].flatMap((each) => each['data'] as { replay_id: string }[]);
    assert.deepEqual(
      [...listed.map(({ replay_id: each }) => each), next['next_cursor']],
      [second, first.body['replay_id'], null],
    );
    const codes = [
      await ask_(range),
      await ask_({ ...range, to_position: 7 }, 'k'),
      await ask_({ ...range, to_position: 2 }, 'l'),
      await ask_({ ...range, to_position: 10 }, 'm'),
      await ask_({ ...range, from_position: 0 }, 'n'),
    ].map(({ status, body }) => `${status} ${body.code}`);
    assert.deepEqual(codes, [
      '400 idempotency_key_missing',
      '422 idempotency_key_reused',
      '422 positions_reversed',
      '400 position_unknown',
      '422 position_invalid',
    ]);
  });

  test('an endpoint that has accepted nothing for five days is disabled', async () => {
    await open();
    const { url } = await receiver((_, response) => void response.writeHead(500).end());
    const { id } = await create(url);
    hooks.start();
    await hooks.append({ subject: 'a' });
    await hooks.until('it failed', async () => (await hooks.find(id)).failingSince !== null, { hurries: false });
    await rowsOf(hooks.events.admin, `UPDATE webhook_endpoints SET failing_since = now() - interval '5 days 1 second'`);
    await hooks.until('it is disabled', async () => (await hooks.find(id)).disabledReason === 'failing');
  });

  test('an endpoint whose events are gone is disabled, and enabled from now alone', async () => {
    await open();
    const { url } = await receiver();
    const { id } = await create(url);
    await hooks.append(...some(3));
    await rowsOf(hooks.events.admin, 'UPDATE log_head SET first_position = 3');
    hooks.start();
    await hooks.until('it is disabled', async () => (await hooks.find(id)).disabledReason === 'position_expired');
    const refused = await ask('POST', `/${id}/enable`, { from: 'cursor' });
    assert.deepEqual([refused.status, refused.body.code], [410, 'position_expired']);
    assert.equal((await ask('POST', `/${id}/enable`, { from: 'now' })).body['cursor'], 3);
  });

  test('an endpoint that is deleted while it is tried again is gone, and so are its rows', async () => {
    await open();
    let release = (): void => {};
    const { url, received } = await receiver((_, response) => {
      if (received.length === 1) return void response.writeHead(500).end();
      release = () => void response.writeHead(500).end();
    });
    const { id } = await create(url);
    const webhooks = hooks.start();
    await hooks.append({ subject: 'a' });
    await hooks.until('it is tried again', () => received.length === 2);
    assert.equal((await ask('DELETE', `/${id}`)).status, 200);
    release();
    await webhooks.stop();
    hooks.start();
    await hooks.until('its rows are gone', async () => {
      const left = await rowsOf(hooks.events.admin, 'SELECT FROM webhook_deliveries');
      return left.length + (await rowsOf(hooks.events.admin, 'SELECT FROM webhook_parked')).length === 0;
    });
    assert.equal(received.length, 2);
  });

  test('of two workers one delivers, and the other goes on where that stopped', async () => {
    await open();
    const { url, received } = await receiver();
    const { id } = await create(url);
    const first = hooks.start();
    await hooks.append(...some(50));
    await arrived(received, 50);
    hooks.start();
    await hooks.append(...some(50));
    await arrived(received, 100);
    assert.equal(received.length, 100, 'each once');
    await first.stop();
    await hooks.append(...some(50));
    await arrived(received, 150);
    assert.equal(received.length, 150, 'each once');
    await hooks.until('the cursor is there', async () => (await hooks.find(id)).cursor === 150);
  });

  test('a worker that was frozen past its lease moves no cursor and stores no failure', async () => {
    await open();
    const { url } = await receiver(accept);
    const { id } = await create(url);
    await hooks.append(...some(5));
    const database = hooks.events.service;
    const stale = await takeLease(database, 'webhooks', 'stale', -1);
    const mine = await takeEndpoint(database, stale!, id);
    const young = await takeLease(database, 'webhooks', 'young', 60_000);
    assert.equal(await takeEndpoint(database, stale!, id), undefined);
    const theirs = await takeEndpoint(database, young!, id);
    assert.equal(theirs!.endpoint.epoch, mine!.endpoint.epoch + 1);
    const move = { from: 0, to: 5, hasSucceeded: true };
    assert.equal(await moveCursor(database, mine!.endpoint, move), false);
    const event = { position: 1, type: 't', subject: 's' };
    const failure = { attempt: { durationMs: 1 }, pauseMs: 1, retryAfterMs: undefined, parksSubject: true };
    assert.equal(await storeFailure(database, mine!.endpoint, event, failure), undefined);
    assert.deepEqual(await hooks.deliveries(id), []);
    assert.deepEqual(await rowsOf(hooks.events.admin, 'SELECT FROM webhook_attempts'), []);
    assert.equal(await moveCursor(database, theirs!.endpoint, move), true);
  });
});
