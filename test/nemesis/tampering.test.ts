// The nemesis can fail: when an administrator secretly changes rows that no constraint protects, that is found, and its story is
// told. The checks do not know what was changed.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import type { FaultKind } from '../../nemesis/fault.ts';
import { runNemesis } from '../../nemesis/run.ts';

const tampered: Record<'balance' | 'end' | 'row' | 'amount', string> = { balance: '', end: '', row: '', amount: '' };

/** Transfers that have ended a while ago, of which nothing else speaks. */
const SOME = `
  SELECT transfer_id FROM transfers one
  WHERE status = 'COMPLETED' AND batch_id IS NULL AND recurring_transfer_id IS NULL AND reverses_transfer_id IS NULL
    AND reversed_amount = 0 AND capture_method = 'automatic' AND scheduled_at IS NULL AND updated_at < now() - interval '3 seconds'
  ORDER BY created_at LIMIT 1 OFFSET `;

let isDone = false;

/** Once, however often it is drawn. */
const tampering: FaultKind = {
  kind: 'tampering',
  weight: 1,
  draw: () => ({
    name: 'four changes by hand',
    kind: 'tampering',
    lastsMs: 12_000,
    async strike({ stack }) {
      if (isDone) return;
      isDone = true;
      await sleep(10_000);
      // A slow machine has completed too few by then.
      for (let seconds = 0; seconds < 60 && (await stack.rows('transfer', `${SOME} 3`)).length === 0; seconds += 1)
        await sleep(1_000);
      const change = async (place: 'wallet-0' | 'transfer', statement: string): Promise<string> =>
        Object.values((await stack.rows<Record<string, string>>(place, statement))[0] ?? { none: '' })[0]!;
      tampered.balance = await change(
        'wallet-0',
        `UPDATE wallets SET balance = balance + 1 WHERE wallet_id = (SELECT wallet_id FROM wallets WHERE user_id LIKE 'cold%' LIMIT 1) RETURNING wallet_id`,
      );
      tampered.end = await change(
        'transfer',
        `UPDATE transfers SET status = 'FAILED', failure_reason = 'timed_out' WHERE transfer_id = (${SOME} 0) RETURNING transfer_id`,
      );
      tampered.row = await change(
        'transfer',
        `DELETE FROM transfers WHERE transfer_id = (${SOME} 1) RETURNING transfer_id`,
      );
      tampered.amount = await change(
        'transfer',
        `UPDATE transfers SET amount = amount + 1 WHERE transfer_id = (${SOME} 2) RETURNING transfer_id`,
      );
    },
  }),
};

test(
  'what is changed behind everybody’s back is found, each by its subject, and told as a story',
  { timeout: 240_000 },
  async () => {
    const { ok, violations, stories, faults } = await runNemesis({
      seed: 1,
      seconds: 18,
      kinds: [tampering],
      hasOrders: false,
      hasTenants: false,
      environment: { ...process.env, LOG_LEVEL: 'warn' },
      isDisposable: true,
      say: () => {},
      signal: new AbortController().signal,
    });
    assert.ok(faults['tampering']! >= 1);
    assert.equal(ok, false);
    const detailsOf = (what: keyof typeof tampered): string =>
      violations
        .filter(({ subject, seenBy }) => subject === tampered[what] && seenBy !== 'audit')
        .map(({ detail }) => detail)
        .join('\n');
    assert.match(detailsOf('balance'), /by what clients were told it has .*, but its balance is/);
    assert.match(detailsOf('end'), /it was COMPLETED .*, and then FAILED timed_out/);
    assert.match(detailsOf('row'), /it was accepted as transfer .*, but it is not stored/);
    assert.match(detailsOf('amount'), /it is stored with amount/);
    for (const id of Object.values(tampered))
      assert.ok(
        violations.some(({ subject, seenBy }) => subject === id && seenBy === 'audit'),
        `the audit finds ${id}`,
      );
    assert.match(stories.join('\n'), /Story of [0-9a-f-]{36}\n {2}asked and told\n/);
  },
);
