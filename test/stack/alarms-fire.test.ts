// Faults of a real stack fire the alarms that are meant for them, and no others, and these resolve afterwards. Faults whose alarms have
// nothing in common are struck at once, because most of the time is spent waiting: exactly the alarms of all of them are to fire. What the
// rules wait for is shortened here, to no less than what a scrape that fails now and then on a busy machine needs; promtool tests their own times.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { openMoney, type Money } from './money.ts';
import { lacksPrometheus, RUNBOOKS, startPrometheus, type RunningPrometheus } from './prometheus.ts';
import { startStack, until, type TestStack } from './stack.ts';

const SEEN_LIMIT_MS = 120_000;
/** One more than the alarm tolerates. */
const STUCK = 6;
/** The sum of all balances is made once a minute. */
const MONEY_LIMIT_MS = 180_000;
/** More than may be under way while the balances are read. */
const FROM_NOWHERE = 1_000;
/** Between requests that are refused at once. */
const PAUSE_MS = 100;
const BOOKS = 'LedgerUnbalanced';

interface Alarm {
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

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
  /** Money that comes from nowhere, and goes: it is struck before all other faults, and seen beside them. */
  let books: Promise<void>;
  /** What takes away the faults that were struck. */
  const undos: (() => unknown)[] = [];

  before(async () => {
    stack = await startStack({ separate: true });
    await stack.waitUntilReady();
    money = await openMoney(stack);
    const [wallet] = await Promise.all([
      money.wallet(0, '100'),
      money.api.post('/v1/reconciliation-runs', undefined, { prefer: 'wait=60' }),
    ]);
    await addToBooks(wallet, FROM_NOWHERE);
    prometheus = await startPrometheus(stack.file().metrics!, quick);
    books = balanceBooks(wallet);
    // Its own test tells.
    books.catch(() => {});
    await untilCalm();
  });
  after(async () => {
    await prometheus?.stop();
    await money?.close();
    await stack?.remove();
  });

  async function firing(): Promise<Alarm[]> {
    const { alerts } = await prometheus.ask<{ alerts: Alarm[] }>('alerts');
    return alerts.filter(({ state }) => state === 'firing');
  }
  const namesOf = (alarms: readonly Alarm[]): string[] =>
    [...new Set(alarms.map(({ labels }) => labels['alertname']!))].sort();
  /** Those that fire, but for that of the books. */
  const othersFiring = async (): Promise<Alarm[]> =>
    (await firing()).filter(({ labels }) => labels['alertname'] !== BOOKS);

  /** Waits until these fire; returns all that do then. */
  async function untilFiring(...names: string[]): Promise<Alarm[]> {
    let seen: Alarm[] = [];
    await until(SEEN_LIMIT_MS, 'an alarm does not fire', async () => {
      seen = await othersFiring();
      const firingNames = namesOf(seen);
      return names.every((name) => firingNames.includes(name));
    }).catch((cause: unknown) => {
      throw new Error(`of ${names.join()}, these fire alone: ${namesOf(seen).join()}`, { cause });
    });
    return seen;
  }
  async function untilCalm(): Promise<void> {
    let seen: Alarm[] = [];
    await until(SEEN_LIMIT_MS, 'an alarm does not resolve', async () => {
      seen = await othersFiring();
      return seen.length === 0;
    }).catch((cause: unknown) => {
      throw new Error(`these do not resolve: ${namesOf(seen).join()}`, { cause });
    });
  }

  async function mend(): Promise<void> {
    for (const undo of undos.splice(0).reverse()) await undo();
  }

  const addToBooks = (wallet: string, amount: number): Promise<unknown> =>
    money.rows('wallet-0', 'UPDATE wallets SET balance = balance + $1 WHERE wallet_id = $2 RETURNING 1', [
      amount,
      wallet,
    ]);

  /** Takes back what was added once that is noticed, and returns once this is. */
  async function balanceBooks(wallet: string): Promise<void> {
    const isSeen = async (): Promise<boolean> => namesOf(await firing()).includes(BOOKS);
    try {
      await until(MONEY_LIMIT_MS, 'it is not noticed', isSeen);
    } finally {
      await addToBooks(wallet, -FROM_NOWHERE);
    }
    await until(MONEY_LIMIT_MS, 'it does not resolve', async () => !(await isSeen()));
  }

  function freeze(name: string): void {
    stack.kill(name, 'SIGSTOP');
    undos.push(() => stack.kill(name, 'SIGCONT'));
  }

