// What the wallet databases themselves keep apart: no movement of a tenant reaches a wallet of another, by whichever operation, and each
// tenant has external wallets and books of its own.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'drizzle-orm';
import { collectFindings } from '../../audit/findings.ts';
import { checkFences } from '../../audit/fences.ts';
import { checkMoney } from '../../audit/money.ts';
import type { Database } from '../../db/database.ts';
import * as batches from '../../db/wallet/batch-queries.ts';
import { setWalletLimits } from '../../db/wallet/limit-queries.ts';
import * as shard from '../../db/wallet/queries.ts';
import { externalBalances } from '../../db/wallet/sight-queries.ts';
import { findWallet, listWallets, openWallet, setWalletStatus } from '../../db/wallet/wallet-queries.ts';
import { transactionId, transferId, walletId } from '../../domain/derived-id.ts';
import type { WalletId } from '../../domain/ids.ts';
import { DEFAULT_TENANT, ofTenant, type Tenant } from '../../domain/tenant.ts';
import type { TransferTerms } from '../../domain/transfer/transfer.ts';
import { rowsOf, startCluster, type TestCluster, type TestDatabase } from './database.ts';
import { fresh, trace, USD } from './wallets.ts';

const [ACME, BOLT] = ['acme', 'bolt'] as Tenant[] as [Tenant, Tenant];
const APPLIED = { outcome: 'applied' };

