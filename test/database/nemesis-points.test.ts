// The nemesis's proxy in front of a real PostgreSQL: it recognizes the wallet operations that pass, and catches one before the
// server has it, or after the commit and before its client knows.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { Database } from '../../db/database.ts';
import { moveCursor, storeFailure } from '../../db/events/delivery-writes.ts';
import { acceptGroup, recordGroupEnds } from '../../db/transfer/group-queries.ts';
import { creditGroup, debitGroup, type Legs } from '../../db/wallet/batch-queries.ts';
import * as wallet from '../../db/wallet/queries.ts';
import type { GroupId, WebhookEndpointId } from '../../domain/ids.ts';
import { sql } from 'drizzle-orm';
import { transfersOf } from '../../nemesis/postgres-wire.ts';
import { startFaultProxy, type Caught, type FaultProxy } from '../../nemesis/proxy.ts';
import { startCluster, type TestCluster } from './database.ts';
import { fresh, trace, transfer, walletsOver, type Wallets } from './wallets.ts';

let cluster: TestCluster;
let proxy: FaultProxy;
let direct: Database;
let proxied: Database;
let proxiedTransfer: Database;
let proxiedEvents: Database;
let wallets: Wallets;

before(async () => {
  cluster = await startCluster();
  const stores = await cluster.createStores({ shards: 1 });
  direct = stores.wallets[0]!.service;
  const url = new URL(stores.wallets[0]!.serviceUrl);
  proxy = await startFaultProxy({ protocol: 'postgres', targetPort: () => Number(url.port) });
  proxied = cluster.open(Object.assign(new URL(url), { port: String(proxy.port) }).href, 2);
  const transferUrl = Object.assign(new URL(stores.transfer.serviceUrl), { port: String(proxy.port) });
  proxiedTransfer = cluster.open(transferUrl.href, 2);
  const eventsUrl = Object.assign(new URL(stores.events.serviceUrl), { port: String(proxy.port) });
  proxiedEvents = cluster.open(eventsUrl.href, 2);
  wallets = walletsOver([direct]);
});
after(async () => {
  proxy?.pass();
  await cluster?.stop();
  await proxy?.close();
});

const terms = async () => transfer(await wallets.open(fresh('alice'), '10'), await wallets.open(fresh('bob')), '4');
const soon = (): AbortSignal => AbortSignal.timeout(10_000);

async function debitFence(transferId: string): Promise<unknown> {
  const { rows } = await direct.execute(
    sql`SELECT outcome FROM operation_fences WHERE transaction_id = ${transferId} AND leg = 'debit'`,
  );
  return rows[0]?.['outcome'];
}

test('a statement that is caught before the server has it has done nothing, and does it once it may pass', async () => {
  const t = await terms();
  const catching = proxy.catchNext('before', ({ operation }) => operation === 'debit', soon());
  const debit = wallet.debit(proxied, t, trace);
  const caught = await catching;
  assert.deepEqual(
    [caught.operation, caught.parameters()[0], caught.application, caught.database],
    ['debit', t.transferId, 'counterpoise-test', 'wallet_0_of_1'],
  );
  assert.equal(await debitFence(t.transferId), undefined);
  caught.pass();
  assert.deepEqual(await debit, { outcome: 'applied' });
});

test('a payment in advance is known as what it is, and so are the questions for its fence and the credit’s', async () => {
  const t = await terms();
  await wallet.debit(direct, t, trace);
  const seen: string[] = [];
  const end = proxy.catchEach(
    'before',
    ({ operation }) => operation !== 'read',
    (caught) => {
      seen.push(`${caught.operation} ${caught.parameters().slice(0, 2).join(' ')}`);
      caught.pass();
    },
  );
  assert.equal(await wallet.advance(proxied, t, trace), true);
  assert.equal(await wallet.cancelAdvance(proxied, t), 'applied');
  await wallet.cancelCredit(proxied, t, 'timed_out');
  end();
  const { transferId, senderWalletId, receiverWalletId } = t;
  assert.deepEqual(seen, [
    `advance ${transferId} ${senderWalletId}`,
    `cancel ${transferId} ${senderWalletId}`,
    `cancel ${transferId} ${receiverWalletId}`,
  ]);
});

test('a statement that is caught after it was committed has been done, though its client never learns of it', async () => {
  const t = await terms();
  const { reset, lostAnswers } = structuredClone(proxy.evidence);
  const catching = proxy.catchNext('after', ({ operation }) => operation === 'debit', soon());
  const debit = assert.rejects(wallet.debit(proxied, t, trace));
  const caught = await catching;
  assert.equal(await debitFence(t.transferId), 'applied');
  caught.reset();
  await debit;
  assert.equal(proxy.evidence.reset, reset + 1);
  assert.equal(proxy.evidence.lostAnswers['debit'], (lostAnswers['debit'] ?? 0) + 1);
  assert.deepEqual(await wallet.debit(proxied, t, trace), { outcome: 'applied' });
});

