/**
 * The schedule of the faults, drawn completely from the seed before the run. Every kind is drawn once before any is drawn again.
 * There are two lanes, so that faults overlap. Pure.
 */
import type { Draws } from './draws.ts';
import type { Fault, FaultKind } from './fault.ts';

export interface ScheduledFault {
  /** Milliseconds from the start of the run. A fault begins later if the one before it in its lane has not healed. */
  readonly atMs: number;
  readonly lane: number;
  readonly fault: Fault;
  readonly draws: Draws;
}

const LANES = 2;
const PAUSE_MS = { min: 500, max: 4_000 };
/** The schedule ends after so many draws in a row that fit in no lane. */
const VAIN_DRAWS_MAX = 20;

/** Returns the faults in the order of time. A run that is too short for all kinds has some of them. */
export function drawSchedule(kinds: readonly FaultKind[], draws: Draws, forMs: number): ScheduledFault[] {
  const lanes = Array.from({ length: LANES }, (_, lane) => draws.whole(PAUSE_MS.min, PAUSE_MS.max, 'begin', lane));
  const schedule: ScheduledFault[] = [];
  let vain = 0;
  for (let n = 0; vain < VAIN_DRAWS_MAX && kinds.length > 0; n += 1) {
    const own = draws.of('fault', n);
    const fault = kindAt(n, kinds, draws).draw(own);
    const lane = lanes.indexOf(Math.min(...lanes));
    const atMs = lanes[lane]!;
    if (atMs + fault.lastsMs > forMs) {
      vain += 1;
      continue;
    }
    schedule.push({ atMs, lane, fault, draws: own });
    lanes[lane] = atMs + fault.lastsMs + own.whole(PAUSE_MS.min, PAUSE_MS.max, 'pause');
  }
  return schedule.sort((a, b) => a.atMs - b.atMs);
}

/** Returns first each kind once, in a random order, then any by its weight. */
function kindAt(n: number, kinds: readonly FaultKind[], draws: Draws): FaultKind {
  if (n < kinds.length) return draws.shuffled(kinds, 'order')[n]!;
  const total = kinds.reduce((sum, { weight }) => sum + weight, 0);
  let rest = draws.number('kind', n) * total;
  return kinds.find(({ weight }) => (rest -= weight) < 0) ?? kinds[0]!;
}