describe('the wallets of tenants', () => {
  let cluster: TestCluster;
  let store: TestDatabase;
  let database: Database;
  before(async () => {
    cluster = await startCluster();
    store = (await cluster.createStores({ shards: 1 })).wallets[0]!;
    database = store.service;
  });
  after(() => cluster?.stop());

  const open = async (tenant: Tenant, userId: string, balance?: string): Promise<WalletId> => {
    const id = walletId(userId, USD, tenant);
    await openWallet(database, { tenant, walletId: id, userId, currency: USD });
    if (balance !== undefined) assert.deepEqual(await transact(tenant, 'CREDIT', id, balance), APPLIED);
    return id;
  };
  const transact = (tenant: Tenant, type: 'CREDIT' | 'DEBIT', wallet: WalletId, amount: string) =>
    shard.transact(
      database,
      {
        ...ofTenant(tenant),
        transactionId: transactionId(fresh('of'), tenant),
        walletId: wallet,
        type,
        amount,
        currency: USD,
      },
      trace,
    );
  const transfer = (tenant: Tenant, sender: WalletId, receiver: WalletId, amount: string): TransferTerms => ({
    ...ofTenant(tenant),
    ...{
      transferId: transferId(fresh('of'), tenant),
      senderWalletId: sender,
      receiverWalletId: receiver,
      amount,
      currency: USD,
    },
  });
  const balanceOf = async (id: WalletId): Promise<unknown> =>
    (
      await rowsOf(store.admin, `SELECT balance, held, status, last_sequence FROM wallets WHERE wallet_id = '${id}'`)
    )[0];

  test('one user of two tenants has two wallets, and neither tenant is shown the other’s', async () => {
    const user = fresh('user');
    const [ours, theirs] = [await open(ACME, user), await open(BOLT, user)];
    assert.notEqual(ours, theirs);
    assert.equal((await findWallet(database, ours, ACME))?.tenant, ACME);
    assert.equal(await findWallet(database, ours, BOLT), undefined);
    assert.equal(await findWallet(database, ours), undefined, 'nor is the default tenant');
    for (const filter of [{ userIds: [user] }, {}]) {
      const { rows: listed } = await listWallets(database, { tenant: BOLT, ...filter, limit: 100 });
      assert.ok(listed.some((each) => each.walletId === theirs));
      assert.ok(listed.every((each) => each.tenant === BOLT));
    }
  });

  test('a movement finds no wallet of another tenant, at either of its ends, and moves nothing there', async () => {
    const [ours, theirs] = [await open(ACME, fresh('user'), '100.0000'), await open(BOLT, fresh('user'), '100.0000')];
    const before = await balanceOf(theirs);
    const out = transfer(ACME, ours, theirs, '10.0000');
    assert.deepEqual(await shard.debit(database, out, trace, { total: '10.0000' }), APPLIED);
    const refused = { outcome: 'rejected', reason: 'receiver_not_found' };
    assert.deepEqual(await shard.credit(database, out, trace, '10.0000'), refused);
    assert.deepEqual(await shard.credit(database, out, trace, '10.0000'), refused, 'for ever');
    assert.deepEqual(
      await shard.debit(database, transfer(ACME, theirs, ours, '10.0000'), trace, { total: '10.0000' }),
      { outcome: 'rejected', reason: 'sender_not_found' },
    );
    for (const type of ['CREDIT', 'DEBIT'] as const)
      assert.deepEqual(await transact(ACME, type, theirs, '1.0000'), {
        outcome: 'rejected',
        reason: 'wallet_not_found',
      });
    for (const [side, reason] of [
      ['debit', 'sender_not_found'],
      ['credit', 'receiver_not_found'],
    ] as const) {
      const t = side === 'debit' ? transfer(ACME, theirs, ours, '1.0000') : transfer(ACME, ours, theirs, '1.0000');
      const legs = {
        ...{ tenant: ACME, indexes: [0], elsewhere: 0, transferIds: [t.transferId], walletIds: [theirs] },
        ...{ currencies: [USD], amounts: ['1.0000'], counterpartyIds: [ours] },
      };
      const operation = side === 'debit' ? batches.debitBatch : batches.creditBatch;
      assert.deepEqual((await operation(database, legs, trace)).get(t.transferId), { outcome: 'rejected', reason });
    }
    assert.deepEqual(await balanceOf(theirs), before);
    assert.deepEqual(await shard.refund(database, out, '0', 'debit_refused', trace, { total: '10.0000' }), APPLIED);
  });

  test('what an earlier program asks, which names no tenant, finds the wallets of the default one alone', async () => {
    const [ours, old] = [
      await open(ACME, fresh('user'), '9.0000'),
      await open(DEFAULT_TENANT, fresh('user'), '9.0000'),
    ];
    const asked = async (wallet: WalletId): Promise<unknown> =>
      (
        await rowsOf(
          database,
          `SELECT outcome, reason FROM debit(gen_random_uuid(), '${wallet}', 'USD', 1, 'request', NULL, false, gen_random_uuid())`,
        )
      )[0];
    assert.deepEqual(await asked(old), { outcome: 'applied', reason: null });
    assert.deepEqual(await asked(ours), { outcome: 'rejected', reason: 'sender_not_found' });
  });

  test('nobody suspends, limits or asks about a wallet of another tenant', async () => {
    const ours = await open(ACME, fresh('user'), '5.0000');
    const before = await balanceOf(ours);
    const by = { acting: { actor: 'mallory', tenant: BOLT } };
    assert.equal(await setWalletStatus(database, ours, 'SUSPENDED', by), false);
    assert.equal(await setWalletLimits(database, ours, { maxAmount: '1', outgoing24h: null }, by), false);
    assert.deepEqual(await balanceOf(ours), before);
    assert.equal(await setWalletStatus(database, ours, 'SUSPENDED', { acting: { actor: 'ann', tenant: ACME } }), true);
    assert.equal(await shard.passingCreditRefusal(database, ACME, ours, '1.0000'), 'receiver_suspended');
    assert.equal(await shard.passingCreditRefusal(database, BOLT, ours, '1.0000'), undefined);
  });

  test('events bear the tenant of the movement, also of one that was refused a wallet of another', async () => {
    const [ours, theirs] = [await open(ACME, fresh('user'), '5.0000'), await open(BOLT, fresh('user'))];
    const t = transfer(BOLT, ours, theirs, '1.0000');
    await shard.debit(database, t, trace, { total: '1.0000' });
    const old = await open(DEFAULT_TENANT, fresh('user'), '1.0000');
    const written = await rowsOf<{ subject: string; type: string; tenant: string | null }>(
      store.admin,
      `SELECT subject, type, payload ->> 'tenant' AS tenant FROM outbox_events WHERE subject IN ('${ours}', '${old}') ORDER BY sequence`,
    );
    assert.deepEqual(written, [
      { subject: ours, type: 'wallet.credited', tenant: ACME },
      { subject: ours, type: 'wallet.debit-failed', tenant: BOLT },
      { subject: old, type: 'wallet.credited', tenant: null },
    ]);
  });

  test('each tenant has external wallets of its own, and the audit tells money that went from one to another', async () => {
    const [ours, theirs] = [await open(ACME, fresh('user'), '50.0000'), await open(BOLT, fresh('user'), '70.0000')];
    const total = async (tenant: Tenant): Promise<string> => {
      const [row] = await rowsOf<{ sum: string }>(
        store.admin,
        `SELECT sum(balance) AS sum FROM wallets WHERE tenant = '${tenant}' AND kind = 'user'`,
      );
      return row!.sum;
    };
    for (const tenant of [ACME, BOLT]) {
      const [external] = await externalBalances(database, tenant);
      assert.equal(`-${await total(tenant)}`, external!.balance, tenant);
    }
    const [first] = await rowsOf<{ wallet_id: string }>(
      store.admin,
      `SELECT wallet_id FROM wallets WHERE kind = 'external' AND tenant = 'default'`,
    );
    assert.equal(first!.wallet_id, '001f4c0b-0bef-81fd-805a-03119d28f7ce', 'the default tenant’s is the one of before');
    const audited = async (): Promise<string[]> => {
      const findings = collectFindings();
      await checkMoney([store.admin], findings);
      await checkFences([store.admin], findings);
      return findings.violations().map(({ invariant, subject, detail }) => `${invariant} ${subject}: ${detail}`);
    };
    assert.deepEqual(await audited(), []);
    const move = (from: WalletId, to: WalletId) =>
      store.admin.execute(sql`UPDATE wallets SET balance = balance + CASE wallet_id WHEN ${to}::uuid THEN 5 ELSE -5 END
        WHERE wallet_id IN (${from}, ${to})`);
    await move(ours, theirs);
    assert.deepEqual(await audited(), [
      'I1 USD of acme in wallet shard 0: 5.0000 is missing',
      'I1 USD of bolt in wallet shard 0: 5.0000 came from nowhere',
    ]);
    await move(theirs, ours);
  });

  test('an event that bears another tenant than its wallet is found by the audit, also one of many in a row', async () => {
    const [one, other] = [await open(ACME, fresh('user'), '5.0000'), await open(ACME, fresh('user'))];
    const { transferId: id } = transfer(ACME, one, other, '1.0000');
    const legs = {
      ...{ tenant: ACME, indexes: [0], elsewhere: 0, transferIds: [id], walletIds: [one] },
      ...{ currencies: [USD], amounts: ['1.0000'], counterpartyIds: [other] },
    };
    await batches.debitBatch(database, legs, trace);
    for (const [event, place] of [
      [sql`subject = ${one}`, '{tenant}'],
      [sql`event_id = ${`wallet.debited/folded/${id}`}`, '{event,tenant}'],
    ] as const) {
      const tell = (tenant: Tenant) =>
        store.admin.execute(
          sql`UPDATE outbox_events SET payload = jsonb_set(payload::jsonb, ${place}, to_jsonb(${tenant}::text)) WHERE ${event}`,
        );
      await tell(BOLT);
      const findings = collectFindings();
      await checkFences([store.admin], findings);
      const details = findings.violations().map(({ invariant, detail }) => `${invariant} ${detail}`);
      assert.match(details.join('\n'), /^I6 its event [^ ]* is of the tenant bolt, and not of acme$/);
      await tell(ACME);
    }
  });
});
