/**
 * The parts of a saga in the order in which they are drawn: what went forward, what took it back, and through which of it the course
 * leads. It leads through what has happened, and what is to come as long as the saga goes on: not through a leg that was given up before
 * it was tried, and not through an undoing that had nothing to undo.
 */
export interface SagaLike<Leg extends LegLike = LegLike> {
  readonly started_at: string;
  readonly deadline_at: string | null;
  readonly steps: readonly StepLike[];
  readonly lanes: readonly { readonly lane: string; readonly service: string; readonly legs: readonly Leg[] }[];
}

interface StepLike {
  readonly at: string;
  readonly step: string;
  readonly reason: string | null;
  readonly n: number;
}

export interface LegLike {
  readonly leg: string;
  readonly n: number;
  readonly direction: 'forward' | 'compensation';
  readonly compensates: string | null;
  readonly verdict: { readonly outcome: string; readonly at: string } | null;
  readonly attempts: readonly { readonly started_at: string | null; readonly outcome: string }[];
  readonly attempt_count: number;
}

export type Item<Leg> = {
  readonly lane: number;
  /** Undefined if it has not happened. */
  readonly at: string | undefined;
  readonly isOnCourse: boolean;
} & ({ readonly leg: Leg } | StepLike);

const ENDS: readonly string[] = ['COMPLETED', 'FAILED', 'CANCELED'];
/** Of a saga that was taken back, or is about to be. */
const OF_UNDOING: readonly string[] = ['FAILED', 'CANCELED', 'UNDOING', 'ATTENTION'];

/** What went forward, and what took it back, each in the order of time. The end of an undone saga is part of what took it back. */
export function inOrder<Leg extends LegLike>({ steps, lanes }: SagaLike<Leg>) {
  const legs = lanes.flatMap(({ service, legs: own }, lane) =>
    own.map((leg) => ({ lane, service, leg, at: timeOf(leg, steps, lanes) })),
  );
  const takingBack = legs
    .filter(({ leg }) => leg.direction === 'compensation')
    .map((each) => ({ ...each, isOnCourse: each.at !== undefined && !hadNothingToUndo(each) }));
  const turn = takingBack
    .filter(({ isOnCourse }) => isOnCourse)
    .sort(byTime)
    .at(0)?.at;
  const isAfterTurn = ({ at }: { at: string | undefined }): boolean =>
    turn !== undefined && at !== undefined && at > turn;
  const own = steps.map((step) => ({ ...step, lane: 0, isOnCourse: true }));
  const isUndone =
    turn !== undefined && own.filter(isAfterTurn).every(({ step, n }) => n > 0 || OF_UNDOING.includes(step));
  const goesOn = turn === undefined && !steps.some(({ step, n }) => n === 0 && ENDS.includes(step));
  const undone = new Set(takingBack.map(({ lane, leg: { compensates, n } }) => `${lane} ${compensates} ${n}`));
  const forward = legs
    .filter(({ leg }) => leg.direction === 'forward')
    .map((each) => ({ ...each, isOnCourse: each.at === undefined ? goesOn : !wasGivenUp(each.leg) }));
  const isBehind = (item: (typeof own)[number] | (typeof forward)[number]): boolean =>
    isUndone && isAfterTurn(item) && !('leg' in item && undone.has(`${item.lane} ${item.leg.leg} ${item.leg.n}`));
  const rest = [...own, ...forward];
  return {
    ahead: rest.filter((item) => !isBehind(item)).sort(byTime) as Item<Leg>[],
    behind: [...takingBack, ...rest.filter(isBehind)].sort(byTime) as Item<Leg>[],
    /** When the first thing was taken back; undefined if nothing was. */
    turn,
  };
}

/** The service of wallets decides by fences: where none says so, no money came back. Others may undo without one. */
function hadNothingToUndo({ service, leg: { verdict, attempts } }: { service: string; leg: LegLike }): boolean {
  return service === 'wallet' && verdict === null && attempts.at(-1)?.outcome === 'completed';
}

/** Canceled by its fence before anybody has tried it. */
function wasGivenUp({ verdict, attempt_count }: LegLike): boolean {
  return verdict?.outcome === 'canceled' && attempt_count === 0;
}

/**
 * A forward leg happens when it is decided, and taking back when it begins. Of an activity that is tried again, Temporal keeps the last
 * attempt's time alone: what a person has to look at began before that was written down.
 */
function timeOf(leg: LegLike, steps: readonly StepLike[], lanes: SagaLike['lanes']): string | undefined {
  const { direction, verdict, attempts } = leg;
  const began = attempts.find(({ started_at }) => started_at !== null)?.started_at ?? undefined;
  if (direction === 'forward') return verdict?.at ?? began;
  const known = began ?? verdict?.at;
  const written = steps.find(({ step, reason }) => step === 'ATTENTION' && reason === `${leg.leg}_failing`)?.at;
  if (known === undefined || written === undefined || attempts[0]?.started_at !== null) return known;
  const writing = lanes
    .flatMap(({ legs }) => legs)
    .filter(({ leg: name }) => /^record_.*attention$/.test(name))
    .flatMap((each) => each.attempts.flatMap(({ started_at }) => started_at ?? []));
  const first = [written, ...writing].sort()[0]!;
  return known < first ? known : new Date(Date.parse(first) - 1).toISOString();
}

/** What has not happened is last. */
function byTime({ at: a = '9' }: { at: string | undefined }, { at: b = '9' }: { at: string | undefined }): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
