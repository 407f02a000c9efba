/** The balance over time. It stays until an entry changes it, so it is drawn in steps and never as a slope. */
import { amountOf, formatAmount, shareOf, unitsOf } from '../format/amount.ts';
import { formatTime } from '../format/time.ts';
import { zone } from '../settings.ts';

export interface BalanceSteps {
  readonly currency: string;
  readonly from: string;
  readonly to: string;
  /** Just before `from`. */
  readonly balance_before: string;
  /** The oldest first. Each balance holds from its time on. */
  readonly data: readonly { readonly at: string; readonly balance: string }[];
}

const [WIDTH, HEIGHT, FOOT, LEFT] = [960, 160, 20, 96];

export function StepPlot({ of: { from, to, balance_before, data, currency } }: { of: BalanceSteps }) {
  const balances = [balance_before, ...data.map(({ balance }) => balance)].map((each) => unitsOf(each) ?? 0n);
  const least = balances.reduce((a, b) => (a < b ? a : b), 0n);
  const most = balances.reduce((a, b) => (a > b ? a : b), 1n);
  const [startMs, endMs] = [Date.parse(from), Date.parse(to)];
  const x = (at: string): number => LEFT + ((Date.parse(at) - startMs) / Math.max(endMs - startMs, 1)) * (WIDTH - LEFT);
  const y = (units: bigint): number => 6 + (1 - shareOf(units, least, most)) * (HEIGHT - 12);
  const steps = data.map(({ at }, index) => `H${x(at).toFixed(1)}V${y(balances[index + 1]!).toFixed(1)}`).join('');
  const line = `M${LEFT} ${y(balances[0]!).toFixed(1)}${steps}H${WIDTH}`;
  const timeZone = zone.value === 'UTC' ? 'UTC' : undefined;
  const now = amountOf(balances.at(-1)!);
  return (
    <svg
      class="plot"
      viewBox={`0 0 ${WIDTH} ${HEIGHT + FOOT}`}
      role="img"
      aria-label={`The balance from ${from} to ${to}: from ${balance_before} to ${now} ${currency}, in ${data.length} steps`}
    >
      {[least, (least + most) / 2n, most].map((units) => (
        <g key={String(units)}>
          <line class="axis" x1={LEFT} x2={WIDTH} y1={y(units)} y2={y(units)} />
          <text x={LEFT - 8} y={y(units) + 4} text-anchor="end">
            {formatAmount(amountOf(units), currency).text}
          </text>
        </g>
      ))}
      <path class="area" d={`${line}V${y(least)}H${LEFT}Z`} />
      <path class="line" d={line} />
      <text x={LEFT} y={HEIGHT + FOOT - 4}>
        {formatTime(from, timeZone).slice(0, 10)}
      </text>
      <text x={WIDTH} y={HEIGHT + FOOT - 4} text-anchor="end">
        {formatTime(to, timeZone).slice(0, 16)}
      </text>
    </svg>
  );
}