  /** Does it again and again until the faults are taken away. */
  function keepDoing(what: () => Promise<unknown>): void {
    const ending = new AbortController();
    const doing = (async () => {
      while (!ending.signal.aborted) await what();
    })();
    undos.push(() => {
      ending.abort();
      return doing;
    });
  }

  /** Returns once an endpoint is disabled because its receiver wants no more events. */
  async function refuseEvents(): Promise<void> {
    const gone = createServer((_request, response) => response.writeHead(410).end()).listen(0, '127.0.0.1');
    undos.push(() => gone.close());
    await once(gone, 'listening');
    const { port } = gone.address() as AddressInfo;
    const { body } = await money.api.post('/v1/webhook-endpoints', { url: `http://127.0.0.1:${port}/` });
    const path = `/v1/webhook-endpoints/${String(body['webhook_endpoint_id'])}`;
    undos.push(() => fetch(stack.api + path, { method: 'DELETE', headers: stack.authorization }));
    await money.wallet(1, '1');
    await until(SEEN_LIMIT_MS, 'the endpoint is not disabled', async () => {
      const endpoint = await money.api.get(path);
      return endpoint.body['status'] === 'DISABLED';
    });
  }

  /** So that nothing can be appended to it. */
  async function lockLog(): Promise<void> {
    const holder = new pg.Client({ connectionString: stack.file().databases['events']! });
    await holder.connect();
    undos.push(() => holder.end());
    await holder.query('BEGIN');
    await holder.query('LOCK TABLE event_log IN EXCLUSIVE MODE');
  }

  /** Without waiting for its end. */
  const transfer = (sender: string, receiver: string): Promise<unknown> =>
    money.api.once.transfer(sender, receiver, '1', { 'idempotency-key': randomUUID() });

  test('a frozen worker, a log that is locked, a receiver that is gone, and refunds: the alarms of each, and no others', async () => {
    const [sender, receiver] = [await money.wallet(0, '100'), await money.wallet(1)];
    const [payer, suspended] = [await money.wallet(1, '100'), await money.wallet(1)];
    try {
      await refuseEvents();
      await lockLog();
      freeze('worker-wallet-0');
      for (let n = 0; n < STUCK; n += 1)
        await money.api.transfer(sender, receiver, '1', { 'idempotency-key': randomUUID() });
      // As if they had been accepted a quarter of an hour ago: a movement is stuck five minutes after its deadline.
      await money.rows(
        'transfer',
        `UPDATE transfers SET created_at = created_at - interval '16 minutes' WHERE sender_wallet_id = $1 RETURNING 1`,
        [sender],
      );
      await money.api.post(`/v1/wallets/${suspended}/suspend`, {});
      // A rate needs some that end while it is looked at.
      keepDoing(() => Promise.all(Array.from({ length: 5 }, () => money.api.transfer(payer, suspended, '1'))));
      const expected = [
        ...['BacklogOld', 'CompensationsHigh', 'MovementsStuck', 'OutboxLagging', 'TargetDown'],
        'WebhookEndpointDisabled',
      ];
      const seen = await untilFiring(...expected);
      assert.deepEqual(namesOf(seen), expected);
      const [down, ...others] = seen.filter(({ labels }) => labels['alertname'] === 'TargetDown');
      assert.equal(down!.labels['process'], 'worker-wallet-0');
      assert.deepEqual(others, []);
      assert.equal(down!.annotations['runbook_url'], `${RUNBOOKS}/TargetDown.md`);
    } finally {
      await mend();
    }
    await untilCalm();
  });

  test('a frozen relay is a state that nobody knows, and a Temporal that stands still burns the error budget, for movements are refused', async () => {
    const [sender, receiver] = [await money.wallet(0, '100'), await money.wallet(1)];
    const expected = ['ErrorBudgetBurnFast', 'ErrorBudgetBurnSlow', 'StateUnknown', 'TargetDown'];
    try {
      freeze('worker-events');
      freeze('temporal');
      keepDoing(async () => {
        await transfer(sender, receiver).catch(() => {});
        await sleep(PAUSE_MS);
      });
      const seen = await untilFiring(...expected);
      // What waited for Temporal's answer grows old with it.
      assert.deepEqual(
        namesOf(seen).filter((name) => name !== 'BacklogOld'),
        expected,
      );
      assert.ok(seen.some(({ labels }) => labels['process'] === 'worker-events'));
    } finally {
      await mend();
    }
    await untilCalm();
  });

  test('money that came from nowhere is noticed, and its return too; then everything is sound', async () => {
    await books;
    await untilCalm();
    await money.assertSound();
  });
});
