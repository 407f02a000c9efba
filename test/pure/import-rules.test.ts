/**
 * Holds the shape of the code base: who may import whom, who reads the environment, how files are named, introduced and
 * bounded. ARCHITECTURE.md says why; a rule that has to give way is changed here, with its reason.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

interface Rule {
  /** A folder, which ends in a slash, or a file. The first rule that fits a file is its rule. */
  readonly of: string;
  /** Folders, files, packages and, as `node:`, what Node brings. */
  readonly may: readonly string[];
  /** What may be imported by `import type` alone. */
  readonly mayTypes?: readonly string[];
}

const API = ['api/', 'domain/', 'deadline.ts', 'authority.ts', 'hono', '@hono/zod-openapi', 'zod'];
const API_TYPES = ['db/database.ts', 'telemetry.ts', 'config.ts', '@temporalio/client'];
/** What accepts movements starts their workflows, through temporal/ and by the workflows' messages. */
const API_MOVEMENTS = [...API, 'temporal/', 'workflows/messages.ts'];
/** Whoever composes a process out of the parts: no other service's database through the back door, and nothing of dev/. */
const COMPOSES = [
  'config.ts',
  'run-service.ts',
  'telemetry.ts',
  'deadline.ts',
  'domain/',
  'temporal/',
  'db/database.ts',
  'workflows/messages.ts',
];
const SERVICE_DATABASE = ['db/database.ts', 'db/outbox.ts', 'domain/', 'drizzle-orm'];

