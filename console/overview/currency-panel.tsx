/** One currency: how much there is, how much of it is held or under way, and what has moved in each of the last 24 hours. */
import { useAnswer } from '../answer.ts';
import { getFlows } from '../new-calls.ts';
import type { Overview } from '../shapes.ts';
import { sumOf } from '../format/amount.ts';
import { Amount } from '../parts/amount.tsx';
import { Bars } from '../parts/bars.tsx';

const REFRESH_MS = 60_000;

export function CurrencyPanel({ of: { currency, total, held, in_flight } }: { of: Overview['currencies'][number] }) {
  const { data: flows } = useAnswer(`flows/${currency}`, (client, signal) => getFlows(client, currency, signal), {
    refreshMs: REFRESH_MS,
  });
  return (
    <section class="panel currency" aria-label={currency}>
      <h3>{currency}</h3>
      <p class="figure">{total === null ? 'unknown' : <Amount of={total} in={currency} />}</p>
      <ul>
        <Part name="held" of={held} currency={currency} />
        <Part name="in flight" of={in_flight} currency={currency} />
        {flows === undefined ? null : (
          <Part
            name="moved in 24 h"
            of={sumOf(flows.data.map(({ transfers }) => transfers.amount))}
            currency={currency}
          />
        )}
      </ul>
      {flows === undefined ? (
        <div class="bars-place" />
      ) : (
        <Bars
          title={`${currency} moved in each of the last 24 hours`}
          bars={flows.data.map(({ hour, transfers }) => ({
            at: hour,
            amount: transfers.amount,
            count: transfers.count,
          }))}
          currency={currency}
        />
      )}
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
