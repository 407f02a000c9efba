// What webhooks promise over a real log: each event arrives, in its subject's order, whatever the receiver does.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import type { WebhookEndpointId } from '../../domain/ids.ts';
import { newSecret } from '../../webhooks/signature.ts';
import { createUrlGuard } from '../../webhooks/url-guard.ts';
import { accept, startReceiver, type Delivered } from '../pure/webhook-receiver.ts';
import { rowsOf } from './database.ts';
import { useHooks, type Hooks } from './webhooks.ts';

interface Body {
  readonly position: number;
  readonly subject: string;
  readonly type: string;
}

const bodyOf = ({ body }: Delivered): Body => JSON.parse(body) as Body;
const positionsOf = (received: readonly Delivered[], subject?: string): number[] =>
  received
    .map(bodyOf)
    .filter((body) => subject === undefined || body.subject === subject)
    .map(({ position }) => position);
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const sorted = (positions: readonly number[]): number[] => positions.toSorted((a, b) => a - b);

describe('the delivery of webhooks', () => {
  let hooks: Hooks;
  const { open, receiver } = useHooks();
  const cursorIs = (id: WebhookEndpointId, position: number) => async (): Promise<boolean> =>
    (await hooks.find(id)).cursor === position;
  const numbered = (count: number, subjects: number) =>
    Array.from({ length: count }, (_, index) => ({ subject: `s${index % subjects}` }));

  test('each event arrives once, in its order, signed, and the cursor has passed it', async () => {
    hooks = await open();
    await hooks.append({ subject: 'before' });
    const { url, received } = await receiver();
    const secret = newSecret();
    const id = await hooks.endpoint(url, { secret });
    hooks.start();
    await hooks.append(...numbered(2_000, 50));
    await hooks.until('all have arrived', cursorIs(id, 2_001));
    assert.deepEqual(sorted(positionsOf(received)), range(2, 2_001));
    for (const subject of ['s0', 's7', 's49']) {
      const positions = positionsOf(received, subject);
      assert.deepEqual(positions, sorted(positions));
    }
    for (const { id: webhookId, headers, body } of received.slice(0, 50)) {
      new Webhook(secret).verify(body, headers as Record<string, string>);
      assert.equal(webhookId, `evt_${(JSON.parse(body) as Body).position}`);
    }
    assert.deepEqual(await hooks.deliveries(id), [], 'what succeeds at first has no row');
  });

  test('an endpoint receives the types that it asks for, and passes the others', async () => {
    hooks = await open();
    const { url, received } = await receiver();
    const id = await hooks.endpoint(url, { types: ['wanted'] });
    hooks.start();
    await hooks.append({ subject: 'a' }, { subject: 'a', type: 'wanted' }, { subject: 'b' });
    await hooks.until('the cursor has passed', cursorIs(id, 3));
    assert.deepEqual(positionsOf(received), [2]);
  });

  test('a failing event holds up its subject alone, and what waited arrives in order', async () => {
    hooks = await open();
    let isWell = false;
    const { url, received } = await receiver((delivered, response) => {
      const isIll = bodyOf(delivered).subject === 'ill' && !isWell;
      response.writeHead(isIll ? 400 : 200).end(isIll ? 'not this one' : '');
    });
    const id = await hooks.endpoint(url);
    hooks.start();
    await hooks.append({ subject: 'ill' }, { subject: 'well' }, { subject: 'ill' }, { subject: 'well' });
    await hooks.until('the cursor has passed', cursorIs(id, 4), { hurries: false });
    await hooks.append({ subject: 'ill' }, { subject: 'well' });
    await hooks.until('the cursor has passed', cursorIs(id, 6), { hurries: false });
    assert.deepEqual(positionsOf(received, 'well'), [2, 4, 6]);
    assert.deepEqual(positionsOf(received, 'ill'), [1], 'the later ones wait');
    const [delivery, ...others] = await hooks.deliveries(id);
    assert.deepEqual(others, []);
    assert.deepEqual(
      [delivery?.position, delivery?.status, delivery?.attempts, delivery?.last_status_code],
      [1, 'PENDING', 1, 400],
    );
    isWell = true;
    await hooks.until('the subject is free', async () => (await parkedOf(id)).length === 0);
    const ill = positionsOf(received, 'ill');
    assert.deepEqual(ill.slice(ill.lastIndexOf(1)), [1, 3, 5]);
    await hooks.append({ subject: 'ill' });
    await hooks.until('the cursor has passed', cursorIs(id, 7));
    assert.equal(positionsOf(received, 'ill').at(-1), 7);
    assert.equal((await hooks.deliveries(id))[0]?.status, 'DELIVERED');
  });

  const parkedOf = (id: WebhookEndpointId) =>
    rowsOf(hooks.events.admin, `SELECT subject FROM webhook_parked WHERE webhook_endpoint_id = '${id}'`);

  test('under random failures, first acceptances keep the order within a subject, and none is missing', async (t) => {
    hooks = await open();
    const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9));
    t.diagnostic(`SEED=${seed}`);
    let state = seed;
    const random = (): number => (state = (state * 48_271 + 11) % 2_147_483_647) / 2_147_483_647;
    const accepted: number[] = [];
    const { url } = await receiver((delivered, response, request) => {
      const dice = random();
      if (dice < 0.05) return void request.socket.destroy();
      if (dice < 0.2) return void response.writeHead(dice < 0.1 ? 500 : 422).end();
      accepted.push(bodyOf(delivered).position);
      response.writeHead(200).end('ok');
    });
    const id = await hooks.endpoint(url);
    hooks.start();
    for (let batch = 0; batch < 6; batch += 1) await hooks.append(...numbered(100, 12));
    await hooks.until(
      'all were accepted',
      async () => new Set(accepted).size === 600 && (await parkedOf(id)).length === 0,
    );
    const firsts = [...new Set(accepted)];
    for (let subject = 0; subject < 12; subject += 1) {
      const ofSubject = firsts.filter((position) => ((position - 1) % 100) % 12 === subject);
      assert.deepEqual(ofSubject, sorted(ofSubject), `subject ${subject}`);
    }
  });

  test('a dead endpoint costs the others nothing, keeps few rows, and has everything once it answers', async () => {
    hooks = await open();
    const dead = await startReceiver();
    await dead.close();
    const alive = await receiver();
    const ill = await hooks.endpoint(dead.url);
    const well = await hooks.endpoint(alive.url);
    hooks.start();
    await hooks.append(...numbered(10_000, 3_000));
    await hooks.until('the other has all', cursorIs(well, 10_000), { hurries: false });
    assert.equal(alive.received.length, 10_000);
    const rows = await hooks.deliveries(ill);
    assert.ok(rows.length >= 1 && rows.length < 100, `${rows.length} rows`);
    assert.ok((await hooks.find(ill)).failingSince !== null);
    const risen = await receiver(accept, { port: Number(new URL(dead.url).port) });
    await hooks.until('it has all', async () => new Set(positionsOf(risen.received)).size === 10_000, {
      hurries: false,
    });
    await hooks.until('it is well', async () => (await hooks.find(ill)).failingSince === null, { hurries: false });
    for (const subject of ['s0', 's1', 's2999']) {
      const positions = [...new Set(positionsOf(risen.received, subject))];
      assert.deepEqual(positions, sorted(positions));
    }
  });

  test('while an endpoint is down, few events are read ahead of it, and all arrive once it answers', async () => {
    hooks = await open();
    let isWell = false;
    const { url, received } = await receiver((_, response) => void response.writeHead(isWell ? 200 : 503).end());
    const id = await hooks.endpoint(url, { ordering: 'none' });
    hooks.start();
    await hooks.append(...numbered(25, 25));
    await hooks.until('it is down', async () => (await hooks.deliveries(id)).length === 25, { hurries: false });
    await hooks.stopAll();
    await hooks.append(...numbered(1_000, 1_000));
    const database = hooks.connect();
    const execute = database.execute.bind(database);
    const read = new Set<unknown>();
    const counting = Object.assign(database, {
      execute: async (query: Parameters<typeof execute>[0]) => {
        const result = await execute(query);
        for (const row of result.rows) if ('payload' in row && !('is_parking' in row)) read.add(row['position']);
        return result;
      },
    });
    const before = received.length;
    hooks.start({ database: counting });
    await hooks.until('it was probed', () => received.length >= before + 6, { hurries: false });
    assert.ok(read.size > 0 && read.size < 100, `${read.size} were read`);
    isWell = true;
    await hooks.until('all arrived', () => new Set(positionsOf(received)).size === 1_025);
  });

  test('a receiver that hangs with one subject holds up no other', async () => {
    hooks = await open();
    const { url, received } = await receiver((delivered, response) => {
      if (bodyOf(delivered).subject !== 'hangs') response.writeHead(200).end();
    });
    await hooks.endpoint(url);
    hooks.start({ sender: { guard: createUrlGuard(['127.0.0.0/8']), timeoutMs: 60_000 } });
    await hooks.append({ subject: 'hangs' });
    await hooks.until('it hangs', () => received.length === 1, { hurries: false });
    await hooks.append(...numbered(200, 200));
    await hooks.until('the others arrived', () => received.length === 201, { hurries: false });
    assert.equal((await rowsOf(hooks.events.admin, 'SELECT FROM webhook_deliveries')).length, 0, 'it hangs still');
  });

  test('without an order, a failing event holds up nothing', async () => {
    hooks = await open();
    const { url, received } = await receiver((delivered, response) => {
      response.writeHead(bodyOf(delivered).position === 1 ? 500 : 200).end();
    });
    const id = await hooks.endpoint(url, { ordering: 'none' });
    hooks.start();
    await hooks.append({ subject: 'a' }, { subject: 'a' }, { subject: 'a' });
    await hooks.until('the cursor has passed', cursorIs(id, 3), { hurries: false });
    assert.deepEqual(sorted(positionsOf(received)), [1, 2, 3]);
    assert.deepEqual(await parkedOf(id), []);
  });

  test('Retry-After puts the next try off, by a day at most', async () => {
    hooks = await open();
    const { url } = await receiver((_, response) => void response.writeHead(503, { 'retry-after': '999999' }).end());
    const id = await hooks.endpoint(url);
    hooks.start();
    await hooks.append({ subject: 'a' });
    await hooks.until('it failed', async () => (await hooks.deliveries(id)).length === 1, { hurries: false });
    const [{ hours } = { hours: 0 }] = await rowsOf<{ hours: number }>(
      hooks.events.admin,
      'SELECT round(extract(epoch FROM next_attempt_at - first_attempt_at) / 3600)::int AS hours FROM webhook_deliveries',
    );
    assert.equal(hours, 24);
  });

  test('the removal of old deliveries delays no new one, however long it takes', async () => {
    hooks = await open();
    const { url, received } = await receiver();
    await hooks.endpoint(url);
    const holder = await hooks.events.admin.$client.connect();
    try {
      await holder.query('BEGIN');
      await rowsOf(
        hooks.events.admin,
        `INSERT INTO webhook_replays (replay_id, webhook_endpoint_id, body_hash, from_position, to_position, only_failed, read_to, finished_at)
         SELECT id, id, '', 1, 1, false, 1, now() - interval '1 year' FROM (SELECT gen_random_uuid() AS id) given`,
      );
      await holder.query('SELECT FROM webhook_replays FOR UPDATE');
      hooks.start();
      const waiting = `SELECT pid, query_start FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%webhook_replays%'`;
      const waits = (): Promise<unknown[]> => rowsOf(hooks.events.admin, waiting);
      await hooks.until('it waits', async () => (await waits()).length === 1);
      const before = await waits();
      await hooks.append({ subject: 'a' });
      await hooks.until('it arrives', () => received.length === 1);
      assert.deepEqual(await waits(), before, 'it waits still');
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
    }
  });

  test('a delivery is given up after three days, and its subject goes on', async () => {
    hooks = await open();
    const { url, received } = await receiver((delivered, response) => {
      response.writeHead(bodyOf(delivered).position === 1 ? 422 : 200).end('no\0t this');
    });
    const id = await hooks.endpoint(url);
    hooks.start();
    await hooks.append({ subject: 'a' }, { subject: 'a' });
    await hooks.until('the cursor has passed', cursorIs(id, 2), { hurries: false });
    await rowsOf(hooks.events.admin, `UPDATE webhook_deliveries SET first_attempt_at = now() - interval '3 days'`);
    await hooks.until('it goes on', async () => positionsOf(received).includes(2));
    const [delivery] = await hooks.deliveries(id);
    assert.deepEqual([delivery?.status, delivery?.attempts], ['FAILED', 2]);
    const attempts = await rowsOf(hooks.events.admin, 'SELECT status_code, answer FROM webhook_attempts');
    assert.deepEqual(attempts, Array(2).fill({ status_code: 422, answer: 'not this' }));
  });
});