const RULES: readonly Rule[] = [
  { of: 'domain/derived-id.ts', may: ['domain/', 'node:crypto'] },
  { of: 'domain/', may: ['domain/'] },

  {
    of: 'workflows/',
    may: ['workflows/', 'domain/', '@temporalio/workflow', '@temporalio/common'],
    mayTypes: ['activities/'],
  },

  { of: 'activities/batch-wallet.ts', may: ['domain/', 'db/wallet/'], mayTypes: ['db/database.ts'] },
  { of: 'activities/batch-transfer.ts', may: ['domain/', 'db/transfer/'], mayTypes: ['db/database.ts'] },
  // The wallet service's ledger is a port to them, so that they see its answers and not its database.
  {
    of: 'activities/reconciliation.ts',
    may: ['domain/', 'db/transfer/', 'activities/examination.ts'],
    mayTypes: ['db/database.ts'],
  },
  { of: 'activities/examination.ts', may: ['domain/', 'db/transfer/'], mayTypes: ['db/database.ts'] },
  { of: 'activities/wallet.ts', may: ['domain/', 'db/wallet/'], mayTypes: ['db/database.ts'] },
  { of: 'activities/transfer-at-once.ts', may: ['domain/'], mayTypes: ['activities/'] },
  { of: 'activities/transfer.ts', may: ['domain/', 'db/transfer/'], mayTypes: ['db/database.ts'] },

  // A run is accepted and begins at once: the start is the one that the API and the sweep use.
  {
    of: 'activities/recurring.ts',
    may: ['domain/', 'db/transfer/', 'temporal/start-movement.ts', 'deadline.ts'],
    mayTypes: ['db/database.ts'],
  },

  { of: 'db/wallet/', may: ['db/wallet/', ...SERVICE_DATABASE] },
  { of: 'db/transfer/', may: ['db/transfer/', ...SERVICE_DATABASE] },
  { of: 'db/', may: ['db/database.ts', 'deadline.ts', 'domain/', 'drizzle-orm', 'pg', 'node:'] },

  { of: 'api/wallet.ts', may: [...API, 'db/wallet/'], mayTypes: API_TYPES },
  { of: 'api/transfer.ts', may: [...API_MOVEMENTS, 'db/transfer/'], mayTypes: API_TYPES },
  { of: 'api/batch.ts', may: [...API_MOVEMENTS, 'db/transfer/'], mayTypes: API_TYPES },
  { of: 'api/batch-legs.ts', may: [...API, 'db/transfer/'], mayTypes: API_TYPES },
  { of: 'api/transfer-actions.ts', may: [...API_MOVEMENTS, 'db/transfer/'], mayTypes: API_TYPES },
  { of: 'api/transfer-answer.ts', may: API, mayTypes: ['db/transfer/'] },
  {
    of: 'api/workflow-request.ts',
    may: [...API_MOVEMENTS, 'db/transfer/', '@temporalio/client', '@temporalio/common', 'node:timers/promises'],
    mayTypes: API_TYPES,
  },
  { of: 'api/transfer-list.ts', may: [...API, 'db/transfer/'], mayTypes: API_TYPES },
  { of: 'api/transaction.ts', may: [...API_MOVEMENTS, 'db/transfer/'], mayTypes: API_TYPES },
  { of: 'api/case.ts', may: [...API_MOVEMENTS, 'db/transfer/'], mayTypes: API_TYPES },
  { of: 'api/reconciliation.ts', may: [...API_MOVEMENTS, 'db/transfer/'], mayTypes: API_TYPES },
  { of: 'api/ledger.ts', may: [...API, 'db/wallet/'], mayTypes: API_TYPES },
  { of: 'api/recurring.ts', may: [...API_MOVEMENTS, 'db/transfer/'], mayTypes: API_TYPES },
  { of: 'api/recurring-control.ts', may: [...API_MOVEMENTS, 'db/transfer/'], mayTypes: API_TYPES },
  { of: 'api/recurring-fields.ts', may: API, mayTypes: ['db/transfer/'] },
  { of: 'api/wallet-limits.ts', may: [...API, 'db/wallet/'], mayTypes: API_TYPES },
  { of: 'api/wallet-answer.ts', may: API, mayTypes: ['db/wallet/'] },
  { of: 'api/movement.ts', may: API_MOVEMENTS, mayTypes: [...API_TYPES, 'db/transfer/'] },
  { of: 'api/acceptance.ts', may: API_MOVEMENTS, mayTypes: API_TYPES },
  { of: 'api/readiness.ts', may: [...API_MOVEMENTS, 'drizzle-orm'], mayTypes: API_TYPES },
  // Tells a database that is down from a fault in the code, by the classes of both libraries' errors.
  { of: 'api/database-step.ts', may: [...API, 'drizzle-orm', 'pg'], mayTypes: API_TYPES },
  { of: 'api/request-context.ts', may: [...API, 'node:crypto'], mayTypes: API_TYPES },
  // Bodies come as the server's streams.
  { of: 'api/request-body.ts', may: [...API, 'node:stream'], mayTypes: API_TYPES },
  { of: 'api/serve-http.ts', may: [...API, 'node:', '@hono/node-server'], mayTypes: API_TYPES },
  { of: 'api/docs.ts', may: [...API, 'node:'], mayTypes: API_TYPES },
  { of: 'api/databases.ts', may: COMPOSES },
  { of: 'api/server.ts', may: [...COMPOSES, 'api/'], mayTypes: [...API_TYPES, 'db/transfer/'] },
  { of: 'api/wallet-server.ts', may: [...COMPOSES, 'api/'], mayTypes: API_TYPES },
  { of: 'api/', may: API, mayTypes: API_TYPES },

  // Starting a movement takes its row, so the rows' types are what its two functions are declared with.
  {
    of: 'temporal/start-movement.ts',
    may: ['@temporalio/client', 'domain/', 'workflows/messages.ts'],
    mayTypes: ['db/transfer/'],
  },
  { of: 'temporal/movement-workflows.ts', may: ['@temporalio/client', 'temporal/'], mayTypes: ['db/transfer/'] },
  // Brings a row and its Schedule together, for the API and for the sweep.
  {
    of: 'temporal/tend-recurring.ts',
    may: ['temporal/', 'domain/', 'db/transfer/'],
    mayTypes: ['db/database.ts', '@temporalio/client'],
  },
  {
    of: 'temporal/',
    may: ['temporal/', '@temporalio/', 'domain/', 'workflows/messages.ts', 'deadline.ts'],
    mayTypes: ['config.ts', 'telemetry.ts'],
  },

  {
    of: 'workers/wallet.ts',
    may: [...COMPOSES, 'workers/', 'activities/wallet.ts', 'activities/batch-wallet.ts', 'node:'],
  },
  {
    of: 'workers/transfer.ts',
    may: [
      ...COMPOSES,
      'workers/',
      'activities/transfer.ts',
      'activities/batch-transfer.ts',
      'activities/reconciliation.ts',
      'activities/recurring.ts',
      'node:',
    ],
    mayTypes: ['activities/'],
  },
  {
    of: 'workers/sweep.ts',
    may: ['workers/sweep-recurring.ts', 'db/transfer/', 'temporal/', 'deadline.ts', 'node:'],
    mayTypes: ['db/database.ts', 'run-service.ts', 'telemetry.ts'],
  },
  {
    of: 'workers/sweep-recurring.ts',
    may: ['db/transfer/', 'temporal/', 'deadline.ts'],
    mayTypes: ['db/database.ts', 'telemetry.ts', '@temporalio/client'],
  },
  { of: 'workers/', may: [...COMPOSES, '@temporalio/worker', '@temporalio/common', 'node:'] },

  // One process with every part, for the embedded stack and for local dispatch.
  {
    of: 'commands/serve.ts',
    may: [
      ...COMPOSES,
      'api/server.ts',
      'activities/',
      'db/wallet/ledger.ts',
      'workers/',
      '@temporalio/worker',
      'node:',
    ],
    mayTypes: ['db/transfer/'],
  },
  { of: 'commands/migrate.ts', may: [...COMPOSES, 'db/migrate.ts'] },
  // The app for its own description, which the client's types are made from.
  { of: 'commands/wire-file.ts', may: ['api/', 'commands/document-types.ts', 'prettier', 'node:'] },
  {
    of: 'commands/cli/',
    may: [
      'commands/cli/',
      'commands/audit-stack.ts',
      'audit/',
      'client/client.ts',
      'config.ts',
      'dev/',
      'commander',
      'package.json',
      'csv-parse',
      'node:',
    ],
  },
  // Starts a stack from outside, and hurts it.
  { of: 'commands/nemesis.ts', may: ['commands/', 'dev/', 'nemesis/', 'package.json', 'node:'] },
  {
    of: 'commands/',
    may: [...COMPOSES, 'commands/', 'audit/', 'client/client.ts', 'dev/', 'node:', 'zod'],
    mayTypes: ['activities/'],
  },

  // A package of its own, which needs nothing of the server and no other package.
  { of: 'client/', may: ['client/'] },

  // Reads every service's tables, and believes none of the services' own queries.
  {
    of: 'audit/',
    may: ['audit/', 'domain/', 'workflows/messages.ts', 'drizzle-orm', '@temporalio/client', 'node:'],
    mayTypes: ['db/database.ts'],
  },

  // Starts services as processes, never by importing them.
  // The development server is given the search attributes when it is made.
  { of: 'dev/temporal.ts', may: ['dev/', '@temporalio/client', 'workflows/messages.ts', 'node:'] },
  { of: 'dev/', may: ['dev/', '@temporalio/client', 'pg', 'zod', 'node:'] },

  // Reads along between services and servers, and knows neither.
  { of: 'nemesis/proxy.ts', may: ['nemesis/postgres-wire.ts', 'node:'] },
  { of: 'nemesis/postgres-wire.ts', may: [] },

  // Hurts a stack from outside and looks into all of it: nothing of the services' own code but what decides ids and bodies.
  {
    of: 'nemesis/',
    may: [
      'nemesis/',
      'audit/',
      'client/client.ts',
      'commands/draw.ts',
      'commands/for-each.ts',
      'db/database.ts',
      'dev/',
      'domain/',
      'workflows/messages.ts',
      '@temporalio/client',
      'node:',
    ],
    mayTypes: ['pg'],
  },

  { of: 'config.ts', may: ['authority.ts', 'node:fs', 'zod'] },
  { of: 'authority.ts', may: [] },
  { of: 'telemetry.ts', may: ['node:module', 'pino'], mayTypes: ['config.ts', 'pino-pretty'] },
  { of: 'run-service.ts', may: ['config.ts', 'telemetry.ts'] },
  { of: 'deadline.ts', may: [] },

  { of: 'test/', may: ['*'] },
  { of: 'bench/', may: ['*'] },
];

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
  'db',
  'dev',
  'domain',
  'nemesis',
  'temporal',
  'test',
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
  if (pattern.endsWith('/') || pattern === 'node:') return target.startsWith(pattern);
  return target.startsWith(`${pattern}/`);
}

