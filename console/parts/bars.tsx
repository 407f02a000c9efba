/** Amounts in equal spans of time, as bars. Each bar says in words what it stands for. */
import { formatAmount, shareOf, unitsOf } from '../format/amount.ts';
import { formatTime } from '../format/time.ts';
import { zone } from '../settings.ts';

export interface Bar {
  readonly at: string;
  readonly amount: string;
  readonly count: number;
}

const [WIDTH, HEIGHT, FOOT] = [320, 56, 16];
const LEAST = 1.5;

export function Bars({ title, bars, currency }: { title: string; bars: readonly Bar[]; currency: string }) {
  const units = bars.map(({ amount }) => unitsOf(amount) ?? 0n);
  const most = units.reduce((a, b) => (a > b ? a : b), 0n);
  const step = WIDTH / Math.max(bars.length, 1);
  const timeZone = zone.value === 'UTC' ? 'UTC' : undefined;
  const hourOf = (at: string): string => formatTime(at, timeZone).slice(11, 16);
  return (
    <svg class="plot" viewBox={`0 0 ${WIDTH} ${HEIGHT + FOOT}`} role="img" aria-label={title}>
      {bars.map(({ at, amount, count }, index) => {
        const isNone = units[index] === 0n;
        const height = isNone || most === 0n ? LEAST : Math.max(LEAST, shareOf(units[index]!, 0n, most) * HEIGHT);
        return (
          <rect
            key={at}
            class={isNone ? 'bar none' : 'bar'}
            x={index * step + 1}
            y={HEIGHT - height}
            width={step - 2}
            height={height}
            rx={1}
          >
            <title>{`${formatTime(at, timeZone)}: ${formatAmount(amount, currency).text} ${currency} in ${count}`}</title>
          </rect>
        );
      })}
      {bars.length === 0 ? null : (
        <>
          <text x={0} y={HEIGHT + FOOT - 2}>
            {hourOf(bars[0]!.at)}
          </text>
          <text x={WIDTH} y={HEIGHT + FOOT - 2} text-anchor="end">
            {`${hourOf(bars.at(-1)!.at)} now`}
          </text>
        </>
      )}
    </svg>
  );
}
