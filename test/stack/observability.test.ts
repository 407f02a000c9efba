// What is watched, as a real Prometheus sees a real stack: every rule, every panel of every dashboard and every query of a runbook asks
// for what there is.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { DASHBOARDS } from '../../observability/grafana/dashboards.ts';
import { createMetrics } from '../../process/metrics.ts';
import { apiClient } from './api-client.ts';
import { lacksPrometheus, startPrometheus, type RunningPrometheus } from './prometheus.ts';
import { startStack, until, type TestStack } from './stack.ts';

const SEEN_LIMIT_MS = 120_000;
const RUNBOOKS = new URL('../../docs/runbooks/', import.meta.url);

interface SeenRule {
  readonly name: string;
  readonly query: string;
  readonly health: string;
  readonly lastError?: string;
  readonly state: string;
}

/** By name only: there are none until a call to Temporal has failed. */
const MAY_BE_ABSENT = ['temporal_request_failure_total'];

describe('a stack as Prometheus sees it', { skip: lacksPrometheus }, () => {
  let stack: TestStack;
  let prometheus: RunningPrometheus;

  before(async () => {
    stack = await startStack({ separate: true });
    await stack.waitUntilReady();
    prometheus = await startPrometheus(stack.file().metrics!);
    // Before anything happens, for a counter that has always been where it is has not increased.
    await until(SEEN_LIMIT_MS, 'a process does not answer', async () => {
      const up = await prometheus.query('up == 1');
      return up.length === Object.keys(stack.file().metrics!).length;
    });
    const api = apiClient(
      () => stack.api,
      () => stack.authorization,
    );
    const [sender, receiver] = [await api.wallet('100'), await api.wallet()];
    for (let n = 0; n < 5; n += 1) await api.transfer(sender, receiver, '1');
    // One that is refused, one that is canceled after its debit, and one that has no route.
    await api.transfer(sender, receiver, '1000');
    const { body } = await api.post<{ transfer_id: string }>(
      '/v1/transfers',
      { sender_wallet_id: sender, receiver_wallet_id: receiver, amount: '1', capture_method: 'manual' },
      { 'idempotency-key': randomUUID(), prefer: 'wait=20' },
    );
    await api.post(`/v1/transfers/${body.transfer_id}/cancel`, {});
    await api.get('/v1/nowhere');
    await api.post('/v1/reconciliation-runs', {}, { 'idempotency-key': randomUUID(), prefer: 'wait=20' });
    await until(SEEN_LIMIT_MS, 'not everything was looked at', async () => {
      const unseen = await prometheus.query('counterpoise_collector_last_success_timestamp_seconds == 0');
      const ended = await prometheus.query('sum(increase(counterpoise_movements_ended_total[5m])) > 0');
      const balanced = await prometheus.query('counterpoise_ledger_balanced');
      return unseen.length === 0 && ended.length > 0 && balanced.length > 0;
    });
  });
  after(async () => {
    await prometheus?.stop();
    await stack?.remove();
  });

  test('every process answers, and every metric that is declared is there', async () => {
    const names = new Set(await prometheus.ask<string[]>('label/__name__/values'));
    for (const { name, type } of await createMetrics().registry.getMetricsAsJSON()) {
      const seen = String(type) === 'histogram' ? `${name}_bucket` : name;
      assert.ok(names.has(seen), seen);
    }
  });

  test('every rule is evaluated without a fault, and asks for series that there are', async () => {
    await until(SEEN_LIMIT_MS, 'a rule was not evaluated', async () =>
      (await rules()).every(({ health }) => health !== 'unknown'),
    );
    for (const { name, health, lastError, query } of await rules()) {
      assert.equal(health, 'ok', `${name}: ${lastError}`);
      await assertThere(query);
    }
  });

  test('a stack at rest fires nothing, and comes to where nothing is about to', async () => {
    for (const { name, state } of await rules()) assert.notEqual(state, 'firing', name);
    let pending: string[] = [];
    await until(SEEN_LIMIT_MS, 'an alarm stays pending', async () => {
      pending = (await rules()).filter(({ state }) => state !== 'inactive').map(({ name }) => name);
      return pending.length === 0;
    }).catch((cause: unknown) => {
      throw new Error(`these do not go back: ${pending.join()}`, { cause });
    });
  });

  for (const { title, rows } of DASHBOARDS)
    for (const panel of rows.flatMap(({ panels }) => panels))
      test(`${title}, ${panel.title}: every query returns something`, async () => {
        for (const [expr] of panel.queries) {
          await assertThere(expr);
          await until(SEEN_LIMIT_MS, `${expr} returns nothing`, async () => (await prometheus.query(expr)).length > 0);
        }
      });

  for (const page of readdirSync(RUNBOOKS))
    test(`${page}: every query is understood, and asks for series that there are`, async () => {
      for (const [, query] of readFileSync(new URL(page, RUNBOOKS), 'utf8').matchAll(/^```promql\n(.*?)^```$/gms)) {
        await assertThere(query!);
        await prometheus.query(query!);
      }
    });

  async function rules(): Promise<SeenRule[]> {
    const { groups } = await prometheus.ask<{ groups: { rules: SeenRule[] }[] }>('rules');
    return groups.flatMap((group) => group.rules);
  }

  /** Each series that the query selects, by its name and its labels, is there; one that a range is asked of was there in the last hour. */
  async function assertThere(expr: string): Promise<void> {
    for (const [selector, name] of expr.matchAll(/\b([a-z]+_[a-z_]+|up)\b(\{[^}]*\})?(?![\w(])/g)) {
      if (!/^(counterpoise|http|events|worker|dlq|temporal|process|nodejs)_|^up$/.test(name!)) continue;
      if (NOT_METRICS.has(name!) || MAY_BE_ABSENT.includes(name!)) continue;
      assert.ok(
        (await prometheus.query(`count(last_over_time(${selector}[1h]))`)).length > 0,
        `${selector} in ${expr}`,
      );
    }
  }
});

/** Labels by which queries sum. */
const NOT_METRICS = new Set(['worker_type']);
