// An installation with two tenants, each of which has one of everything that the API keeps apart: the same users, the same
// Idempotency-Keys, the same references. No workflow runs; money is moved as a worker would move it.

import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { pino } from 'pino';
import { createAuthenticator } from '../../api/access/authenticator.ts';
import { createEventStreams } from '../../api/events/event-streams.ts';
import { boundStarts } from '../../api/http/bound-starts.ts';
import { installKey } from '../../db/install-keys.ts';
import { readHead } from '../../db/events/log-queries.ts';
import { readProjection } from '../../db/events/projection-queries.ts';
import { openDisagreement } from '../../db/transfer/case-queries.ts';
import { findTransfer, recordTransferAttention, recordTransferStatus } from '../../db/transfer/queries.ts';
import { findTransaction, recordTransactionEnd } from '../../db/transfer/transaction-queries.ts';
import * as shard from '../../db/wallet/queries.ts';
import { drawApiKey } from '../../domain/access/api-key.ts';
import { ALL_SCOPES } from '../../domain/access/scopes.ts';
import type { TransactionId, TransferId, WalletId } from '../../domain/ids.ts';
import { UNCOUNTED_ORDERS } from '../../domain/order/order-counts.ts';
import { shardOf } from '../../domain/routing.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { createOrderStarter } from '../../temporal/order/start-order.ts';
import { createSecretBox } from '../../webhooks/sealed-secret.ts';
import { clientWith } from '../pure/seen-client.ts';
import { INSTALLATION, testApp } from '../pure/api-fakes.ts';
import { startWalletActivity } from '../../workers/events/wallet-activity.ts';
import { until } from './consuming.ts';
import { copyOutboxes } from './copy-outbox.ts';
import { rowsOf, type TestCluster } from './database.ts';
import { furnishShop } from './two-shops.ts';
import { trace } from './wallets.ts';

export type Body = Record<string, unknown>;

interface Answer {
  readonly status: number;
  readonly body: Body;
  readonly text: string;
  readonly isReplayed: boolean;
}

export type Things = Readonly<Record<string, string>>;

export type TwoTenants = Awaited<ReturnType<typeof openTwoTenants>>;

