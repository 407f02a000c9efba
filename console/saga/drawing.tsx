/** A saga as a drawing: lanes, legs with the verdicts of their fences, attempts as ticks, and compensations beneath what they undo. */
import type { Saga } from '../../client/client.ts';
import { withOwnLane } from '../format/own-lane.ts';
import { layOut, MARGIN, type SagaLayout } from '../format/saga-layout.ts';
import type { Leg } from './leg.ts';
import { formatDuration } from '../format/time.ts';
import { Course } from './course.tsx';
import { LegBox } from './leg-box.tsx';
import { StepDot } from './step-dot.tsx';

interface DrawingProps {
  readonly of: Saga;
  readonly title: string;
  /** The service that leads it. */
  readonly by: 'transfer' | 'order';
}

export function SagaDrawing({ of: saga, title, by }: DrawingProps) {
  const own: Saga['lanes'][number] = { lane: by, service: by, legs: [] };
  const layout = layOut(withOwnLane(saga, own));
  const { width, height, lanes, legs, steps, forward, back, deadlineX } = layout;
  return (
    <div class="saga" role="region" aria-label="The course, as a drawing" tabIndex={0}>
      <svg width={width} height={height} role="img" aria-label={title}>
        {lanes.map(({ name, y, height: laneHeight }, index) => (
          <g key={name}>
            <rect class={index % 2 === 0 ? 'lane' : 'lane odd'} x={0} y={y} width="100%" height={laneHeight} />
            <text class="strong" x={16} y={y + 42}>
              {name}
            </text>
          </g>
        ))}
        <Times of={layout} startedAt={saga.started_at} />
        {deadlineX === undefined ? null : <Deadline x={deadlineX} height={height} />}
        <Course through={forward} />
        <Course through={back} isBack />
        {steps.map((step) => (
          <StepDot key={step.key} of={step} />
        ))}
        {legs.map((leg) => (
          <LegBox key={leg.key} of={leg} />
        ))}
      </svg>
    </div>
  );
}

/** How long after the beginning each thing happened. */
function Times({ of: { forward }, startedAt }: { of: SagaLayout<Leg>; startedAt: string }) {
  return (
    <>
      {forward.map(({ key, x, at }) => (
        <text key={key} class="quiet small" x={x} y={MARGIN.top - 14} text-anchor="middle">
          {at === undefined ? 'not yet' : `+${formatDuration(Math.max(0, Date.parse(at) - Date.parse(startedAt)))}`}
        </text>
      ))}
    </>
  );
}

function Deadline({ x, height }: { x: number; height: number }) {
  return (
    <>
      <line class="deadline" x1={x} y1={MARGIN.top - 6} x2={x} y2={height} />
      <text class="bad verdict small" x={x} y={12} text-anchor="end">
        deadline
      </text>
    </>
  );
}
