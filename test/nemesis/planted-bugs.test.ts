// The nemesis finds bugs: each of the bugs that others have shipped in similar code is planted in a build of its own, and a
// short run under the faults that bring it to light reports a violation, by its ordinary checks. Under the same faults, the
// unchanged sources show none. One of the bugs is planted, another one each day; `npm run test:bugs` plants all, which takes half an
// hour.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Edit } from '../../nemesis/build.ts';
import type { FaultKind } from '../../nemesis/fault.ts';
import { PLANTED_APPROVAL_BUGS } from '../../nemesis/planted-approval-bugs.ts';
import { PLANTED_BUGS, type PlantedBug } from '../../nemesis/planted-bugs.ts';
import { PLANTED_EVENT_BUGS } from '../../nemesis/planted-event-bugs.ts';
import { PLANTED_ORDER_BUGS } from '../../nemesis/planted-order-bugs.ts';
import { PLANTED_TENANT_BUGS } from '../../nemesis/planted-tenant-bugs.ts';
import { runNemesis, type NemesisOptions } from '../../nemesis/run.ts';

const SEED = 7;
/** Days since 1970, so that whoever reads a failure can have the same bug again. */
const DAY = Number(process.env['PLANTED_BUGS_DAY'] ?? Math.floor(Date.now() / 86_400_000));
const isEach = process.env['PLANTED_BUGS'] === 'all';
/** Of the run without a bug: with groups, and single transfers beside them. */
const GROUP_MAX = 50;
/**
 * Each bug is after one kind of fault, of which two or more strike in the first of these times; on a machine that is too slow for
 * that, in a longer one. All kinds take longer.
 */
const SECONDS = { bug: [20, 60, 120], all: 45 };
// What a run has started is ended when its process exits, which a signal alone is not.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

const LIMIT_MS = 600_000;
const ALL_TRIES_LIMIT_MS = 3 * LIMIT_MS;

type Asking = 'clientsAtOnce' | 'hasOrders' | 'hasApprovals' | 'hasTenants';

async function run(
  seconds: number,
  kinds: readonly FaultKind[],
  edits: readonly Edit[],
  { groupMax, ...clients }: { groupMax: number } & Pick<NemesisOptions, Asking>,
  say: (line: string) => void,
) {
  const signal = AbortSignal.timeout(LIMIT_MS);
  const environment = { ...process.env, LOG_LEVEL: 'warn' };
  const how = { environment, say, signal, isDisposable: true };
  return runNemesis({ seed: SEED, seconds, kinds, edits, groupMax, ...clients, ...how });
}

describe('a bug that is planted is caught', { concurrency: 1 }, () => {
  const ofMovements = { ...PLANTED_BUGS, ...PLANTED_EVENT_BUGS };
  const planted = { ...ofMovements, ...PLANTED_ORDER_BUGS, ...PLANTED_APPROVAL_BUGS, ...PLANTED_TENANT_BUGS };
  const all = Object.entries<PlantedBug>(planted);
  const bugs = all.filter((_, n) => isEach || n === DAY % all.length);
  for (const [name, { what, edits, faults, groupMax = 1, ...rest }] of bugs) {
    const { clientsAtOnce, hasOrders = false, hasApprovals = false, hasTenants = false, isSeenOnlyAs } = rest;
    test(`${name}: ${what}`, { timeout: ALL_TRIES_LIMIT_MS }, async (t) => {
      t.diagnostic(`PLANTED_BUGS_DAY=${DAY}`);
      for (const seconds of SECONDS.bug) {
        const how = { groupMax, clientsAtOnce, hasOrders, hasApprovals, hasTenants };
        const report = await run(seconds, faults, edits, how, (line) => t.diagnostic(line));
        assert.equal(report.failure, undefined);
        // A fault that could not be injected is a mistake of the nemesis, and proves nothing.
        assert.deepEqual(
          report.violations.filter(({ seenBy, detail }) => seenBy === 'fault' && detail.includes('TypeError')),
          [],
        );
        const told = report.violations.map(({ seenBy, detail }) => `${seenBy}: ${detail}`);
        if (isSeenOnlyAs !== undefined)
          assert.deepEqual(
            told.filter((each) => !isSeenOnlyAs.test(each)),
            [],
          );
        if (report.violationsTotal > 0) return;
      }
      assert.fail('the nemesis found nothing');
    });
  }

  const clean = [
    ['movements', { ...PLANTED_BUGS, ...PLANTED_EVENT_BUGS }],
    ['orders', PLANTED_ORDER_BUGS],
  ] as const;
  for (const [what, planted] of clean.filter((_, n) => isEach || n === DAY % clean.length))
    test(`none of it is there without the bugs of ${what}, under the same faults`, { timeout: LIMIT_MS }, async (t) => {
      const kinds = [...new Set(Object.values<PlantedBug>(planted).flatMap(({ faults }) => faults))];
      const hasOrders = what === 'orders';
      const report = await run(SECONDS.all, kinds, [], { groupMax: GROUP_MAX, hasOrders }, (line) =>
        t.diagnostic(line),
      );
      assert.equal(report.failure, undefined);
      assert.deepEqual(report.violations, []);
    });
});
