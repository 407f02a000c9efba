/** What a transfer has left half done, for an operator who has it given back. Pure. */
import type { Currency } from './currency.ts';
import type { TransferId, WalletId } from './ids.ts';
import type { Fence, Moved } from './settlement.ts';
import type { TransferTerms } from './transfer.ts';

/**
 * What a transfer has left half done, by its fences alone: what was debited and is neither credited nor given back. For one whose
 * row is lost, or was another's. Of a debit of before counterparties were kept, the receiver is known where its credit was decided.
 */
export function halfDone(transferId: TransferId, { fences }: Moved): TransferTerms[] {
  const of = (leg: string): Fence[] => fences.filter((fence) => fence.leg === leg);
  return of('debit').flatMap(({ outcome, wallet: sender, counterparty, amount, currency }) => {
    const credits = of('credit').filter((credit) => (credit.counterparty ?? sender) === sender);
    const receiver = counterparty ?? (credits.length === 1 ? credits[0]!.wallet : undefined);
    const isCredited = credits.some((credit) => credit.outcome === 'applied' && credit.wallet === receiver);
    const isSettled = [...of('refund'), ...of('release')].some((leg) => leg.wallet === sender);
    return outcome !== 'applied' || receiver === undefined || isCredited || isSettled
      ? []
      : [
          {
            transferId,
            senderWalletId: sender as WalletId,
            receiverWalletId: receiver as WalletId,
            amount,
            currency: currency as Currency,
          },
        ];
  });
}
