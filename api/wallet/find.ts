/** The wallet service's part of what is found, which api/console/ puts together: a wallet by its id, and those of a user. */
import type { z } from '@hono/zod-openapi';
import type { Database } from '../../db/database.ts';
import { findWallet, listWallets } from '../../db/wallet/wallet-queries.ts';
import { FOUND_MAX, type Found } from '../../domain/found.ts';
import type { WalletId } from '../../domain/ids.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { shardOf } from '../../domain/routing.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import { renderWallet, type walletAnswer } from './answer.ts';
import { formsOf } from './user-id.ts';

type Wallet = z.input<typeof walletAnswer>;

/** `shards`: the wallet databases, in the order of their numbers. */
export function walletFinderIn(shards: readonly Database[]) {
  return {
    async byId(tenant: Tenant, id: string): Promise<Found[]> {
      const shard = shards[shardOf(id as WalletId, shards.length)]!;
      const wallet = await boundedQuery(shard, () => findWallet(shard, id as WalletId, tenant));
      return wallet === undefined ? [] : [asFound(renderWallet(wallet), 'id')];
    },
    async byUser(tenant: Tenant, userId: string): Promise<Found[]> {
      const filter = { tenant, userIds: formsOf(userId), limit: FOUND_MAX + 1 };
      const found = await Promise.all(shards.map((shard) => boundedQuery(shard, () => listWallets(shard, filter))));
      return found.flatMap(({ rows }) => rows).map((wallet) => asFound(renderWallet(wallet), 'user_id'));
    },
  };
}

/** By the public routes; `ask` returns the body of a path's answer to a tenant, or undefined for 404. */
export function walletFinderBy(ask: <Answer>(path: string, tenant: Tenant) => Promise<Answer | undefined>) {
  return {
    async byId(tenant: Tenant, id: string): Promise<Found[]> {
      const wallet = await ask<Wallet>(`/v1/wallets/${id}`, tenant);
      return wallet === undefined ? [] : [asFound(wallet, 'id')];
    },
    async byUser(tenant: Tenant, userId: string): Promise<Found[]> {
      const query = new URLSearchParams({ user_id: userId, limit: String(FOUND_MAX + 1) });
      const page = await ask<{ data: Wallet[] }>(`/v1/wallets?${query.toString()}`, tenant);
      return (page?.data ?? []).map((wallet) => asFound(wallet, 'user_id'));
    },
  };
}

function asFound(
  { wallet_id: id, user_id: userId, currency, status, created_at: at }: Wallet,
  matched: 'id' | 'user_id',
): Found {
  return { type: 'wallet', id, matched, label: `${userId} ${currency}`, status, at };
}
