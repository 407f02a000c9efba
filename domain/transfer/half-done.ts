/** The debits that a transfer has left half done, for an operator who has them given back. Pure. */
import type { Currency } from '../currency.ts';
import type { TransferId, WalletId } from '../ids.ts';
import { parseUnits } from '../money.ts';
import type { Fence, Moved } from './settlement.ts';
import type { TransferTerms } from './transfer.ts';

/** A debit that is not settled. */
export interface HalfDone extends TransferTerms {
  /** Of a hold: the captured amount. The rest is to be given back, and the hold released. */
  readonly credited?: string;
}

/**
 * Returns, by the fences alone, a debit that is neither credited nor given back, and a hold that was captured and not released. For
 * a transfer whose row is lost, or whose id was another's before. The fence of an old debit does not name the receiver: then the
 * receiver is known only if the credit was decided.
 */
export function halfDone(transferId: TransferId, { fences }: Moved): HalfDone[] {
  const of = (leg: string): Fence[] => fences.filter((fence) => fence.leg === leg);
  return of('debit').flatMap(({ outcome, wallet: sender, counterparty, amount, currency, is_hold: isHold }) => {
    const credits = of('credit').filter((credit) => (credit.counterparty ?? sender) === sender);
    const receiver = counterparty ?? (credits.length === 1 ? credits[0]!.wallet : undefined);
    const credit = credits.find((each) => each.outcome === 'applied' && each.wallet === receiver);
    const isRefunded = of('refund').some((leg) => leg.wallet === sender);
    const isReleased = of('release').some((leg) => leg.wallet === sender);
    // Only a hold is credited in part, and only a hold is to be released once it is credited. A release does not tell that the rest
    // was given back: if the key comes back as a plain transfer of the same terms, that transfer releases the hold, too.
    const rest = credit === undefined ? undefined : parseUnits(amount) - parseUnits(credit.amount);
    const isDone = isRefunded || (rest !== undefined && (!isHold || rest < 0n || (rest === 0n && isReleased)));
    return outcome !== 'applied' || receiver === undefined || isDone
      ? []
      : [
          {
            transferId,
            senderWalletId: sender as WalletId,
            receiverWalletId: receiver as WalletId,
            amount,
            currency: currency as Currency,
            ...(credit === undefined ? {} : { credited: credit.amount }),
          },
        ];
  });
}
