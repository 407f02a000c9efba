// Wallets, transfers and transactions for the database tests, by names instead of ids. Finds the shard of a wallet by its id, as
// the task queues do for activities.

import type { Database } from '../../db/database.ts';
import * as shard from '../../db/wallet/queries.ts';
import * as walletRows from '../../db/wallet/wallet-queries.ts';
import type { Currency } from '../../domain/currency.ts';
import { transactionId, transferId, walletId } from '../../domain/derived-id.ts';
import type { WalletId } from '../../domain/ids.ts';
import { shardOf } from '../../domain/routing.ts';
import type { TransactionTerms, TransactionType } from '../../domain/transfer/transaction.ts';
import type { TransferTerms } from '../../domain/transfer/transfer.ts';

export const USD = 'USD' as Currency;
export const EUR = 'EUR' as Currency;
export const trace = { requestId: 'request-of-a-test' };

export interface Wallets {
  readonly shardOf: (walletId: WalletId) => Database;
  readonly open: (userId: string, balance?: string, currency?: Currency) => Promise<WalletId>;
  readonly balance: (walletId: WalletId) => Promise<string>;
  /** The type, the amount and the balance after each entry, oldest first. */
  readonly entries: (walletId: WalletId) => Promise<string[]>;
}

let names = 0;

/** Returns a name that no other test has. */
export function fresh(what: string): string {
  names += 1;
  return `${what}-${names}`;
}

export function walletsOver(shards: readonly Database[]): Wallets {
  const databaseOf = (id: WalletId): Database => shards[shardOf(id, shards.length)]!;
  return {
    shardOf: databaseOf,
    async open(userId, balance, currency = USD) {
      const id = walletId(userId, currency);
      await walletRows.openWallet(databaseOf(id), { walletId: id, userId, currency });
      if (balance !== undefined)
        await shard.transact(databaseOf(id), transaction('CREDIT', id, balance, currency), trace);
      return id;
    },
    balance: async (id) => (await walletRows.findWallet(databaseOf(id), id))!.balance,
    async entries(id) {
      const newestFirst = await walletRows.listEntries(databaseOf(id), id, { limit: 1_000 });
      return newestFirst.reverse().map(({ type, amount, balanceAfter }) => `${type} ${amount} ${balanceAfter}`);
    },
  };
}

export function transfer(
  senderWalletId: WalletId,
  receiverWalletId: WalletId,
  amount: string,
  currency = USD,
): TransferTerms {
  return { transferId: transferId(fresh('transfer')), senderWalletId, receiverWalletId, amount, currency };
}

export function transaction(type: TransactionType, wallet: WalletId, amount: string, currency = USD): TransactionTerms {
  return { transactionId: transactionId(fresh('transaction')), walletId: wallet, type, amount, currency };
}

/** Returns a user id whose wallet is in this shard. */
export function userOnShard(wanted: number, shardCount: number, currency = USD): string {
  for (;;) {
    const userId = fresh('user');
    if (shardOf(walletId(userId, currency), shardCount) === wanted) return userId;
  }
}
