/**
 * A ratchet: functions have at most 70 lines, except those in the list, which were longer when it was begun. No function is added
 * to it, none in it grows, and one that has become short enough is removed.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const LINES_MAX = 70;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** By file and name, the lines of each that is longer. */
const LONGER: Readonly<Record<string, number>> = {
  'activities/transfer/examination.ts examiner': 129,
  'activities/transfer/reconciliation-places.ts placeReader': 105,
  'activities/transfer/reconciliation.ts createReconciliationActivities': 167,
  'activities/transfer/transfer.ts createTransferActivities': 89,
  'api/transfer/recurring.ts recurringRoutes': 114,
  'api/transfer/workflow-request.ts askTransfer': 104,
  'api/wallet/wallet.ts walletRoutes': 89,
  'commands/serve.ts startEverything': 100,
  'db/wallet/ledger.ts ledgerOf': 86,
  'dev/infrastructure.ts startInfrastructure': 79,
  'nemesis/clients.ts createClients': 161,
  'nemesis/observer.ts createObserver': 89,
  'nemesis/proxy.ts relay': 79,
  'nemesis/proxy.ts startFaultProxy': 158,
  'nemesis/run.ts runFaults': 117,
  'nemesis/stack.ts startStack': 85,
  'nemesis/story.ts tellStory': 84,
  'workflows/transfer/batch.ts transferBatch': 133,
  'workflows/transfer/compensation.ts createCompensation': 113,
};

/** The functions in these files that are longer, by oxlint. */
function longFunctions(...paths: string[]): Record<string, number> {
  const directory = mkdtempSync(join(tmpdir(), 'counterpoise-lengths-'));
  try {
    const config = join(directory, 'oxlintrc.json');
    const rules = { 'max-lines-per-function': ['error', { max: LINES_MAX }] };
    writeFileSync(config, JSON.stringify({ categories: { correctness: 'off' }, rules }));
    const found = lint([
      '-c',
      config,
      '--ignore-pattern',
      'test/**',
      '--ignore-pattern',
      'client/dist/**',
      '--ignore-pattern',
      'saga/dist/**',
      '--format',
      'json',
      ...paths,
    ]);
    const { diagnostics } = JSON.parse(found) as { diagnostics: { message: string; filename: string }[] };
    return Object.fromEntries(
      diagnostics.map(({ message, filename }) => {
        const [, name = '', lines] = /function (?:`(.*)` )?has too many lines \((\d+)\)/.exec(message)!;
        return [`${filename} ${name}`.trim(), Number(lines)];
      }),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function lint(args: readonly string[]): string {
  try {
    return execFileSync(join(ROOT, 'node_modules/.bin/oxlint'), args, {
      cwd: ROOT,
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
  } catch (error) {
    // It exits with 1 where it has found something.
    return (error as { stdout: string }).stdout;
  }
}

test(`no function is longer than ${LINES_MAX} lines but for those that were, and the list of those only shrinks`, () => {
  const found = longFunctions('.');
  const joined = Object.entries(found).filter(([name, lines]) => lines > (LONGER[name] ?? 0));
  assert.deepEqual(joined, [], 'longer than it may be');
  assert.deepEqual(
    Object.keys(LONGER).filter((name) => !(name in found)),
    [],
    'short enough by now: to be taken off the list',
  );
});