export async function openTwoTenants(cluster: TestCluster) {
  const [stores, services, access] = await Promise.all([
    cluster.createStores({ shards: 2 }),
    cluster.createOrderStores(),
    cluster.createAccessStore(),
  ]);
  const wallets = stores.wallets.map(({ service }) => service);
  const transfers = stores.transfer.service;
  const authenticator = createAuthenticator(access.service, pino({ level: 'silent' }));
  const box = createSecretBox([{ id: 'test', key: randomBytes(32) }]);
  const guard = { check: async () => undefined } as never;
  const sendOnce = async () => ({ isAccepted: true, durationMs: 1 }) as never;
  /** The inputs of the workflows that were started, by their ids. */
  const started = new Map<string, unknown>();
  const start = async (_type: string, { workflowId, args }: { workflowId: string; args: unknown[] }) =>
    void started.set(workflowId, args[0]);
  const client = clientWith({});
  Object.assign(client.workflow, { start });
  const binding = { verify: async () => INSTALLATION };
  const monitor = { isDown: () => false, suspect: () => {}, stop: () => {} };
  const orderDatabases = {
    ...{ order: services.order.service, inventory: services.inventory.service },
    ...{ delivery: services.delivery.service, accounting: services.accounting.service },
  };
  const { app } = testApp({
    authentication: authenticator,
    accessDatabase: access.service,
    database: transfers,
    batchDatabase: transfers,
    eventsDatabase: stores.events.service,
    eventStreams: createEventStreams({
      ...{ database: stores.events.service, streamsMax: 10, logger: pino({ level: 'silent' }) },
      draining: new AbortController().signal,
    }),
    wallets: { shards: wallets },
    webhooks: { box, guard, sendOnce },
    starter: {
      ...{ client, binding },
      ...{ isStillOpen: async () => false, walletShardCount: 2, dispatch: 'ordinary' },
    },
    orders: {
      readiness: async () => ({}),
      routes: {
        ...{ databases: orderDatabases, client, monitor, notifier: undefined, starts: boundStarts(client, monitor) },
        starter: createOrderStarter(orderDatabases.order, {
          ...{ client, binding, dispatch: 'ordinary', marginSeconds: 60 },
        }),
        ...{ deadlineSeconds: 600, holdSeconds: 86_400, amountPrecision: 'currency', counts: UNCOUNTED_ORDERS },
        draining: new AbortController().signal,
      },
    },
  });
  const keys = new Map<string, string>();
  const databaseOf = (id: WalletId) => wallets[shardOf(id, wallets.length)]!;

  const root = drawApiKey(randomInt);
  await installKey(access.adminUrl, 'root', root);
  keys.set('default', root);

  async function openTenant(tenant: string): Promise<void> {
    const { root_key: key } = await made('default', 'POST', '/v1/tenants', { name: tenant });
    keys.set(tenant, String((key as Body)['secret']));
    // With scopes that no tenant's key is given, so that the routes themselves are what refuses it.
    await rowsOf(access.admin, `UPDATE api_keys SET scopes = '{${ALL_SCOPES.join()}}' WHERE tenant = '${tenant}'`);
  }

  const headersOf = (tenant: string): Record<string, string> => ({
    authorization: `Bearer ${keys.get(tenant)}`,
    'content-type': 'application/json',
  });

  async function ask(tenant: string, method: string, path: string, body?: unknown, key = 'key-1'): Promise<Answer> {
    const response = await app.request(path, {
      method,
      headers: { ...headersOf(tenant), 'idempotency-key': key },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const isStream = response.headers.get('content-type') === 'text/event-stream';
    if (isStream) await response.body?.cancel();
    const text = isStream ? '' : await response.text();
    const isReplayed = response.headers.get('idempotent-replayed') === 'true';
    return { status: response.status, body: text.startsWith('{') ? (JSON.parse(text) as Body) : {}, text, isReplayed };
  }

  async function made(tenant: string, method: string, path: string, body: unknown, key?: string): Promise<Body> {
    const answer = await ask(tenant, method, path, body, key);
    assert.ok(answer.status < 300 && !answer.isReplayed, `${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  }

  async function pay(depositId: string): Promise<void> {
    const deposit = (await findTransaction(transfers, depositId as TransactionId))!;
    const paid = await shard.transact(databaseOf(deposit.walletId), deposit, trace);
    assert.equal(paid.outcome, 'applied');
    await recordTransactionEnd(transfers, deposit.transactionId, { status: 'PROCESSED' }, trace);
  }

  /** Moves the money of a deposit and of a transfer. */
  async function move(depositId: string, transferId: string): Promise<void> {
    await pay(depositId);
    const t = (await findTransfer(transfers, transferId as TransferId))!;
    const total = t.amount;
    assert.equal((await shard.debit(databaseOf(t.senderWalletId), t, trace, { total })).outcome, 'applied');
    assert.equal((await shard.credit(databaseOf(t.receiverWalletId), t, trace, total)).outcome, 'applied');
    await recordTransferStatus(transfers, t.transferId, { status: 'COMPLETED' }, trace);
  }

  /** As a worker tries the debit of a transfer that is to be refused, and the events of it come to the log. */
  async function tryDebit(transferId: string): Promise<string | undefined> {
    const t = (await findTransfer(transfers, transferId as TransferId))!;
    const verdict = await shard.debit(databaseOf(t.senderWalletId), t, trace, { total: t.amount });
    await copyOutboxes(cluster, stores, services);
    await countActivity();
    return verdict.outcome === 'rejected' ? verdict.reason : undefined;
  }

  async function countActivity(): Promise<void> {
    const counting = startWalletActivity({ database: stores.events.service, logger: pino({ level: 'silent' }) });
    await until('all is counted', async () => {
      const { position } = await readHead(stores.events.service);
      return (await readProjection(stores.events.service, 'wallet_activity')).live.position === position;
    });
    await counting.stop();
  }

  /** With 50.00 for its buyer. */
  async function openShop(tenant: string): Promise<Things> {
    const make = (path: string, body: unknown, key?: string) => made(tenant, 'POST', path, body, key);
    const [buyer, seller] = [
      await make('/v1/wallets', { user_id: 'erin' }),
      await make('/v1/wallets', { user_id: 'frank' }),
    ];
    const wallets = [buyer['wallet_id'], seller['wallet_id']] as [WalletId, WalletId];
    const deposit = await make('/v1/transactions', { wallet_id: wallets[0], type: 'CREDIT', amount: '50.00' }, 'shop');
    await pay(String(deposit['transaction_id']));
    return furnishShop([stores, services], tenant as Tenant, wallets, {
      made: (method, path, body, key) => made(tenant, method, path, body, key),
      list: async (path) => (await ask(tenant, 'GET', path)).body['data'] as Body[],
    });
  }

  /** One of everything, with names of values that only ids tell from another tenant's. */
  async function furnish(tenant: string): Promise<Things> {
    await openTenant(tenant);
    const make = (path: string, body: unknown, key?: string) => made(tenant, 'POST', path, body, key);
    const id = (body: Body, name: string) => String(body[name]);
    const alice = id(await make('/v1/wallets', { user_id: 'alice' }), 'wallet_id');
    const bob = id(await make('/v1/wallets', { user_id: 'bob' }), 'wallet_id');
    const deposit = id(
      await make('/v1/transactions', { wallet_id: alice, type: 'CREDIT', amount: '100.00' }),
      'transaction_id',
    );
    const between = { sender_wallet_id: alice, receiver_wallet_id: bob };
    const noted = { reference: 'Invoice 7', metadata: { order: '42' } };
    const transfer = id(await make('/v1/transfers', { ...between, amount: '7.00', ...noted }), 'transfer_id');
    await move(deposit, transfer);
    const reversal = id(await make(`/v1/transfers/${transfer}/reversals`, { amount: '1.00' }), 'transfer_id');
    const batch = id(await make('/v1/transfer-batches', { items: [{ ...between, amount: '1.00' }] }), 'batch_id');
    const rhythm = { every: 86_400, time_zone: 'UTC' };
    const recurring = id(
      await make('/v1/recurring-transfers', { ...between, amount: '2.00', ...rhythm }),
      'recurring_transfer_id',
    );
    const large = { ...between, amount: '500.00', currency: 'CHF' };
    const stuck = id(await make('/v1/transfers', large, 'stuck'), 'transfer_id');
    await recordTransferAttention(transfers, stuck as TransferId, 'cancel_credit_failing', 'said by a test');
    for (const currency of ['CHF', ...(tenant === 'acme' ? ['SEK'] : [])])
      await made(tenant, 'PUT', `/v1/approval-policies/${currency}`, { version: 0, above: '100' });
    const approval = id(await make('/v1/transfers', large, 'large'), 'transfer_id');
    const outside = { wallet_id: alice, type: 'DEBIT', amount: '500.00', currency: 'CHF' };
    const withdrawal = id(await make('/v1/transactions', outside, 'large'), 'transaction_id');
    const writeOff = { action: 'write_off', comment: 'said by a test' };
    const decision = id(await make(`/v1/transfers/${stuck}/resolve`, writeOff), 'approval_id');
    await openDisagreement(
      transfers,
      { subject: `transfer/${transfer}`, reason: 'entries_disagree', detail: 'said by a test' },
      0,
    );
    const cases = (await ask(tenant, 'GET', '/v1/cases')).body['data'] as Body[];
    const principal = id(await make('/v1/principals', { name: 'ann', kind: 'human' }), 'principal_id');
    const apiKey = id(await make('/v1/api-keys', { name: 'second', scopes: ['wallets:read'] }), 'api_key_id');
    const endpoint = id(
      await make('/v1/webhook-endpoints', { url: 'https://example.com/hooks', types: ['transfer.completed'] }),
      'webhook_endpoint_id',
    );
    const shop = await openShop(tenant);
    await copyOutboxes(cluster, stores, services);
    await countActivity();
    const [event] = await rowsOf<{ position: string }>(
      stores.events.admin,
      `SELECT min(position) AS position FROM event_log WHERE tenant = '${tenant}'`,
    );
    const positions = { from_position: Number(event!.position), to_position: Number(event!.position) };
    const replay = id(await make(`/v1/webhook-endpoints/${endpoint}/replays`, positions), 'replay_id');
    return {
      ...{
        wallet_id: alice,
        other_wallet_id: bob,
        transaction_id: deposit,
        transfer_id: transfer,
        movement_id: transfer,
        reversal,
        batch_id: batch,
      },
      ...{ recurring_transfer_id: recurring, approval_id: approval, case_id: String(cases[0]!['case_id']) },
      ...{ stuck, withdrawal, decision },
      ...{ principal_id: principal, api_key_id: apiKey, webhook_endpoint_id: endpoint, replay_id: replay },
      ...{ position: event!.position },
      ...shop,
    };
  }

  return {
    app,
    ask,
    headersOf,
    openTenant,
    furnish,
    tryDebit,
    stores,
    services,
    started,
    stop: () => authenticator.stop(),
  };
}
