/** One leg: what it does, what its fence has said, and a tick for each attempt. */
import type { Leg } from './leg.ts';
import { formatAmount } from '../format/amount.ts';
import type { PlacedLeg } from '../format/saga-layout.ts';
import { BOX } from '../format/saga-layout.ts';
import { legInWords, meaningOfAttempt, meaningOfVerdict, verdictInWords } from '../format/saga-words.ts';

/** As many ticks as fit; the number beside them says the rest. */
const TICKS_MAX = 14;

export function LegBox({ of: { leg, x, y } }: { of: PlacedLeg<Leg> }) {
  const { amount, currency, attempts, attempt_count: count } = leg;
  const left = x - BOX.width / 2;
  const top = y - BOX.height / 2;
  const shown = attempts.slice(-TICKS_MAX);
  return (
    <g class={meaningOfVerdict(leg)}>
      <rect class="box" x={left} y={top} width={BOX.width} height={BOX.height} rx={6} />
      <rect class="edge" x={left} y={top + 6} width={3} height={BOX.height - 12} />
      <text class="strong" x={left + 12} y={top + 17}>
        {legInWords(leg.leg)}
      </text>
      {amount === null ? null : (
        <text class="quiet small" x={left + BOX.width - 8} y={top + 17} text-anchor="end">
          {formatAmount(amount, currency ?? undefined).text}
        </text>
      )}
      <text class="verdict" x={left + 12} y={top + 33}>
        {verdictInWords(leg)}
      </text>
      {shown.map(({ ordinal, outcome }, index) => (
        <rect
          key={ordinal}
          class={`tick ${meaningOfAttempt(outcome)}`}
          x={left + 12 + index * 6}
          y={top + 40}
          width={3}
          height={8}
        />
      ))}
      {count > 1 ? (
        <text class="quiet small" x={left + 16 + shown.length * 6} y={top + 48}>
          {count} attempts
        </text>
      ) : null}
    </g>
  );
}
