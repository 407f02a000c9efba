/** The refusal of a user id for which an earlier version has opened a wallet in another form, or whose form is refused. */
import type { Database } from '../../db/database.ts';
import { findWallet } from '../../db/wallet/wallet-queries.ts';
import type { Currency } from '../../domain/currency.ts';
import { walletId } from '../../domain/derived-id.ts';
import type { WalletId } from '../../domain/ids.ts';
import { shardOf } from '../../domain/routing.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import { faultyRequest, ProblemError, type Fault } from '../http/problem.ts';
import { formsOf, userIdFaults } from './user-id.ts';

/**
 * Throws if an earlier version opened a wallet for the user id in another form, because that user gets no second one; and if there
 * is none and the id's form is refused.
 */
export async function refuseUserId(
  shards: readonly Database[],
  tenant: Tenant,
  sent: string,
  currency: Currency,
): Promise<void> {
  const faults = userIdFaults(sent);
  const forms = formsOf(sent);
  if (faults.length === 0 && forms.length === 1) return;
  const found = await Promise.all(
    forms.map((form) => {
      const id = walletId(form, currency, tenant);
      const shard = shards[shardOf(id, shards.length)]!;
      return boundedQuery(shard, () => findWallet(shard, id, tenant));
    }),
  );
  const former = found.find((wallet) => wallet !== undefined);
  if (former !== undefined) throw walletExists(former.walletId);
  if (faults.length > 0) throw faultyRequest(faults as [Fault, ...Fault[]]);
}

export function walletExists(id: WalletId): ProblemError {
  return new ProblemError('wallet_exists', { detail: `The wallet is ${id}.`, members: { wallet_id: id } });
}
