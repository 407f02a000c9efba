/**
 * The question whether a receiver could be credited now, before a hold is captured: asked of the shards' databases in this process,
 * or of the wallet API if that is a process of its own.
 */
import type { Database } from '../../db/database.ts';
import { passingCreditRefusal } from '../../db/wallet/queries.ts';
import { parseUnits } from '../../domain/money.ts';
import { shardOf } from '../../domain/routing.ts';
import { BALANCE_MAX, type AskReceiver } from '../../domain/transfer/transfer.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import { askWalletApi, type WalletApiPlace } from './ask-wallet-api.ts';

const ANSWER_LIMIT_MS = 1_000;

/** `shards`: the wallet databases, in the order of their numbers. */
export function askReceiverIn(shards: readonly Database[]): AskReceiver {
  return (tenant, walletId, amount) => {
    const shard = shards[shardOf(walletId, shards.length)]!;
    return boundedQuery(shard, () => passingCreditRefusal(shard, tenant, walletId, amount));
  };
}

export function askReceiverAt(...place: WalletApiPlace): AskReceiver {
  return async (tenant, walletId, amount) => {
    const wallet = await askWalletApi<{ status: string; balance: string }>(
      place,
      tenant,
      `/v1/wallets/${walletId}`,
      ANSWER_LIMIT_MS,
    );
    if (wallet === undefined) return undefined;
    if (wallet.status !== 'ACTIVE') return 'receiver_suspended';
    return parseUnits(wallet.balance) + parseUnits(amount) > parseUnits(BALANCE_MAX) ? 'balance_limit' : undefined;
  };
}
