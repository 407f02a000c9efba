// An API without servers, for tests of what it decides by itself: any use of its databases fails the test, and Temporal is up
// unless the test says otherwise.

import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import { boundStarts } from '../../api/http/bound-starts.ts';
import { createEventStreams } from '../../api/events/event-streams.ts';
import { createApp, type AppDeps } from '../../api/app.ts';
import { createBaseApp, loadBounds } from '../../api/http/base-app.ts';
import { internalApp } from '../../api/internal-listener.ts';
import { batchLegsRoute } from '../../api/transfer/batch-legs.ts';
import { groupLegsRoute } from '../../api/transfer/group-legs.ts';
import { ledgerRoutes } from '../../api/wallet/ledger.ts';
import type { Database } from '../../db/database.ts';
import type { Installation } from '../../domain/installation.ts';
import type { InstallationId } from '../../domain/ids.ts';

/** Throws at any use, so that an answer other than 500 proves that the database was not used. */
export const forbiddenDatabase = new Proxy({} as Database, {
  get(_target, name) {
    if (name === '$client') return { options: { max: 10 } };
    throw new Error(`the database was touched: ${String(name)}`);
  },
});

export const INSTALLATION: Installation = {
  installationId: '99999999-9999-4999-8999-999999999999' as InstallationId,
  namespaceId: '88888888-8888-4888-8888-888888888888',
};

export interface TestApp {
  readonly app: ReturnType<typeof createApp>;
  /** The log lines so far, parsed. */
  readonly lines: () => Record<string, unknown>[];
}

export function testApp(overrides: Partial<AppDeps> = {}): TestApp {
  const written: string[] = [];
  const stream = new PassThrough().on('data', (chunk: Buffer) => written.push(...chunk.toString().trim().split('\n')));
  const client = {
    connection: { withAbortSignal: (_signal: AbortSignal, work: () => Promise<unknown>) => work() },
  } as never;
  const monitor = { isDown: () => false, suspect: () => {}, stop: () => {} };
  const app = createApp({
    log: pino({ level: 'debug' }, stream),
    hosts: [],
    authentication: 'off',
    accessDatabase: undefined,
    bounds: { requestsMax: 1_000, waitersMax: 1_000, settlementsMax: 1_000, bodyBytesMax: 256 * 1024 * 1024 },
    database: forbiddenDatabase,
    batchDatabase: forbiddenDatabase,
    eventsDatabase: forbiddenDatabase,
    eventStreams: createEventStreams({
      database: forbiddenDatabase,
      streamsMax: 10,
      logger: pino({ level: 'silent' }),
      draining: new AbortController().signal,
    }),
    webhooks: undefined,
    wallets: { shards: [forbiddenDatabase] },
    installation: async () => INSTALLATION,
    starter: {
      client,
      binding: { verify: async () => INSTALLATION },
      isStillOpen: async () => false,
      walletShardCount: 1,
      dispatch: 'ordinary',
    },
    acceptance: {
      client,
      monitor,
      backlog: { isLong: () => false },
      shardsBehind: { areAnyBehind: async () => false, known: () => [] },
      starts: boundStarts(client, monitor),
      draining: new AbortController().signal,
    },
    deadlineSeconds: 600,
    amountPrecision: 'currency',
    readiness: async () => ({}),
    eventsReadiness: async () => ({}),
    ...overrides,
  });
  return { app, lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

/** The base of an API, for tests of the routes of one service. */
export function baseApp() {
  return createBaseApp({
    log: pino({ level: 'silent' }),
    hosts: [],
    authentication: 'off',
    bounds: loadBounds(1_000),
    installation: async () => INSTALLATION,
  });
}

/** What services ask each other, without signatures. */
export function testInternalApp() {
  const deps = {
    log: pino({ level: 'silent' }),
    hosts: [],
    bounds: loadBounds(1_000),
    installation: async () => INSTALLATION,
  };
  const routes = [
    batchLegsRoute(forbiddenDatabase),
    groupLegsRoute(forbiddenDatabase),
    ledgerRoutes([forbiddenDatabase]),
  ];
  return { app: internalApp(deps, undefined, routes) };
}

export async function jsonOf(
  answer: Response | Promise<Response>,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await answer;
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

export const SENDER = '11111111-1111-8111-8111-111111111111';
export const RECEIVER = '22222222-2222-8222-8222-222222222222';

export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly type: string;
  readonly title: string;
  readonly detail?: string;
  readonly instance: string;
  readonly request_id: string;
  readonly errors?: readonly {
    readonly pointer?: string;
    readonly parameter?: string;
    readonly code: string;
    readonly detail: string;
  }[];
}
