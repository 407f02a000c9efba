/** A state that the transfer or the order had from then on. */
import { stepNote } from '../format/saga-box.ts';
import type { PlacedStep } from '../format/saga-layout.ts';
import { inWords, meaningOfStatus } from '../format/status.ts';

export function StepDot({ of: { step, reason, x, y } }: { of: PlacedStep }) {
  return (
    <g class={meaningOfStatus(step)}>
      <circle class="box" cx={x} cy={y} r={8} />
      <circle class="dot" cx={x} cy={y} r={5} />
      <text class="strong" x={x} y={y + 24} text-anchor="middle">
        {inWords(step)}
      </text>
      {reason === null ? null : (
        <text class="verdict small" x={x} y={y - 16} text-anchor="middle">
          {stepNote(step, reason)}
        </text>
      )}
    </g>
  );
}
