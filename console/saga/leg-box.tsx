/** One leg: what it does, what its fence has said, and a tick for each attempt. */
import type { Leg } from './leg.ts';
import { boxText, INSET, TICK_WIDTH } from '../format/saga-box.ts';
import type { PlacedLeg } from '../format/saga-layout.ts';
import { BOX } from '../format/saga-layout.ts';
import { legInWords, meaningOfAttempt, meaningOfVerdict, verdictInWords } from '../format/saga-words.ts';

export function LegBox({ of: { leg, x, y }, isGivenUp }: { of: PlacedLeg<Leg>; isGivenUp: boolean }) {
  const { title, verdict, amount, isAmountBeneath, reason, tickCount, attempts } = boxText(leg, isGivenUp);
  const edge = x - BOX.width / 2;
  const [left, right, top] = [edge + INSET.left, edge + BOX.width - INSET.right, y - BOX.height / 2];
  const shown = leg.attempts.slice(leg.attempts.length - tickCount);
  return (
    <g class={meaningOfVerdict(leg, isGivenUp)}>
      <title>{`${legInWords(leg.leg)}, ${verdictInWords(leg, isGivenUp)}`}</title>
      <rect class="box" x={edge} y={top} width={BOX.width} height={BOX.height} rx={6} />
      <rect class="edge" x={edge} y={top + 6} width={3} height={BOX.height - 12} />
      <text class="strong" x={left} y={top + 17}>
        {title}
      </text>
      <text class="verdict" x={left} y={top + 32}>
        {verdict}
      </text>
      {amount === undefined ? null : isAmountBeneath ? (
        <text class="quiet small" x={left} y={top + 46}>
          {amount}
        </text>
      ) : (
        <text class="quiet small" x={right} y={top + 32} text-anchor="end">
          {amount}
        </text>
      )}
      {reason === undefined ? null : (
        <text class="verdict small" x={left} y={top + 46}>
          {reason}
        </text>
      )}
      {shown.map(({ ordinal, activity, outcome }, index) => (
        <rect
          key={`${activity} ${ordinal} ${index}`}
          class={`tick ${meaningOfAttempt(outcome)}`}
          x={left + index * TICK_WIDTH}
          y={top + 52}
          width={3}
          height={8}
        />
      ))}
      {attempts === undefined ? null : (
        <text class="quiet small" x={left + 4 + shown.length * TICK_WIDTH} y={top + 60}>
          {attempts}
        </text>
      )}
    </g>
  );
}
