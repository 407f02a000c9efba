/**
 * The flow of a currency over 24 hours: above the line what transfers have moved and what has come in from outside, below it what has
 * left, all by one scale; and the same as a table.
 */
import type { Flows } from '../../client/client.ts';
import { formatAmount, inCurrency } from '../format/amount.ts';
import { flowBars, flowTotals } from '../format/flow-bars.ts';
import { formatTime } from '../format/time.ts';
import { Amount } from '../parts/amount.tsx';
import { zone } from '../settings.ts';

type Step = Flows['data'][number]['steps'][number];

const [STEP, GAP, HEIGHT] = [10, 2, 64];

export function FlowPlot({ steps, currency }: { steps: readonly Step[]; currency: string }) {
  const { moved, came, left } = flowTotals(steps);
  if (steps.every(isNothing)) return <p class="flow quiet">Nothing has moved in 24 hours.</p>;
  const { bars, line } = flowBars(steps, HEIGHT);
  const width = bars.length * STEP;
  const sum = (amount: string): string => inCurrency(amount, currency);
  return (
    <div class="flow">
      <svg
        class="plot bars"
        viewBox={`0 0 ${width} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`The last 24 hours by the hour: ${sum(moved)} moved, ${sum(came)} came in, ${sum(left)} went out`}
      >
        {bars.map((bar, index) => (
          <g key={bar.at}>
            <title>{inWords(steps[index]!, currency)}</title>
            <rect class="span" x={index * STEP} y={0} width={STEP} height={HEIGHT} />
            <Bar class="moved" at={index} from={line - bar.moved} height={bar.moved} />
            <Bar class="came" at={index} from={line - bar.moved - bar.came} height={bar.came} />
            <Bar class="left" at={index} from={line} height={bar.left} />
          </g>
        ))}
        <line class="axis" vector-effect="non-scaling-stroke" x1={0} x2={width} y1={line} y2={line} />
      </svg>
      <p class="between quiet">
        <span>{hourOf(steps[0]!.at)}</span>
        <span>now</span>
      </p>
      <ul>
        <Sum name="moved in 24 h" class="moved" of={moved} currency={currency} />
        <Sum name="came in" class="came" of={came} currency={currency} />
        <Sum name="went out" class="left" of={left} currency={currency} />
      </ul>
      <Table steps={steps} currency={currency} />
    </div>
  );
}

function Bar({ class: kind, at, from, height }: { class: string; at: number; from: number; height: number }) {
  if (height === 0) return null;
  return <rect class={kind} x={at * STEP + GAP / 2} y={from} width={STEP - GAP} height={height} />;
}

function Sum({ name, class: kind, of, currency }: { name: string; class: string; of: string; currency: string }) {
  return (
    <li>
      <span class="quiet">
        <svg class="key" viewBox="0 0 8 8" aria-hidden="true">
          <rect class={kind} width={8} height={8} />
        </svg>
        {name}
      </span>
      <span class="number">
        <Amount of={of} in={currency} />
      </span>
    </li>
  );
}

function Table({ steps, currency }: { steps: readonly Step[]; currency: string }) {
  return (
    <details>
      <summary>By the hour</summary>
      <div class="scroll" tabIndex={0} role="region" aria-label={`${currency} by the hour`}>
        <table>
          <thead>
            <tr>
              {['Hour', 'Moved', 'Came in', 'Went out', 'Given back'].map((name, index) => (
                <th key={name} scope="col" class={index > 0 ? 'number' : undefined}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {steps
              .filter((step) => !isNothing(step))
              .map(({ at, transfers, credits, debits, refunds }) => (
                <tr key={at}>
                  <th scope="row">{hourOf(at)}</th>
                  {[transfers, credits, debits, refunds].map(({ amount }, index) => (
                    <td key={index} class="number">
                      <Amount of={amount} in={currency} />
                    </td>
                  ))}
                </tr>
              ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function isNothing({ transfers, credits, debits, refunds }: Step): boolean {
  return [transfers, credits, debits, refunds].every(({ count }) => count === 0);
}

function hourOf(at: string): string {
  return formatTime(at, zone.value === 'UTC' ? 'UTC' : undefined).slice(11, 16);
}

function inWords({ at, transfers, credits, debits }: Step, currency: string): string {
  const text = (amount: string): string => formatAmount(amount, currency).text;
  const count = transfers.count;
  return [
    `${hourOf(at)}: ${text(transfers.amount)} moved in ${count} transfer${count === 1 ? '' : 's'}`,
    `${text(credits.amount)} came in`,
    `${text(debits.amount)} went out`,
  ].join(', ');
}