test('a statement of a client that has gone meanwhile arrives all the same, late', async () => {
  const t = await terms();
  const catching = proxy.catchNext('before', ({ operation }) => operation === 'debit', soon());
  const impatient = cluster.open(
    Object.assign(new URL(proxied.$client.options.connectionString!), { search: '?query_timeout=200' }).href,
  );
  await assert.rejects(wallet.debit(impatient, t, trace));
  const caught = await catching;
  await wallet.refund(direct, t, '0', 'timed_out', trace);
  caught.pass();
  await proxied.execute(sql`SELECT 1`);
  assert.equal(await debitFence(t.transferId), 'canceled');
  assert.equal(await wallets.balance(t.senderWalletId), '10.0000');
});

test('the steps of a group are known as what they are, each with its transfers', async () => {
  const all = [await terms(), await terms()];
  const ids = all.map(({ transferId }) => transferId);
  const groupId = crypto.randomUUID() as GroupId;
  const seen: [string, string[]][] = [];
  const end = proxy.catchEach(
    'before',
    ({ operation }) => operation !== 'read',
    (caught) => {
      seen.push([caught.operation, transfersOf(caught)]);
      caught.pass();
    },
  );
  const acceptance = { bodyHash: '00', deadlineSeconds: 60, reference: undefined, metadata: undefined };
  await acceptGroup(
    proxiedTransfer,
    groupId,
    all.map((each) => ({ terms: each, acceptance: { ...acceptance, idempotencyKey: each.transferId }, trace })),
  );
  const sides = { debit: 'senderWalletId', credit: 'receiverWalletId' } as const;
  const legsOf = (side: 'debit' | 'credit'): Legs => ({
    transferIds: ids,
    walletIds: all.map((each) => each[sides[side]]),
    currencies: all.map(({ currency }) => currency),
    amounts: all.map(({ amount }) => amount),
  });
  const traces = new Map(ids.map((id) => [id, trace]));
  assert.equal((await debitGroup(proxied, legsOf('debit'), traces)).size, 0);
  assert.equal((await creditGroup(proxied, legsOf('credit'), traces)).size, 0);
  assert.equal((await recordGroupEnds(proxiedTransfer, groupId, ids, new Date())).length, 2);
  end();
  assert.deepEqual(seen, [
    ['accept_group', ids],
    ['debit_group', ids],
    ['credit_group', ids],
    ['group_ends', ids],
  ]);
});

test('answers that are lost are counted, by the operation that they were of', async () => {
  const t = await terms();
  await proxied.execute(sql`SELECT 1`);
  const before = structuredClone(proxy.evidence.lostAnswers);
  proxy.treat({ kind: 'blackhole', resetAfterMs: 300 });
  await assert.rejects(wallet.debit(proxied, t, trace));
  proxy.pass();
  const { debit = 0 } = proxy.evidence.lostAnswers;
  assert.equal(debit - (before['debit'] ?? 0), 1);
  assert.equal(await debitFence(t.transferId), 'applied');
});

test('the move of an endpoint’s cursor and the record of a refusal are known, and whose they are', async () => {
  const seen: Caught[] = [];
  const end = proxy.catchEach(
    'before',
    () => true,
    (caught) => {
      seen.push(caught);
      caught.pass();
    },
  );
  const owner = { webhookEndpointId: randomUUID() as WebhookEndpointId, epoch: 1 };
  await moveCursor(proxiedEvents, owner, { from: 1, to: 2, hasSucceeded: true });
  const failure = { attempt: { durationMs: 1 }, pauseMs: 1, retryAfterMs: undefined, parksSubject: true };
  await storeFailure(proxiedEvents, owner, { position: 3, type: 'test.happened', subject: 'one' }, failure);
  end();
  assert.deepEqual(
    seen.map(({ operation, parameters }) => [operation, parameters().includes(owner.webhookEndpointId)]),
    [
      ['webhook_cursor', true],
      ['webhook_failure', true],
    ],
  );
});

test('a prepared statement is known by its name, wherever its text was sent', async () => {
  const seen: Caught[] = [];
  const end = proxy.catchEach(
    'after',
    ({ operation }) => operation !== 'read',
    (caught) => {
      seen.push(caught);
      caught.pass();
    },
  );
  const client = await proxied.$client.connect();
  const t = await terms();
  for (const amount of ['4', '4']) {
    const values = [t.transferId, t.senderWalletId, t.currency, amount, 'r', null, false];
    await client.query({ name: 'd', text: 'SELECT outcome, reason FROM debit($1, $2, $3, $4, $5, $6, $7)', values });
  }
  client.release();
  end();
  assert.deepEqual(
    seen.map(({ operation, parameters }) => [operation, ...parameters()]),
    Array.from({ length: 2 }, () => [
      'debit',
      t.transferId,
      t.senderWalletId,
      t.currency,
      '4',
      'r',
      undefined,
      'false',
    ]),
  );
});
