/** A saga as a drawing: lanes, legs with the verdicts of their fences, attempts as ticks, and compensations beneath what they undo. */
import type { Saga } from '../../client/client.ts';
import { withOwnLane } from '../format/own-lane.ts';
import { BOX, layOut, MARGIN, type SagaLayout } from '../format/saga-layout.ts';
import type { Leg } from './leg.ts';
import { givenUpIn } from '../format/saga-words.ts';
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
  const isGivenUp = givenUpIn<Leg>(saga);
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
        {deadlineX === undefined ? null : <Deadline x={deadlineX} height={height} />}
        <Course through={forward} />
        <Course through={back} isBack />
        <Times of={layout} startedAt={saga.started_at} />
        {steps.map((step) => (
          <StepDot key={step.key} of={step} />
        ))}
        {legs.map((leg) => (
          <LegBox key={leg.key} of={leg} isGivenUp={isGivenUp(leg.leg)} />
        ))}
      </svg>
    </div>
  );
}

/** How long after the beginning each thing happened: of what went forward above all, of what took it back above itself. */
function Times({ of: { legs, steps, forward }, startedAt }: { of: SagaLayout<Leg>; startedAt: string }) {
  const isToCome = new Set(forward.flatMap(({ key, at }) => (at === undefined ? [key] : [])));
  const shown = [...steps.map((step) => ({ ...step, isBox: false })), ...legs.map((leg) => ({ ...leg, isBox: true }))];
  return (
    <>
      {shown.map(({ key, x, y, at, isLower, isBox }) =>
        at === undefined && !isToCome.has(key) ? null : (
          <text
            key={key}
            class="quiet small time"
            // Not in the middle of a box, where the course comes in from above.
            x={isLower && isBox ? x - BOX.width / 2 : x}
            y={isLower ? y - BOX.height / 2 - 3 : MARGIN.top - 14}
            text-anchor={isLower && isBox ? 'start' : 'middle'}
          >
            {at === undefined ? 'not yet' : `+${formatDuration(Math.max(0, Date.parse(at) - Date.parse(startedAt)))}`}
          </text>
        ),
      )}
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
