/**
 * The question whether a receiver could be credited now, before a hold is captured: asked of the shards' databases in this process,
 * or of the wallet API if that is a process of its own.
 */
import type { Database } from '../../db/database.ts';
import { passingCreditRefusal } from '../../db/wallet/queries.ts';
import { INSTALLATION_HEADER, type Installation } from '../../domain/installation.ts';
import { parseUnits } from '../../domain/money.ts';
import { shardOf } from '../../domain/routing.ts';
import { BALANCE_MAX, type AskReceiver } from '../../domain/transfer/transfer.ts';
import { tenantHeaders } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';

const ANSWER_LIMIT_MS = 1_000;

/** `shards`: the wallet databases, in the order of their numbers. */
export function askReceiverIn(shards: readonly Database[]): AskReceiver {
  return (tenant, walletId, amount) => {
    const shard = shards[shardOf(walletId, shards.length)]!;
    return boundedQuery(shard, () => passingCreditRefusal(shard, tenant, walletId, amount));
  };
}

export function askReceiverAt(
  walletApiUrl: string,
  installation: () => Promise<Installation>,
  apiKey: string | undefined,
): AskReceiver {
  return async (tenant, walletId, amount) => {
    const response = await fetch(new URL(`/v1/wallets/${walletId}`, walletApiUrl), {
      headers: {
        [INSTALLATION_HEADER]: (await installation()).installationId,
        ...tenantHeaders(tenant),
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      },
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    });
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`the wallet API answered ${response.status}`);
    const { status, balance } = (await response.json()) as { status: string; balance: string };
    if (status !== 'ACTIVE') return 'receiver_suspended';
    return parseUnits(balance) + parseUnits(amount) > parseUnits(BALANCE_MAX) ? 'balance_limit' : undefined;
  };
}
