// A run of a minute with every kind of fault, and a new seed each time, which is printed.

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { FAULT_KINDS } from '../../nemesis/faults.ts';
import { describeOutcome, describeReport } from '../../nemesis/report.ts';
import { runNemesis } from '../../nemesis/run.ts';

const SECONDS = 60;
// What a run has started is ended when its process exits, which a signal alone is not.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

const LIMIT_MS = 480_000;

test('a minute of faults loses nothing', { timeout: LIMIT_MS }, async (t) => {
  const seed = randomInt(1_000_000);
  t.diagnostic(`npm run nemesis -- --minutes 1 --seed ${seed}`);
  const lines: string[] = [];
  const report = await runNemesis({
    seed,
    seconds: SECONDS,
    kinds: FAULT_KINDS,
    environment: { ...process.env, LOG_LEVEL: 'warn' },
    say: (line) => lines.push(line),
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  if (!report.ok) t.diagnostic(`${lines.join('\n')}\n${describeReport(report)}`);
  assert.ok(report.ok, describeOutcome(report));
  assert.ok(Object.keys(report.faults).length >= 3, 'faults of several kinds have struck');
});
