// One of an installation's databases is restored from a backup of before, the others go on from where they were; for each of
// them in turn. Every cent is where the books say, or a case says of which movements it is not.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { Case, ReconciliationRun } from '../../client/client.ts';
import { backUp, KEPT, restore, type Kept } from './backups.ts';
import { rebind } from './rebind.ts';
import { openMoney, type Money, type Place } from './money.ts';
import { startStack, until, type TestStack } from './stack.ts';

const LIMIT_MS = 120_000;
type Shard = 'wallet-0' | 'wallet-1';
interface Line {
  readonly id: string;
  readonly wallet: string;
  readonly signed: string;
}

describe('one database is restored, the others are not', () => {
  let stack: TestStack;
  let money: Money;
  /** Two wallets on each shard. */
  let wallets: Record<'a' | 'b' | 'c' | 'd', string>;
  /** By the kind of movement: made before the backup, or since. */
  const made: Record<string, { readonly id: string; readonly key: string }> = {};
  let afterwards: Record<Shard, Line[]>;

  before(async () => {
    stack = await startStack();
    await stack.waitUntilReady();
    money = await openMoney(stack);
    const [a, b] = [await money.wallet(0, '1000'), await money.wallet(0, '1000')];
    const [c, d] = [await money.wallet(1, '1000'), await money.wallet(1, '1000')];
    wallets = { a, b, c, d };
    await create('before', { sender: a, receiver: c, amount: '1' });
    await create('captured', { sender: a, receiver: c, amount: '10', isHold: true });
    await create('held before', { sender: c, receiver: a, amount: '3', isHold: true });
    await stopAnd(() => backUp(stack, 'before'));

    await create('over', { sender: a, receiver: c, amount: '20' });
    await create('back', { sender: d, receiver: b, amount: '30' });
    await create('within 0', { sender: a, receiver: b, amount: '5' });
    await create('within 1', { sender: c, receiver: d, amount: '7' });
    await create('refused', { sender: a, receiver: d, amount: '5000' });
    await create('to a new wallet', { sender: d, receiver: await money.wallet(0), amount: '2' });
    await create('held', { sender: b, receiver: d, amount: '8', isHold: true });
    await create('canceled', { sender: d, receiver: b, amount: '9', isHold: true });
    await money.api.post(`/v1/transfers/${made['canceled']!.id}/cancel`, {});
    await money.api.post(`/v1/transfers/${made['captured']!.id}/capture`, { amount: '4' });
    await fund('deposited', b, '50');
    await fund('deposited there', d, '60');
    await stopAnd(async () => {}); // so that the watermarks are of before it
    await stopAnd(() => backUp(stack, 'after'));
    afterwards = { 'wallet-0': await lines('wallet-0'), 'wallet-1': await lines('wallet-1') };
  });
  after(async () => {
    await money?.close();
    await stack?.remove();
  });

  async function create(
    name: string,
    {
      sender,
      receiver,
      amount,
      isHold = false,
    }: { sender: string; receiver: string; amount: string; isHold?: boolean },
  ): Promise<void> {
    const key = randomUUID();
    const { status, body } = await money.api.post<{ transfer_id: string }>(
      '/v1/transfers',
      {
        sender_wallet_id: sender,
        receiver_wallet_id: receiver,
        amount,
        ...(isHold ? { capture_method: 'manual' } : {}),
      },
      { 'idempotency-key': key, prefer: 'wait=30' },
    );
    assert.ok([200, 201].includes(status), JSON.stringify(body));
    made[name] = { id: body.transfer_id, key };
  }

  async function fund(name: string, wallet: string, amount: string): Promise<void> {
    const key = randomUUID();
    const { body } = await money.api.post<{ transaction_id: string }>(
      '/v1/transactions',
      { wallet_id: wallet, type: 'CREDIT', amount },
      { 'idempotency-key': key, prefer: 'wait=30' },
    );
    made[name] = { id: body.transaction_id, key };
  }

  async function stopAnd(use: () => Promise<void>): Promise<void> {
    await money.close();
    await stack.stop();
    await use();
    await stack.start();
    await stack.waitUntilReady();
    money = await openMoney(stack);
  }

  const lines = (place: Shard): Promise<Line[]> =>
    money.rows<Line & Record<string, unknown>>(
      place,
      `SELECT transaction_id AS id, wallet_id AS wallet, CASE type WHEN 'DEBIT' THEN -amount ELSE amount END AS signed FROM ledger_entries`,
    );
  const openCases = async (): Promise<Case[]> =>
    (await money.api.get<{ data: Case[] }>('/v1/cases?status=OPEN&limit=200')).body.data;
  const run = async (scope: 'all' | 'changes'): Promise<ReconciliationRun> => {
    const { body } = await money.api.post<ReconciliationRun>(
      '/v1/reconciliation-runs',
      { scope },
      { prefer: 'wait=60' },
    );
    assert.ok(['CLEAN', 'REPAIRED', 'FOUND'].includes(body.status), JSON.stringify(body));
    return body;
  };

  for (const kept of KEPT)
    test(`${kept}`, async () => {
      await stopAnd(async () => {
        await restore(
          stack,
          Object.fromEntries(KEPT.map((each) => [each, each === kept ? 'before' : 'after'])) as Record<Kept, string>,
        );
        const { code, said } = await rebind(stack, '--moved');
        console.log(code, said);
      });
      console.log(
        kept,
        (await openCases()).map(({ subject, reason, last_error }) => [subject, reason, last_error]),
      );
      const first = await run('all');
      console.log(kept, first);
      console.log(
        kept,
        (await openCases()).map(({ subject, reason, last_error }) => [
          Object.entries(made).find(([, { id }]) => subject.endsWith(id))?.[0],
          subject,
          reason,
          last_error,
        ]),
      );
      await money.assertSound(3000).catch((error) => console.log(error));
    });
});
