/** The sentence in a case's log that tells what came of an operator's `refund`, by the fences alone. Pure. */
import type { Fence, Moved } from './settlement.ts';

/** For a transfer whose row is lost, or whose id was another's before. `moved` is undefined if no shard knows the transfer. */
export function tellGivenBack(moved: Moved | undefined): string {
  const applied = (leg: string): Fence[] =>
    (moved?.fences ?? []).filter((fence) => fence.leg === leg && fence.outcome === 'applied');
  const returned = applied('refund').map(({ amount, currency, wallet, detail }) =>
    detail?.paid_to === undefined
      ? `Given back to wallet ${wallet}: ${amount} ${currency}.`
      : `Booked to the external wallet ${detail.paid_to} in place of wallet ${wallet}: ${amount} ${currency}.`,
  );
  const credited = applied('credit').map(
    ({ amount, currency, wallet }) => `Wallet ${wallet} had been credited ${amount} ${currency} and keeps it.`,
  );
  if (returned.length > 0) return [...returned, ...credited].join(' ');
  if (credited.length > 0) return ['Nothing was given back.', ...credited].join(' ');
  return applied('debit').length === 0
    ? 'Nothing was given back: no transfer of this id was debited.'
    : 'Nothing was given back: to whom the debit was to go is not known.';
}
