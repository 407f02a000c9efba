/** What waits for a second person, and what it would do to money, in whole sentences. */
import { inCurrency } from './amount.ts';
import { personsOf } from './policy-words.ts';

interface Asked {
  readonly kind: 'transfer' | 'transaction' | 'refund' | 'write_off';
  /** Null where nobody knows it before it is done. */
  readonly amount: string | null;
  readonly currency: string;
  readonly needed: number;
  readonly given: number;
}

interface Terms {
  readonly capture_method: 'automatic' | 'manual';
  readonly scheduled_at: string | null;
  readonly reverses_transfer_id: string | null;
}

/** Of an approval that is the last one needed; `terms` are those of the transfer, if they are known. */
export function effectOfAll({ kind, amount, currency }: Asked, terms: Terms | undefined): string {
  const money = amount === null ? 'what was debited and has not arrived' : inCurrency(amount, currency);
  if (kind === 'transaction')
    return `The transaction begins at once: ${money} leave the wallet for the outside world, if it has as much then.`;
  if (kind === 'refund')
    return `The decision begins to be carried out at once: the sender gets ${money} back, as an operator has asked.`;
  if (kind === 'write_off')
    return `The decision begins to be carried out at once: ${money} go to the outside world, and not back to the sender.`;
  const begin = terms?.scheduled_at ? `at ${terms.scheduled_at}` : 'at once';
  if (terms?.capture_method === 'manual')
    return `The transfer begins ${begin}: ${money} are taken from the sender and held, until they are captured or given back.`;
  const back = terms?.reverses_transfer_id ? 'given back: ' : '';
  return `The transfer begins ${begin}: ${back}${money} go from the sender to the receiver, if the sender has as much then.`;
}

export function effectOfApproving(asked: Asked, terms: Terms | undefined): string {
  const left = Math.max(0, asked.needed - asked.given - 1);
  if (left === 0) return `Yours is the last approval that is needed. ${effectOfAll(asked, terms)}`;
  return `Nothing moves yet: ${personsOf(left)} more ${left === 1 ? 'has' : 'have'} to approve it. ${effectOfAll(asked, terms).replace('begins', 'then begins')}`;
}
