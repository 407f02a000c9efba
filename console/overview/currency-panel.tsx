/** One currency: how much there is, and how much of it is held or under way. */
import type { Overview } from '../../client/client.ts';
import { Amount } from '../parts/amount.tsx';

export function CurrencyPanel({ of: { currency, total, held, in_flight } }: { of: Overview['currencies'][number] }) {
  return (
    <section class="panel currency" aria-label={currency}>
      <h3>{currency}</h3>
      <p class="figure">{total === null ? 'unknown' : <Amount of={total} in={currency} />}</p>
      <ul>
        <Part name="held" of={held} currency={currency} />
        <Part name="in flight" of={in_flight} currency={currency} />
      </ul>
    </section>
  );
}

function Part({ name, of, currency }: { name: string; of: string | null; currency: string }) {
  return (
    <li>
      <span class="quiet">{name}</span>
      <span class="number">{of === null ? 'unknown' : <Amount of={of} in={currency} />}</span>
    </li>
  );
}
