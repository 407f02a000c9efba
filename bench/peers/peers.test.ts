// Run by `npm test --prefix bench/peers`, which needs the packages of this folder: that each peer moves the money that it says
// it has moved, and gives it back where the receiver is refused it.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { serviceUrls } from '../../dev/stack-settings.ts';
import type { Currency } from '../../domain/currency.ts';
import { transactionId, walletId } from '../../domain/derived-id.ts';
import type { WalletId } from '../../domain/ids.ts';
import { shardOf } from '../../domain/routing.ts';
import { startStack, type TestStack } from '../../test/stack/stack.ts';
import type { Ground } from '../subject.ts';
import { peerKinds, templateKind } from './kinds.ts';

const USD = 'USD' as Currency;
const SHARDS = 2;
const WALLETS = 20;
const TRANSFERS = 100;
const AT_ONCE = 10;

describe('each peer', () => {
  let stack: TestStack;
  let directory: string;
  let wallets: WalletId[];

  before(async () => {
    stack = await startStack();
    directory = mkdtempSync(join(tmpdir(), 'counterpoise-peers-'));
    wallets = await Promise.all(Array.from({ length: WALLETS }, () => openFunded(stack, '100.0000')));
  });
  after(async () => {
    await stack.remove();
    rmSync(directory, { recursive: true, force: true });
  });

  for (const kind of [templateKind, ...peerKinds]) {
    test(`${kind.name} moves what it says it has moved`, async () => {
      let n = 0;
      const next = (): WalletId => wallets[n++ % WALLETS]!;
      const subject = await kind.open(ground(stack, directory, () => ({ sender: next(), receiver: next() })));
      try {
        await Promise.all(
          Array.from({ length: AT_ONCE }, async () => {
            for (let i = 0; i < TRANSFERS / AT_ONCE; i += 1) await subject.once();
          }),
        );
      } finally {
        await subject.close();
      }
      assert.equal(n, 2 * TRANSFERS);
    });

    test(`${kind.name} gives the money back when the receiver is refused it`, async () => {
      const sender = await openFunded(stack, '5.0000');
      const receiver = walletId(randomUUID(), USD);
      const subject = await kind.open(ground(stack, directory, () => ({ sender, receiver })));
      try {
        await assert.rejects(subject.once());
      } finally {
        await subject.close();
      }
      const entries = await rows(
        stack,
        sender,
        'SELECT type FROM ledger_entries WHERE wallet_id = $1 ORDER BY sequence',
      );
      assert.deepEqual(
        entries.map(({ type }) => type),
        ['CREDIT', 'DEBIT', 'REFUND'],
      );
      const [wallet] = await rows(stack, sender, 'SELECT balance FROM wallets WHERE wallet_id = $1');
      assert.equal(wallet!['balance'], '5.0000');
    });
  }
});

function ground(stack: TestStack, directory: string, nextPair: Ground['nextPair']): Ground {
  const { databases, temporal } = stack.file();
  return {
    temporal,
    databases: serviceUrls(stack),
    administrators: databases,
    settings: {},
    nextPair,
    directory,
  };
}

async function openFunded(stack: TestStack, amount: string): Promise<WalletId> {
  const user = randomUUID();
  const id = walletId(user, USD);
  await rows(stack, id, 'SELECT open_wallet($1, $2, $3)', user, USD);
  await rows(stack, id, 'SELECT deposit($2, $1, $3, $4, $5, NULL)', transactionId(user), USD, amount, 'peers');
  return id;
}

/** Of a statement in the shard of a wallet, whose id is its first parameter. */
async function rows(
  stack: TestStack,
  id: WalletId,
  statement: string,
  ...parameters: string[]
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: stack.file().databases[`wallet-${shardOf(id, SHARDS)}`]! });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement, [id, ...parameters])).rows;
  } finally {
    await client.end();
  }
}