function breaches(path: string, text: string): string[] {
  const rule = RULES.find(({ of }) => fits(of, path));
  if (rule === undefined) return [`${path} has no rule in test/pure/import-rules.test.ts`];
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
    (name) => name.endsWith('.ts') && !name.startsWith('client/dist/') && !name.includes('/node_modules/'),
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
      ['domain/money.ts', "import '../config.ts';"],
      ['workflows/transfer.ts', "import { createWalletActivities } from '../activities/wallet.ts';"],
      ['workflows/transfer.ts', "import {\n  readFile,\n} from 'node:fs/promises';"],
      ['activities/wallet.ts', "import { findTransfer } from '../db/transfer/queries.ts';"],
      ['activities/order.ts', ''],
      ['db/wallet/queries.ts', "import type { TransferRow } from '../transfer/queries.ts';"],
      ['db/transfer/queries.ts', "export { wallets } from '../wallet/schema.ts';"],
      ['api/transfer.ts', "import { findWallet } from '../db/wallet/queries.ts';"],
      ['client/call.ts', "import type { Transfer } from '../db/transfer/queries.ts';"],
      ['api/server.ts', "const launcher = await import('../dev/launcher.ts');"],
    ];
    for (const [path, text] of cases) assert.notDeepEqual(breaches(path, text), [], `${path}: ${text}`);
    assert.deepEqual(
      breaches('workflows/transfer.ts', "import type { WalletActivities } from '../activities/wallet.ts';"),
      [],
    );
  });

  test('nothing that workflow code reaches needs Node, for it has to run in the sandbox', () => {
    const reached = [...reachable('workflows/index.ts')];
    assert.deepEqual(
      reached.filter((target) => target.startsWith('node:') || target === 'domain/derived-id.ts'),
      [],
    );
  });

  test('only config.ts reads the environment', () => {
    const readers = wrong(
      (path, text) => !path.startsWith('test/') && /^(?!\s*(?:\/\/|\/?\*)).*\bprocess\.env\b/m.test(text),
    );
    assert.deepEqual(readers, ['config.ts']);
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
