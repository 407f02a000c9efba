// Faults of a real stack fire the alarms that are meant for them, and no others, and these resolve afterwards. What the rules wait
// for is shortened here, to no less than what a scrape that fails now and then on a busy machine needs; promtool tests their own times.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { openMoney, type Money } from './money.ts';
import { lacksPrometheus, startPrometheus, type RunningPrometheus } from './prometheus.ts';
import { startStack, until, type TestStack } from './stack.ts';

const SEEN_LIMIT_MS = 120_000;
/** One more than the alarm tolerates. */
const STUCK = 6;
/** The sum of all balances is made once a minute. */
const MONEY_LIMIT_MS = 180_000;

const quick = (rules: string): string =>
  rules
    .replaceAll(/for: \d+m/g, 'for: 8s')
    .replaceAll(/\[(?:10m|1h|6h)\]/g, '[30s]')
    .replaceAll(/\[(?:5m|30m)\]/g, '[15s]')
    .replace('backlog_oldest_age_seconds) > 30', 'backlog_oldest_age_seconds) > 3')
    .replace('outbox_lag_seconds) > 300', 'outbox_lag_seconds) > 3');

describe('faults of a stack and the alarms', { skip: lacksPrometheus }, () => {
  let stack: TestStack;
  let money: Money;
  let prometheus: RunningPrometheus;

  before(async () => {
    stack = await startStack({ separate: true });
    await stack.waitUntilReady();
    money = await openMoney(stack);
    prometheus = await startPrometheus(stack.file().metrics!, quick);
    await money.wallet(0, '100');
    await money.api.post('/v1/reconciliation-runs', undefined, { prefer: 'wait=60' });
    await until(MONEY_LIMIT_MS, 'the books are not looked at', async () => {
      const [seen] = await prometheus.query('count(counterpoise_ledger_balanced)');
      return seen !== undefined;
    });
    await untilCalm();
  });
  after(async () => {
    await prometheus?.stop();
    await money?.close();
    await stack?.remove();
  });

  /** The names of the alarms that fire. */
  async function firing(): Promise<Set<string>> {
    const { alerts } = await prometheus.ask<{ alerts: { state: string; labels: { alertname: string } }[] }>('alerts');
    return new Set(alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname));
  }
  /** Waits until these fire; returns all that do then. */
  async function untilFiring(limitMs: number, ...names: string[]): Promise<Set<string>> {
    let seen = new Set<string>();
    await until(limitMs, `${names.join()} do not fire`, async () => {
      seen = await firing();
      return names.every((name) => seen.has(name));
    });
    return seen;
  }
  const untilCalm = async (): Promise<void> => {
    let seen = new Set<string>();
    await until(SEEN_LIMIT_MS, 'an alarm does not resolve', async () => {
      seen = await firing();
      return seen.size === 0;
    }).catch((error: unknown) => {
      throw new Error(`these do not resolve: ${[...seen].join()}`, { cause: error });
    });
  };

  /** Without waiting for its end. */
  const transfer = (sender: string, receiver: string): Promise<unknown> =>
    money.api.transfer(sender, receiver, '1', { 'idempotency-key': randomUUID() });

  test('a frozen wallet worker is a target that is down, a backlog that grows old, and movements that are stuck', async () => {
    const [sender, receiver] = [await money.wallet(0, '100'), await money.wallet(1)];
    stack.kill('worker-wallet-0', 'SIGSTOP');
    try {
      for (let n = 0; n < STUCK; n += 1) await transfer(sender, receiver);
      // As if they had been accepted a quarter of an hour ago: a movement is stuck five minutes after its deadline.
      await money.rows(
        'transfer',
        `UPDATE transfers SET created_at = created_at - interval '16 minutes' WHERE sender_wallet_id = $1 RETURNING 1`,
        [sender],
      );
      const seen = await untilFiring(SEEN_LIMIT_MS, 'TargetDown', 'BacklogOld', 'MovementsStuck');
      assert.deepEqual([...seen].sort(), ['BacklogOld', 'MovementsStuck', 'TargetDown']);
    } finally {
      stack.kill('worker-wallet-0', 'SIGCONT');
    }
    await untilCalm();
    await money.assertSound();
  });

  test('a frozen relay is a target that is down, and a state that nobody knows', async () => {
    stack.kill('worker-events', 'SIGSTOP');
    try {
      const seen = await untilFiring(SEEN_LIMIT_MS, 'TargetDown', 'StateUnknown');
      assert.deepEqual([...seen].sort(), ['StateUnknown', 'TargetDown']);
    } finally {
      stack.kill('worker-events', 'SIGCONT');
    }
    await untilCalm();
  });

  test('a log that nothing can be appended to is an outbox that lags', async () => {
    const holder = new pg.Client({ connectionString: stack.file().databases['events']! });
    await holder.connect();
    try {
      await holder.query('BEGIN');
      await holder.query('LOCK TABLE event_log IN EXCLUSIVE MODE');
      await money.wallet(0, '1');
      assert.deepEqual([...(await untilFiring(SEEN_LIMIT_MS, 'OutboxLagging'))], ['OutboxLagging']);
    } finally {
      await holder.end();
    }
    await untilCalm();
  });

  test('a receiver that wants no more events is an endpoint that is disabled, until it is deleted', async () => {
    const gone = createServer((_request, response) => response.writeHead(410).end()).listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const { port } = gone.address() as AddressInfo;
    const { body } = await money.api.post('/v1/webhook-endpoints', { url: `http://127.0.0.1:${port}/` });
    try {
      await money.wallet(0, '1');
      assert.deepEqual([...(await untilFiring(SEEN_LIMIT_MS, 'WebhookEndpointDisabled'))], ['WebhookEndpointDisabled']);
    } finally {
      gone.close();
      await fetch(`${stack.api}/v1/webhook-endpoints/${String(body['webhook_endpoint_id'])}`, {
        method: 'DELETE',
        headers: stack.authorization,
      });
    }
    await untilCalm();
  });

  test('transfers to a suspended wallet are compensations, and one in ten is too many', async () => {
    const [sender, receiver] = [await money.wallet(0, '100'), await money.wallet(1)];
    await money.api.post(`/v1/wallets/${receiver}/suspend`, {});
    let isSeen = false;
    // A rate needs some that end while it is looked at.
    const moving = (async () => {
      while (!isSeen) await Promise.all(Array.from({ length: 5 }, () => money.api.transfer(sender, receiver, '1')));
    })();
    try {
      const seen = await untilFiring(SEEN_LIMIT_MS, 'CompensationsHigh');
      // On a slow machine, tasks wait for longer than this test lets them.
      for (const name of seen) assert.match(name, /^(?:CompensationsHigh|BacklogOld)$/);
    } finally {
      isSeen = true;
      await moving;
    }
    await untilCalm();
    await money.assertSound();
  });

  test('a Temporal that stands still burns the error budget, for movements are refused', async () => {
    const [sender, receiver] = [await money.wallet(0, '100'), await money.wallet(1)];
    stack.kill('temporal', 'SIGSTOP');
    let isSeen = false;
    const refused = (async () => {
      while (!isSeen) await transfer(sender, receiver).catch(() => {});
    })();
    try {
      const seen = await untilFiring(SEEN_LIMIT_MS, 'ErrorBudgetBurnFast', 'ErrorBudgetBurnSlow');
      for (const name of seen) assert.match(name, /^(?:ErrorBudgetBurn(?:Fast|Slow)|BacklogOld|TargetDown)$/);
    } finally {
      isSeen = true;
      stack.kill('temporal', 'SIGCONT');
      await refused;
    }
    await untilCalm();
    await money.assertSound();
  });

  test('money that came from nowhere is noticed, and its return too', async () => {
    const wallet = await money.wallet(0, '100');
    const add = (amount: string): Promise<unknown> =>
      money.rows('wallet-0', 'UPDATE wallets SET balance = balance + $1 WHERE wallet_id = $2 RETURNING 1', [
        amount,
        wallet,
      ]);
    await add('1');
    try {
      await untilFiring(MONEY_LIMIT_MS, 'LedgerUnbalanced');
    } finally {
      await add('-1');
    }
    await until(MONEY_LIMIT_MS, 'it does not resolve', async () => !(await firing()).has('LedgerUnbalanced'));
  });
});
