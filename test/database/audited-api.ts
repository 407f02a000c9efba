// The whole API over real databases with orders in every state, and the entries of the audit log that each request has written. Temporal is
// a fake: what an update has an activity write, it writes at once.

import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { createAuthenticator } from '../../api/access/authenticator.ts';
import { boundStarts } from '../../api/http/bound-starts.ts';
import { ROUTES } from '../../client/wire.ts';
import { recordOrderAction } from '../../db/order/state.ts';
import { recordCaseAction } from '../../db/transfer/case-log.ts';
import { ORDER_SERVICES } from '../../domain/order-services.ts';
import type { CloudEvent } from '../../domain/event.ts';
import { createSecretBox } from '../../webhooks/sealed-secret.ts';
import { INSTALLATION, testApp } from '../pure/api-fakes.ts';
import { eventFaults } from '../pure/event-validation.ts';
import { installRoot, ROOT } from './access.ts';
import { startAuditedOrders } from './audited-orders.ts';
import type { Body } from './approving.ts';
import { rowsOf, startCluster, type TestDatabase } from './database.ts';

export type Operation = keyof typeof ROUTES;

export interface Asked {
  /** Of the path and of the query. */
  readonly of?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly key?: string;
  readonly as?: string;
}

/** What was written, without `audit.` before the action. */
export interface Written {
  readonly action: string;
  readonly tenant: string;
  readonly data: Readonly<Record<string, string>>;
}

export type AuditedApi = Awaited<ReturnType<typeof startAuditedApi>>;

const LOCAL = { incoming: { socket: { remoteAddress: '127.0.0.1' } } };

export async function startAuditedApi() {
  const stack = await startAuditedOrders();
  const cluster = await startCluster();
  const access = await cluster.createAccessStore();
  await installRoot(access);
  const { stores, services } = stack;
  const client = temporalOver(stores.transfer, services.order);
  const monitor = { isDown: () => false, suspect: () => {}, stop: () => {} };
  const binding = { verify: async () => INSTALLATION };
  const starter = {
    client,
    binding,
    isStillOpen: async () => false,
    walletShardCount: 2,
    dispatch: 'ordinary',
  } as const;
  const starts = boundStarts(client, monitor);
  const draining = new AbortController().signal;
  const authenticator = createAuthenticator(access.service, pino({ level: 'silent' }));
  const { app } = testApp({
    ...{ authentication: authenticator, accessDatabase: access.service },
    ...{ database: stores.transfer.service, batchDatabase: stores.transfer.service },
    eventsDatabase: stores.events.service,
    wallets: { shards: stores.wallets.map(({ service }) => service) },
    webhooks: {
      box: createSecretBox([{ id: 'test', key: randomBytes(32) }]),
      guard: { check: async () => undefined } as never,
      sendOnce: async () => ({ isAccepted: true, durationMs: 1 }),
    },
    starter,
    acceptance: {
      ...{ client, monitor, starts, draining, backlog: { isLong: () => false } },
      shardsBehind: { areAnyBehind: async () => false, known: () => [] },
    },
    orders: {
      routes: {
        ...{ client, monitor, starts, draining, starter: { client, binding } as never },
        ...{ amountPrecision: 'currency', deadlineSeconds: 600, holdSeconds: 86_400 },
        databases: Object.fromEntries(ORDER_SERVICES.map((name) => [name, services[name].service])),
      } as never,
      readiness: async () => ({}),
    },
  });
  const databases = [...stores.wallets, stores.transfer, stores.events, access, ...Object.values(services)];
  const seen = new Set<string>();
  const faultsOf = eventFaults();
  await newEntries();

  /** What was written since the last call. Each is valid by its published schema. */
  async function newEntries(): Promise<Written[]> {
    const written: Written[] = [];
    for (const { admin } of databases) {
      const events = await rowsOf<{ payload: CloudEvent }>(
        admin,
        `SELECT payload FROM outbox_events WHERE type LIKE 'audit.%' ORDER BY sequence`,
      );
      for (const { payload } of events.filter(({ payload: { id } }) => !seen.has(id))) {
        seen.add(payload.id);
        assert.deepEqual(faultsOf({ ...payload }), []);
        const { tenant = 'default', type, data } = payload as CloudEvent & { tenant?: string };
        written.push({ action: type.slice('audit.'.length), tenant, data });
      }
    }
    return written;
  }

  /** Has the operation done, which must go well, and returns the answer and what the audit log has of it. */
  async function ask(operation: Operation, asked: Asked = {}): Promise<{ body: Body; written: Written[] }> {
    const response = await request(operation, asked);
    const text = await response.text();
    assert.ok(response.ok, `${operation}: ${response.status} ${text}`);
    return { body: text === '' ? {} : (JSON.parse(text) as Body), written: await newEntries() };
  }

  async function request(
    operation: Operation,
    { of = {}, body, key = randomUUID(), as = ROOT }: Asked = {},
  ): Promise<Response> {
    const { method, path } = ROUTES[operation];
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(of[name]!));
    const query = Object.entries(of).filter(([name]) => !path.includes(`{${name}}`));
    return app.request(
      `http://127.0.0.1${filled}${query.length === 0 ? '' : `?${new URLSearchParams(query).toString()}`}`,
      {
        method,
        headers: {
          ...{ authorization: `Bearer ${as}`, 'idempotency-key': key, prefer: 'wait=0', 'x-request-id': operation },
          'content-type': 'application/json',
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      },
      LOCAL,
    );
  }

  return {
    ...{ app, ask, request, stack, databases },
    async stop() {
      authenticator.stop();
      await Promise.all([stack.stop(), cluster.stop()]);
    },
  };
}

/** Takes every start and every update. The decisions of operators are written, as the activities of the workflows do. */
function temporalOver(transfer: TestDatabase, order: TestDatabase) {
  const executeUpdate = async (id: string, { name }: { name: string }, { args: [asked] }: { args: [Body] }) => {
    const requestKey = randomUUID();
    const [kind, subject] = id.split('/') as [string, never];
    if (name !== 'resolve') return;
    if (kind === 'transfer') await recordCaseAction(transfer.service, subject, { ...asked, requestKey } as never);
    if (kind === 'order') await recordOrderAction(order.service, { ...asked, requestKey, orderId: subject } as never);
  };
  return {
    options: { namespace: 'default' },
    connection: { withAbortSignal: (_signal: AbortSignal, work: () => Promise<unknown>) => work() },
    workflow: {
      start: async () => {},
      getHandle: (workflowId: string) => ({
        executeUpdate: (...update: [never, never]) => executeUpdate(workflowId, ...update),
        startUpdate: async () => {},
        describe: async () => ({ status: { name: 'RUNNING' }, runId: 'a run' }),
        result: () => new Promise(() => {}),
      }),
    },
  } as never;
}
