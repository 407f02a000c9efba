/**
 * Ratchets: functions have at most 70 lines, and comments in SQL at most 132 columns, except those in the lists, which had more when they
 * were begun. Nothing is added to a list, no function in it grows, and one that has become short enough is removed.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

const COLUMNS_MAX = 132;
/** Of approvals, in db/transfer/functions. */
const WIDER = [
  ...['ask_approval', 'ask_decision', 'cast_vote', 'change_approval_policy', 'decide_approval', 'is_decided'],
  ...['policy_of_case', 'put_approval_policy', 'refuse_unapproved', 'refuse_unapproved_withdrawals', 'sent_unapproved'],
  'set_approval_policy',
].map((name) => `db/transfer/functions/${name}.sql`);

test(`no comment of an SQL function is wider than ${COLUMNS_MAX} columns but for those of some files that were`, () => {
  const files = globSync(['db/*/functions/*.sql', 'db/*/grants.sql'], { cwd: ROOT });
  assert.ok(files.length > 100);
  const wide = files
    .filter((file) => !WIDER.includes(file))
    .flatMap((file) =>
      readFileSync(join(ROOT, file), 'utf8')
        .split('\n')
        .flatMap((line, index) => (/^ *--/.test(line) && line.length > COLUMNS_MAX ? [`${file}:${index + 1}`] : [])),
    );
  assert.deepEqual(wide, []);
});
