// A receiver that knows nothing of this repository but its contract: what it was sent, against what the ledgers say, while the stack
// is killed.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { startReceiver, type Delivered, type Receiver } from '../pure/webhook-receiver.ts';
import { runCounterpoise } from '../pure/run-counterpoise.ts';
import { assertLogged } from './logged.ts';
import type { Money } from './money.ts';
import { until, type TestStack } from './stack.ts';
import { useStack } from './use-stack.ts';

interface Event {
  readonly position: number;
  readonly id: string;
  readonly type: string;
  readonly subject: string;
}

const LIMIT_MS = 120_000;

describe('webhooks on a stack', () => {
  let stack: TestStack;
  let money: Money;
  const receivers: Receiver[] = [];
  useStack((started) => ({ stack, money } = started));
  after(() => Promise.all(receivers.map((receiver) => receiver.close())));

  async function receiver(...args: Parameters<typeof startReceiver>): Promise<Receiver> {
    const started = await startReceiver(...args);
    receivers.push(started);
    return started;
  }
  const create = async (url: string, more: object = {}): Promise<{ webhook_endpoint_id: string; secret: string }> => {
    const { status, body } = await money.api.post<{ webhook_endpoint_id: string; secret: string }>(
      '/v1/webhook-endpoints',
      { url, ...more },
    );
    assert.equal(status, 201, JSON.stringify(body));
    return body;
  };
  const logFrom = async (after: number): Promise<Event[]> => {
    const { body } = await money.api.get<{ data: Event[]; next_after: number; head: number }>(
      `/v1/events?after=${after}&limit=1000`,
    );
    // Those of the audit log have to be asked for by name.
    const page = body.data.filter(({ type }) => !type.startsWith('audit.'));
    return body.next_after === body.head ? page : [...page, ...(await logFrom(body.next_after))];
  };
  /** Repeats a call until the stack, which may just be killed, accepts it. */
  const accepted = (call: () => Promise<{ status: number }>): Promise<void> =>
    until(LIMIT_MS, 'it is not accepted', async () => [200, 202].includes((await call()).status));
  const eventOf = ({ body }: Delivered): Event => JSON.parse(body) as Event;

  test('killed at random under load, each event arrives, in its subject’s order, and a repeat has the same id', async () => {
    const ill = await receiver((_delivered, response) => {
      // One in eight is refused, and one in eight is answered so late that the kill may come between.
      const dice = Math.random();
      if (dice < 0.125) return void response.writeHead(503).end();
      if (dice < 0.25) return void setTimeout(() => response.writeHead(200).end(), 300);
      response.writeHead(200).end();
    });
    const steady = await receiver();
    // So slow that at each kill many events are under way to it or wait for their turn.
    const slow = await receiver((_delivered, response) => void setTimeout(() => response.writeHead(200).end(), 50));
    await create(slow.url, { ordering: 'none' });
    const { secret } = await create(ill.url, { ordering: 'none' });
    const ordered = await create(steady.url);
    const { head } = (await money.api.get<{ head: number }>('/v1/events')).body;
    const wallets = await Promise.all(
      Array.from({ length: 6 }, (_, index) => money.wallet((index % 2) as 0 | 1, '100')),
    );
    const moved = wallets.flatMap((sender, at) =>
      Array.from({ length: 10 }, () => ({ sender, receiver: wallets[(at + 1) % wallets.length]!, key: randomUUID() })),
    );
    for (const [index, { sender, receiver: to, key }] of moved.entries()) {
      if (index % 20 === 10) {
        const items = moved.map((each) => ({
          ...{ sender_wallet_id: each.sender, receiver_wallet_id: each.receiver },
          amount: '0.01',
        }));
        const before = slow.received.length;
        await accepted(() =>
          money.api.post('/v1/transfer-batches', { items }, { 'idempotency-key': `batch-${index}` }),
        );
        await until(LIMIT_MS, 'nothing of the batch arrives', () => slow.received.length > before + 20);
        stack.kill('app', 'SIGKILL');
      }
      await accepted(() => money.api.transfer(sender, to, '1.00', { 'idempotency-key': key }));
    }
    await stack.waitUntilReady();
    await money.assertSound();
    await assertLogged(money);
    const logged = await logFrom(head);
    const has = (by: Receiver): boolean => new Set(by.received.map(({ id }) => id)).size >= logged.length;
    for (const by of [steady, slow, ill]) await until(LIMIT_MS, 'not all have arrived', () => has(by));
    for (const { received: each } of [steady, slow, ill]) {
      const byId = new Map(each.map((delivered) => [delivered.id, eventOf(delivered)]));
      assert.deepEqual(
        [...byId.values()].toSorted((a, b) => a.position - b.position),
        logged,
      );
      for (const delivered of each) assert.deepEqual(eventOf(delivered), byId.get(delivered.id));
    }
    const newest = ill.received.at(-1)!;
    new Webhook(secret).verify(newest.body, newest.headers as Record<string, string>);
    const firsts = [...new Map(steady.received.map((each) => [each.id, eventOf(each)])).values()];
    for (const [subject, events] of Map.groupBy(firsts, (event) => event.subject))
      assert.deepEqual(
        events.map(({ position }) => position),
        logged.filter((event) => event.subject === subject).map(({ position }) => position),
        subject,
      );
    const { body } = await money.api.get(`/v1/webhook-endpoints/${ordered.webhook_endpoint_id}/deliveries`);
    assert.deepEqual(body['data'], [], 'the receiver that refuses nothing has no deliveries');
  });

  test('the command line creates, tests, changes, replays and deletes an endpoint', async () => {
    const { url, received } = await receiver();
    // Three in a row of movements: those of the audit log are for who names their types.
    await money.wallet(0, '10');
    let from = 0;
    await until(LIMIT_MS, 'the log lacks the movement', async () => {
      const { body } = await money.api.get<{ data: { type: string }[] }>('/v1/events?limit=1000');
      const isMoved = (index: number): boolean => body.data[index]?.type.startsWith('audit.') === false;
      from = body.data.findIndex((_, index) => [0, 1, 2].every((n) => isMoved(index + n))) + 1;
      return from > 0;
    });
    const run = (...args: string[]) =>
      runCounterpoise(['webhooks', ...args], {
        env: { COUNTERPOISE_API_URL: stack.api, COUNTERPOISE_API_KEY: stack.authorization['authorization']!.slice(7) },
      });
    const created = await run('create', url, '--types', 'transfer.completed', '--json');
    const { webhook_endpoint_id: id, secret } = created.json<{ webhook_endpoint_id: string; secret: string }>();
    assert.match(secret, /^whsec_/);
    assert.match((await run('list')).stdout, new RegExp(`${id} +ACTIVE`));
    assert.match((await run('test', id)).stdout, /^result +DELIVERED\nstatus +204\n/);
    assert.match((await run('update', id, '--pause')).stdout, /status +PAUSED/);
    assert.match((await run('update', id, '--resume', '--no-types')).stdout, /status +ACTIVE\ntypes +all/);
    assert.match((await run('rotate-secret', id)).stdout, /^secret +whsec_/);
    assert.match((await run('enable', id, '--from', 'now')).stdout, /status +ACTIVE/);
    const replay = await run('replay', id, '--from', `${from}`, '--to', `${from + 2}`, '--wait');
    const [, replayId] = /^replay +(\S+)\nstatus +COMPLETED\npositions +\d+ to \d+\n/.exec(replay.stdout)!;
    assert.deepEqual([replay.code, received.length], [0, 4]);
    const row = `\n${replayId} +COMPLETED +${from} +${from + 2} +${from + 2} +3 +0 `;
    assert.match((await run('replays', id)).stdout, new RegExp(row));
    assert.match((await run('replays', id, replayId!)).stdout, /\ndelivered +3\nfailed +0\n/);
    assert.match((await run('deliveries', id, '--status', 'FAILED')).stdout, /^POSITION +STATUS/);
    assert.match((await run('show', id)).stdout, new RegExp(`^endpoint +${id}`));
    assert.equal((await run('delete', id)).code, 0);
    assert.equal((await run('show', id)).code, 1);
    const refused = await run('create', 'https://169.254.169.254/');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /\/url webhook_url_address_forbidden/);
  });
});
