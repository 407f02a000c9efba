/** The judgment whether the balances of all wallets agree with the money that was under way while they were read. Pure. */
import { parseUnits } from '../money.ts';

/** In one currency; decimal strings. */
export interface SeenMoney {
  readonly currency: string;
  /** The balances of all wallets of a shard, external ones included. */
  readonly balances: readonly string[];
  /** Debited before the balances were read, and neither credited nor given back until after. */
  readonly surely: string;
  /** What may have been debited and not credited or given back while they were read. */
  readonly perhaps: string;
}

/**
 * Whether no money is missing, and none came from nowhere. Money that moves while it is counted is missed in both wallets or counted
 * in both, as their shards are read one after the other.
 */
export function isBalanced({ balances, surely, perhaps }: SeenMoney): boolean {
  const underWay = -balances.reduce((sum, balance) => sum + parseUnits(balance), 0n);
  const least = parseUnits(surely);
  const uncertain = parseUnits(perhaps);
  return least - uncertain <= underWay && underWay <= least + uncertain;
}
