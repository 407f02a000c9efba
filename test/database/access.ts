// Processes of the API over one database of keys, each with what it knows of them, without servers: requests are given to their apps.

import { createHash, randomInt, randomUUID } from 'node:crypto';
import { after, before } from 'node:test';
import { pino } from 'pino';
import { createAuthenticator, type RunningAuthenticator } from '../../api/access/authenticator.ts';
import type { Database } from '../../db/database.ts';
import { installKey } from '../../db/install-keys.ts';
import { drawApiKey } from '../../domain/access/api-key.ts';
import { testApp } from '../pure/api-fakes.ts';
import { startCluster, type TestCluster, type TestDatabase } from './database.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

export interface ApiProcess {
  readonly ask: (
    secret: string | undefined,
    method: string,
    path: string,
    body?: unknown,
    more?: { readonly headers?: Record<string, string>; readonly from?: string },
  ) => Promise<Answer>;
  /** The statements that it has sent to the database of keys, but for those that poll the revision. */
  readonly statements: () => number;
  readonly authenticator: RunningAuthenticator;
}

export interface MadeKey {
  readonly id: string;
  readonly secret: string;
}

export const ROOT = drawApiKey(randomInt);

export function secretOf(): string {
  return drawApiKey(randomInt);
}

export function openProcess(cluster: TestCluster, store: TestDatabase, knownMax?: number): ApiProcess {
  const database = cluster.open(store.serviceUrl, 10);
  const count = countStatements(database);
  const authenticator = createAuthenticator(database, pino({ level: 'silent' }), knownMax);
  const { app } = testApp({ authentication: authenticator, accessDatabase: database });
  return { authenticator, statements: count, ask: askerOf(app) };
}

/** Asks an API that lets everybody do everything, as one with AUTH=off does. */
export function openWithoutAuthentication(): ApiProcess['ask'] {
  return askerOf(testApp({ authentication: 'off' }).app);
}

function askerOf(app: ReturnType<typeof testApp>['app']): ApiProcess['ask'] {
  return async (secret, method, path, body, { headers = {}, from = '127.0.0.1' } = {}) => {
    const response = await app.request(
      path,
      {
        method,
        headers: {
          ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      },
      { incoming: { socket: { remoteAddress: from } } },
    );
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
    };
  };
}

/** A route that asks no database, for the scope events:read. */
export const ANY_ROUTE = '/v1/event-types';

export async function makeKey(
  { ask }: ApiProcess,
  maker: string,
  body: object,
  idempotencyKey: string = randomUUID(),
): Promise<MadeKey> {
  const asked = { name: 'test', scopes: ['events:read'], ...body };
  const made = await ask(maker, 'POST', '/v1/api-keys', asked, { headers: { 'idempotency-key': idempotencyKey } });
  if (made.status !== 201) throw new Error(JSON.stringify(made.body));
  return { id: String(made.body['api_key_id']), secret: String(made.body['secret']) };
}

export async function installRoot({ adminUrl }: TestDatabase): Promise<void> {
  await installKey(adminUrl, 'root', ROOT);
}

export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function countStatements({ $client: pool }: Database): () => number {
  let sent = 0;
  const query = pool.query.bind(pool) as (...args: unknown[]) => unknown;
  (pool as { query: unknown }).query = (...args: unknown[]): unknown => {
    const [first] = args as [string | { text: string }];
    if (!/LEFT JOIN LATERAL/.test(typeof first === 'string' ? first : first.text)) sent += 1;
    return query(...args);
  };
  return () => sent;
}

/** A database of keys with the root key in it, and one process of the API. To be called within a describe; `take` is given what has started. */
export function useAccess(take: (started: { readonly store: TestDatabase; readonly api: ApiProcess }) => void): void {
  let cluster: TestCluster | undefined;
  let api: ApiProcess | undefined;
  before(async () => {
    cluster = await startCluster();
    const store = await cluster.createAccessStore();
    await installRoot(store);
    api = openProcess(cluster, store);
    take({ store, api });
  });
  after(async () => {
    api?.authenticator.stop();
    await cluster?.stop();
  });
}
