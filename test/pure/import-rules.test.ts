/**
 * The rules for the shape of the code base: imports, reading of the environment, and the names, openings and lengths of files.
 * ARCHITECTURE.md says why. Change a rule here, with its reason.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { RULES } from './import-rules.ts';

/** A test file is a list of cases, of which each is read alone. */
const LINES_MAX = { source: 300, test: 400 };
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDERS = [
  'activities',
  'api',
  'audit',
  'bench',
  'client',
  'commands',
  'console',
  'db',
  'dev',
  'domain',
  'examples',
  'nemesis',
  'process',
  'saga',
  'temporal',
  'test',
  'webhooks',
  'workers',
  'workflows',
];

interface Import {
  readonly target: string;
  readonly isType: boolean;
}

/** The imports of a file's text; those of files by their path from the root. */
function importsOf(path: string, text: string): Import[] {
  const statements = text.matchAll(
    /^(?:import|export)(\s+type)?\s(?:[^;'"]*?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm,
  );
  return [...statements].map(([, isType, specifier, dynamic]) => {
    const target = (specifier ?? dynamic)!;
    return { target: target.startsWith('.') ? join(dirname(path), target) : target, isType: isType !== undefined };
  });
}

function fits(pattern: string, target: string): boolean {
  if (pattern === '*' || pattern === target) return true;
  if (pattern.endsWith('/*')) return dirname(target) === dirname(pattern);
  if (pattern.endsWith('/') || pattern === 'node:') return target.startsWith(pattern);
  return target.startsWith(`${pattern}/`);
}

function breaches(path: string, text: string): string[] {
  const rule = RULES.find(({ of }) => [of].flat().some((pattern) => fits(pattern, path)));
  if (rule === undefined) return [`${path} has no rule in test/pure/import-rules.ts`];
  return importsOf(path, text)
    .filter(
      ({ target, isType }) =>
        ![...rule.may, ...(isType ? (rule.mayTypes ?? []) : [])].some((pattern) => fits(pattern, target)),
    )
    .map(
      ({ target, isType }) =>
        `${path} must not import ${target}${isType || !rule.mayTypes?.some((pattern) => fits(pattern, target)) ? '' : ' but for its types'}`,
    );
}

function readSources(): Map<string, string> {
  const atRoot = readdirSync(ROOT, { withFileTypes: true }).filter((entry) => entry.isFile());
  const inFolders = FOLDERS.flatMap((folder) => {
    try {
      return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`);
    } catch {
      return [];
    }
  });
  const names = [...atRoot.map(({ name }) => name), ...inFolders].filter(
    (name) => /\.tsx?$/.test(name) && !/^(client|saga)\/dist\/|\/node_modules\//.test(name),
  );
  return new Map(names.map((name) => [name, readFileSync(join(ROOT, name), 'utf8')]));
}

const sources = readSources();

/** Every file whose code runs when this one does, and every package. */
function reachable(from: string, seen = new Set<string>()): Set<string> {
  if (seen.has(from)) return seen;
  seen.add(from);
  for (const { target, isType } of importsOf(from, sources.get(from) ?? '')) if (!isType) reachable(target, seen);
  return seen;
}

/** The groups of files each of which reaches all others of its group. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const reached = new Map([...graph.keys()].map((from) => [from, reach(graph, from)]));
  const groups = [...graph.keys()].map((from) =>
    [...reached.get(from)!].filter((to) => reached.get(to)!.has(from)).sort(),
  );
  return [...new Set(groups.filter(({ length }) => length > 0).map((group) => group.join('\n')))].map((group) =>
    group.split('\n'),
  );
}

function reach(graph: ReadonlyMap<string, readonly string[]>, from: string, seen = new Set<string>()): Set<string> {
  for (const target of graph.get(from) ?? []) {
    if (seen.has(target)) continue;
    seen.add(target);
    reach(graph, target, seen);
  }
  return seen;
}

/** The files for which `isWrong` says so. */
function wrong(isWrong: (path: string, text: string) => boolean): string[] {
  return [...sources].filter(([path, text]) => isWrong(path, text)).map(([path]) => path);
}

describe('the code base', () => {
  test('every import is one that its rule allows', () => {
    assert.ok(sources.size > 80);
    assert.deepEqual(
      [...sources].flatMap(([path, text]) => breaches(path, text)),
      [],
    );
  });

  test('the rules see what breaks them', () => {
    const cases: [path: string, text: string][] = [
      ['domain/money.ts', "import { hash } from 'node:crypto';"],
      ['domain/money.ts', "import '../process/config.ts';"],
      ['process/config.ts', "import { openDatabase } from '../db/database.ts';"],
      ['workflows/transfer/direct.ts', "import { createWalletActivities } from '../../activities/wallet/wallet.ts';"],
      ['workflows/transfer/direct.ts', "import {\n  readFile,\n} from 'node:fs/promises';"],
      ['activities/wallet/wallet.ts', "import { findTransfer } from '../../db/transfer/queries.ts';"],
      ['activities/transfer/transfer.ts', "import type { WalletActivities } from '../wallet/wallet.ts';"],
      [
        'activities/transfer/recurring.ts',
        "import { startTransfer } from '../../temporal/transfer/start-movement.ts';",
      ],
      ['activities/transfer-at-once.ts', "import { debit } from '../db/wallet/queries.ts';"],
      ['db/wallet/queries.ts', "import type { TransferRow } from '../transfer/queries.ts';"],
      ['db/transfer/queries.ts', "export { wallets } from '../wallet/schema.ts';"],
      ['db/database.ts', "import { transfers } from './transfer/schema.ts';"],
      ['api/transfer/transfer.ts', "import { findWallet } from '../../db/wallet/wallet-queries.ts';"],
      ['api/transfer/transfer.ts', "import { walletRoutes } from '../wallet/wallet.ts';"],
      ['api/wallet/wallet.ts', "import { startTransfer } from '../../temporal/transfer/start-movement.ts';"],
      ['api/http/problem.ts', "import { findWallet } from '../../db/wallet/wallet-queries.ts';"],
      ['api/http/problem.ts', "import { acceptMovement } from '../transfer/acceptance.ts';"],
      ['api/server.ts', "const launcher = await import('../dev/launcher.ts');"],
      ['temporal/connection.ts', "import { startTransfer } from './transfer/start-movement.ts';"],
      ['workers/wallet/main.ts', "import { createTransferActivities } from '../../activities/transfer/transfer.ts';"],
      ['workers/worker.ts', "import { startSweep } from './transfer/sweep.ts';"],
      ['workers/wallet/main.ts', "import { consume } from '../../client/consumer/consumer.ts';"],
      ['examples/consumer/main.ts', "import { openDatabase } from '../../db/database.ts';"],
      ['examples/ticketing/workflow.ts', "import { createClient } from '../../client/client.ts';"],
      ['saga/saga.ts', "import pg from 'pg';"],
      ['saga/saga.ts', "import { asking } from './participant-calls.ts';"],
      ['saga/participant.ts', "import type { How } from './saga.ts';"],
      ['saga/check-participant.ts', "import { proxyActivities } from '@temporalio/workflow';"],
      ['client/call.ts', "import type { Transfer } from '../db/transfer/queries.ts';"],
      ['console/pages/wallets.tsx', "import type { Wallet } from '../../db/wallet/wallet-queries.ts';"],
      ['console/pages/wallets.tsx', "import { walletCalls } from '../../client/wallets.ts';"],
      ['console/format/amount.ts', "import { signal } from '@preact/signals';"],
      ['api/transfer/transfer.ts', "import { consolePages } from '../console/page.ts';"],
      ['commands/demo.ts', "import { findTransfer } from '../db/transfer/queries.ts';"],
      ['audit/money.ts', "import { findTransfer } from '../db/transfer/queries.ts';"],
      ['dev/launcher.ts', "import { startEverything } from '../commands/serve.ts';"],
      ['nemesis/proxy.ts', "import { audit } from '../audit/audit.ts';"],
      ['nemesis/world.ts', "import { findTransfer } from '../db/transfer/queries.ts';"],
      ['orders/order.ts', ''],
    ];
    for (const [path, text] of cases) assert.notDeepEqual(breaches(path, text), [], `${path}: ${text}`);
    assert.deepEqual(
      breaches(
        'workflows/transfer/direct.ts',
        "import type { WalletActivities } from '../../activities/wallet/wallet.ts';",
      ),
      [],
    );
  });

  test('no file imports itself by way of others, be it for types', () => {
    const imports = (path: string, text: string): string[] =>
      importsOf(path, text).flatMap(({ target }) => (sources.has(target) ? [target] : []));
    const graph = new Map([...sources].map(([path, text]) => [path, imports(path, text)]));
    assert.deepEqual(circles(graph), []);
    const breach = new Map([
      ...graph,
      ['domain/money.ts', ['domain/routing.ts']],
      ['domain/routing.ts', ['domain/money.ts']],
    ]);
    assert.deepEqual(circles(breach), [['domain/money.ts', 'domain/routing.ts']]);
  });

  test('nothing that workflow code reaches needs Node, for it has to run in the sandbox', () => {
    const reached = [...reachable('workflows/index.ts')];
    assert.deepEqual(
      reached.filter((target) => target.startsWith('node:') || target === 'domain/derived-id.ts'),
      [],
    );
  });

  test('only process/config.ts reads the environment', () => {
    const readers = wrong(
      (path, text) => !path.startsWith('test/') && /^(?!\s*(?:\/\/|\/?\*)).*\bprocess\.env\b/m.test(text),
    );
    assert.deepEqual(readers, ['process/config.ts']);
  });

  test('no file is named after being of use', () => {
    assert.deepEqual(
      wrong((path) => /(^|[/-])(utils?|helpers?|common|shared|managers?)([-.]|\/|$)/.test(path)),
      [],
    );
  });

  test('every file but a test opens by saying what it is for', () => {
    assert.deepEqual(
      wrong((path, text) => !path.endsWith('.test.ts') && !/^\/\*\*\s*\n? \*|^\/\*\* |^\/\/ /.test(text)),
      [],
    );
  });

  test('no file is too long to be read at once', () => {
    const linesMax = (path: string): number => LINES_MAX[path.endsWith('.test.ts') ? 'test' : 'source'];
    assert.deepEqual(
      wrong((path, text) => text.split('\n').length > linesMax(path) + 1 && !text.startsWith('/** Generated ')),
      [],
    );
  });
});
