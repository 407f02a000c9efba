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
    const isSettled = [...of('refund'), ...of('release')].some((leg) => leg.wallet === sender);
    // Only a hold is credited in part, and only a hold has to be settled once it is credited.
    const isDone = isSettled || (credit !== undefined && (!isHold || parseUnits(credit.amount) > parseUnits(amount)));
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
