/** How a balance went, from the ledger entries that made it so. */
import { amountOf, unitsOf } from './amount.ts';

interface Entry {
  readonly type: 'DEBIT' | 'CREDIT' | 'REFUND';
  readonly amount: string;
  readonly balance_after: string;
  readonly created_at: string;
}

/** `entries`: the newest first, without a gap. */
export function stepsOf(entries: readonly Entry[], currency: string, nowMs = Date.now()) {
  const to = new Date(nowMs).toISOString();
  const oldest = entries.at(-1);
  return {
    currency,
    from: oldest?.created_at ?? to,
    to,
    balance_before: oldest === undefined ? '0.0000' : balanceBefore(oldest),
    data: entries.map(({ created_at: at, balance_after: balance }) => ({ at, balance })).reverse(),
  };
}

function balanceBefore({ type, amount, balance_after }: Entry): string {
  const [after, moved] = [unitsOf(balance_after) ?? 0n, unitsOf(amount) ?? 0n];
  return amountOf(type === 'DEBIT' ? after + moved : after - moved);
}
