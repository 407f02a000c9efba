/**
 * Who may import whom. ARCHITECTURE.md says why; a rule that has to give way is changed here, with its reason.
 */
export interface Rule {
  /** Folders, which end in a slash, or files. The first rule that fits a file is its rule. */
  readonly of: string | readonly string[];
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
  'db/installation.ts',
  'db/transfer/open-movement.ts',
  'workflows/messages.ts',
];
const SERVICE_DATABASE = ['db/database.ts', 'db/installation.ts', 'db/outbox.ts', 'domain/', 'drizzle-orm'];

export const RULES: readonly Rule[] = [
  { of: 'domain/derived-id.ts', may: ['domain/', 'node:crypto'] },
  { of: 'domain/', may: ['domain/'] },

  {
    of: 'workflows/',
    may: ['workflows/', 'domain/', '@temporalio/workflow', '@temporalio/common'],
    mayTypes: ['activities/'],
  },

  {
    of: ['activities/wallet.ts', 'activities/batch-wallet.ts'],
    may: ['domain/', 'db/wallet/'],
    mayTypes: ['db/database.ts'],
  },
  { of: 'activities/transfer-at-once.ts', may: ['domain/'], mayTypes: ['activities/'] },
  {
    of: ['activities/transfer.ts', 'activities/batch-transfer.ts', 'activities/shard-watermarks.ts'],
    may: ['domain/', 'db/transfer/'],
    mayTypes: ['db/database.ts'],
  },
  // The wallet service's ledger is a port to them, so that they see its answers and not its database.
  {
    of: ['activities/reconciliation.ts', 'activities/reconciliation-places.ts', 'activities/examination.ts'],
    may: [
      'domain/',
      'db/transfer/',
      'activities/reconciliation-places.ts',
      'activities/examination.ts',
      'activities/shard-watermarks.ts',
      'node:timers/promises',
    ],
    mayTypes: ['db/database.ts'],
  },

  // A run is accepted and begins at once: the start is the one that the API and the sweep use.
  {
    of: 'activities/recurring.ts',
    may: ['domain/', 'db/transfer/', 'temporal/start-movement.ts', 'deadline.ts'],
    mayTypes: ['db/database.ts'],
  },

  { of: 'db/wallet/', may: ['db/wallet/', ...SERVICE_DATABASE] },
  { of: 'db/transfer/', may: ['db/transfer/', ...SERVICE_DATABASE] },
  { of: 'db/schema-version.ts', may: ['db/'] },
  {
    of: 'db/',
    may: [...SERVICE_DATABASE, 'db/schema-version.ts', 'db/administrator.ts', 'deadline.ts', 'pg', 'node:'],
  },

  {
    of: ['api/wallet.ts', 'api/wallet-limits.ts', 'api/ledger.ts'],
    may: [...API, 'db/wallet/'],
    mayTypes: API_TYPES,
  },
  { of: 'api/wallet-answer.ts', may: API, mayTypes: ['db/wallet/'] },
  { of: ['api/transfer-answer.ts', 'api/recurring-fields.ts'], may: API, mayTypes: ['db/transfer/'] },
  {
    of: 'api/workflow-request.ts',
    may: [...API_MOVEMENTS, 'db/transfer/', '@temporalio/client', '@temporalio/common', 'node:timers/promises'],
    mayTypes: API_TYPES,
  },
  {
    of: [
      'api/transfer.ts',
      'api/transfer-actions.ts',
      'api/transfer-list.ts',
      'api/transaction.ts',
      'api/batch.ts',
      'api/batch-legs.ts',
      'api/case.ts',
      'api/reconciliation.ts',
      'api/recurring.ts',
      'api/recurring-control.ts',
      'api/shards-behind.ts',
    ],
    may: [...API_MOVEMENTS, 'db/transfer/'],
    mayTypes: API_TYPES,
  },
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
    may: ['@temporalio/client', 'domain/', 'temporal/namespace-binding.ts', 'workflows/messages.ts'],
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
  { of: 'workers/sweep.ts', may: [...COMPOSES, 'workers/sweep-recurring.ts', 'db/transfer/', 'node:'] },
  { of: 'workers/sweep-recurring.ts', may: [...COMPOSES, 'db/transfer/'] },
  { of: 'workers/watch-shards.ts', may: [...COMPOSES, 'activities/shard-watermarks.ts', 'node:'] },
  {
    of: 'workers/',
    may: [...COMPOSES, 'workers/foreign-tasks.ts', '@temporalio/worker', '@temporalio/common', 'node:'],
  },

  // One process with every part, for the embedded stack and for local dispatch.
  {
    of: 'commands/serve.ts',
    may: [
      ...COMPOSES,
      'api/server.ts',
      'api/databases.ts',
      'activities/',
      'db/wallet/ledger.ts',
      'workers/',
      '@temporalio/worker',
      'node:',
    ],
    mayTypes: ['db/transfer/'],
  },
  { of: 'commands/migrate-databases.ts', may: [...COMPOSES, 'db/migrate.ts'], mayTypes: ['db/bind-installation.ts'] },
  { of: 'commands/compare-watermarks.ts', may: [...COMPOSES, 'activities/shard-watermarks.ts', 'db/wallet/ledger.ts'] },
  { of: 'commands/migrate.ts', may: [...COMPOSES, 'commands/', 'db/bind-installation.ts'] },
  { of: 'commands/rebind.ts', may: [...COMPOSES, 'commands/', 'db/bind-installation.ts', 'dev/'] },
  { of: 'commands/fill-counterparties.ts', may: [...COMPOSES, 'commands/', 'db/fill-counterparties.ts', 'dev/'] },
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
    may: [
      'audit/',
      'domain/',
      'db/bind-installation.ts',
      'workflows/messages.ts',
      'drizzle-orm',
      '@temporalio/client',
      'node:',
    ],
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
