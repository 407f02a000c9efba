/** What waits for a second person, and what it would do to money, in whole sentences. */
import { inCurrency } from './amount.ts';
import { personsOf, policyInWords } from './policy-words.ts';

interface Asked {
  readonly kind: 'transfer' | 'transaction' | 'batch' | 'refund' | 'write_off' | 'policy' | 'grant';
  /** Null where nobody knows it before it is done. */
  readonly amount: string | null;
  readonly currency: string;
  readonly needed: number;
  readonly given: number;
  /** Of a decision, a change or a grant. */
  readonly proposal?: Readonly<Record<string, string>> | null;
}

interface Terms {
  readonly capture_method: 'automatic' | 'manual';
  readonly scheduled_at: string | null;
  readonly reverses_transfer_id: string | null;
}

/** Of an approval that is the last one needed; `terms` are those of the transfer, if they are known. */
export function effectOfAll(asked: Asked, terms: Terms | undefined): string {
  const { kind, amount, currency } = asked;
  if (kind === 'policy') return effectOfChange(asked);
  if (kind === 'grant')
    return `The grant takes effect at once: the votes of ${asked.proposal?.['principal']} count from then on, on whatever waits for a second person.`;
  if (kind === 'batch')
    return `The batch begins at once: all of its transfers, ${amount === null ? 'more than an amount can be' : inCurrency(amount, currency)} in ${currency} together, each if its sender has as much then.`;
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

function effectOfChange({ currency, proposal }: Asked): string {
  const { action, above, above_24h, approvals, expires_in } = proposal ?? {};
  if (action === 'end')
    return `The end of the policy of ${currency} takes effect at once: no transfer in ${currency} needs a second person any more, whatever its amount.`;
  const terms = { currency, above: above ?? null, above_24h: above_24h ?? null };
  const words = policyInWords({ ...terms, approvals: Number(approvals), expires_in: Number(expires_in) });
  return `The new policy of ${currency} takes effect at once: ${words} What waits already needs what it demands, and votes so far count no more.`;
}

export function effectOfApproving(asked: Asked, terms: Terms | undefined): string {
  const left = Math.max(0, asked.needed - asked.given - 1);
  // Who votes may be who has asked, by another key: only the server knows.
  if (left === 0)
    return `One approval is missing, and yours would be the last, unless you have asked for it yourself. ${effectOfAll(asked, terms)}`;
  const then = effectOfAll(asked, terms).replace('begins', 'then begins').replace('takes effect', 'then takes effect');
  const nothing = asked.kind === 'policy' || asked.kind === 'grant' ? 'Nothing changes' : 'Nothing moves';
  return `${nothing} yet: ${personsOf(left)} more ${left === 1 ? 'has' : 'have'} to approve it. ${then}`;
}
