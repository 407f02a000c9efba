/** Says of a transfer that was refunded by an advance who has the money, and what is still open. */
import type { Transfer } from '../../client/client.ts';
import type { Advance } from '../format/advance.ts';
import { inCurrency } from '../format/amount.ts';
import { Time } from '../parts/time.tsx';

interface AdvancedProps {
  readonly of: Advance | undefined;
  readonly transfer: Pick<Transfer, 'currency' | 'attention'>;
}

export function Advanced({ of: advance, transfer: { currency, attention } }: AdvancedProps) {
  if (advance === undefined || attention === null) return null;
  return (
    <p class="good" role="status">
      The sender has had the {inCurrency(advance.amount, currency)} back since <Time of={advance.at} />: the outside
      world has advanced it. Still open is whether it has arrived at the receiver too, which is asked again and again.
      If it has, the outside world pays for it; if not, the credit is canceled, and nothing is missing.
    </p>
  );
}
