/** One currency: how much there is, how much of it is held or under way, and what has moved in 24 hours. */
import type { Flows, Overview } from '../../client/client.ts';
import type { Answer } from '../answer.ts';
import { Amount } from '../parts/amount.tsx';
import { FlowPlot } from './flow-plot.tsx';

interface CurrencyPanelProps {
  readonly of: Overview['currencies'][number];
  /** Of every currency in which something has moved. */
  readonly flows: Answer<Flows>;
}

export function CurrencyPanel({ of: { currency, total, held, in_flight }, flows }: CurrencyPanelProps) {
  const own = flows.data?.data.find((each) => each.currency === currency);
  return (
    <section class="panel currency" aria-label={currency}>
      <h3>{currency}</h3>
      <p class="figure">{total === null ? 'unknown' : <Amount of={total} in={currency} />}</p>
      <ul>
        <Part name="held" of={held} currency={currency} />
        <Part name="in flight" of={in_flight} currency={currency} />
      </ul>
      {flows.data !== undefined ? (
        <FlowPlot steps={own?.steps ?? []} currency={currency} />
      ) : flows.error === undefined ? (
        <div class="bars-place" />
      ) : (
        <p class="flow quiet">What has moved cannot be had.</p>
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
