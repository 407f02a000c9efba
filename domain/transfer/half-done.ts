/** What a transfer has left half done, for an operator who has it given back. Pure. */
import type { Currency } from '../currency.ts';
import type { TransferId, WalletId } from '../ids.ts';
import { parseUnits } from '../money.ts';
import type { Fence, Moved } from './settlement.ts';
import type { TransferTerms } from './transfer.ts';

/** A debit that is not settled. */
export interface HalfDone extends TransferTerms {
  /** Of a hold: what was captured of it. The rest is to be given back, and what was held released. */
  readonly credited?: string;
}

/**
 * What a transfer has left half done, by its fences alone: what was debited and is neither credited nor given back, and a hold
 * that was captured and not released. For one whose row is lost, or was another's. Of a debit of before counterparties were kept,
 * the receiver is known where its credit was decided.
 */
export function halfDone(transferId: TransferId, { fences }: Moved): HalfDone[] {
  const of = (leg: string): Fence[] => fences.filter((fence) => fence.leg === leg);
  return of('debit').flatMap(({ outcome, wallet: sender, counterparty, amount, currency, is_hold: isHold }) => {
    const credits = of('credit').filter((credit) => (credit.counterparty ?? sender) === sender);
    const receiver = counterparty ?? (credits.length === 1 ? credits[0]!.wallet : undefined);
    const credit = credits.find((each) => each.outcome === 'applied' && each.wallet === receiver);
    const isRefunded = of('refund').some((leg) => leg.wallet === sender);
    const isReleased = of('release').some((leg) => leg.wallet === sender);
    // Only a hold is credited in part, and only a hold is to be released once it is credited. That it was released says nothing of
    // the rest: a plain transfer of the same terms, for which its key has come back, releases it too.
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
