// Faults of a real stack fire the alarms that are meant for them, and no others, and these resolve afterwards. What the rules wait
// for is shortened here; promtool tests their own times.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { openMoney, type Money } from './money.ts';
import { lacksPrometheus, startPrometheus, type RunningPrometheus } from './prometheus.ts';
import { startStack, until, type TestStack } from './stack.ts';

const SEEN_LIMIT_MS = 90_000;
/** The sum of all balances is made once a minute. */
const MONEY_LIMIT_MS = 180_000;

const quick = (rules: string): string =>
  rules
    .replaceAll(/for: \d+m/g, 'for: 2s')
    .replace('backlog_oldest_age_seconds) > 30', 'backlog_oldest_age_seconds) > 3');

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
    await until(MONEY_LIMIT_MS, 'alarms fire at rest', async () => {
      const [seen] = await prometheus.query('count(counterpoise_ledger_balanced)');
      return seen !== undefined && (await firing()).size === 0;
    });
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
  const untilCalm = (limitMs: number): Promise<void> =>
    until(limitMs, 'an alarm does not resolve', async () => (await firing()).size === 0);

  test('a frozen wallet worker is a target that is down and a backlog that grows old', async () => {
    const [sender, receiver] = [await money.wallet(0, '100'), await money.wallet(1)];
    stack.kill('worker-wallet-0', 'SIGSTOP');
    try {
      await money.api.transfer(sender, receiver, '1', { 'idempotency-key': randomUUID() });
      const seen = await untilFiring(SEEN_LIMIT_MS, 'TargetDown', 'BacklogOld');
      assert.deepEqual([...seen].sort(), ['BacklogOld', 'TargetDown']);
    } finally {
      stack.kill('worker-wallet-0', 'SIGCONT');
    }
    await untilCalm(SEEN_LIMIT_MS);
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
