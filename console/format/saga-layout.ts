/**
 * Where the parts of a saga are drawn. Each service has a lane. The forward course goes from left to right, in the order in which things
 * happened; what takes a leg back stands beneath it, so that the course of the compensation goes from right to left, and an undone saga
 * ends where it began. The distances are the order and no duration: a leg may take 5 ms or 10 minutes.
 */
export interface SagaLike {
  readonly started_at: string;
  readonly deadline_at: string | null;
  readonly steps: readonly {
    readonly at: string;
    readonly step: string;
    readonly reason: string | null;
    readonly n: number;
  }[];
  readonly lanes: readonly { readonly lane: string; readonly legs: readonly LegLike[] }[];
}

export interface LegLike {
  readonly leg: string;
  readonly n: number;
  readonly direction: 'forward' | 'compensation';
  readonly compensates: string | null;
  readonly verdict: { readonly at: string } | null;
  readonly attempts: readonly { readonly started_at: string | null }[];
}

/** Six columns fit into a window of 1,280 px. */
const CELL = { width: 152, height: 76 };
export const BOX = { width: 130, height: 54 };
/** Room for the names of the lanes, and for the times above. */
export const MARGIN = { left: 84, top: 40, right: 24, bottom: 12 };

interface Placed {
  readonly key: string;
  /** The middle. */
  readonly x: number;
  readonly y: number;
  /** Undefined if it has not happened. */
  readonly at: string | undefined;
}

export interface PlacedLeg<Leg> extends Placed {
  readonly leg: Leg;
}

export interface PlacedStep extends Placed {
  readonly step: string;
  readonly reason: string | null;
}

export interface SagaLayout<Leg> {
  readonly width: number;
  readonly height: number;
  readonly lanes: readonly { readonly name: string; readonly y: number; readonly height: number }[];
  readonly legs: readonly PlacedLeg<Leg>[];
  readonly steps: readonly PlacedStep[];
  /** Through everything that went forward, and through everything that took it back. */
  readonly forward: readonly Placed[];
  readonly back: readonly Placed[];
  /** Undefined without a deadline. */
  readonly deadlineX: number | undefined;
}

type Item<Leg> = { readonly lane: number; readonly at: string | undefined } & (
  { readonly leg: Leg } | { readonly step: string; readonly reason: string | null; readonly n: number }
);

export function layOut<Leg extends LegLike>(
  saga: SagaLike & { readonly lanes: readonly { readonly lane: string; readonly legs: readonly Leg[] }[] },
): SagaLayout<Leg> {
  const { ahead, behind } = inOrder(saga);
  const columns = new Map<Item<Leg>, number>(ahead.map((item, column) => [item, column]));
  let free = ahead.length;
  for (const item of behind) columns.set(item, columnBeneath(item, ahead) ?? free++);

  const hasLower = new Set(behind.map(({ lane }) => lane));
  const tops: number[] = [];
  let top = MARGIN.top;
  for (const lane of saga.lanes.keys()) {
    tops.push(top);
    top += CELL.height * (hasLower.has(lane) ? 2 : 1);
  }
  const place = (item: Item<Leg>, row: 0 | 1): Placed => ({
    key: 'leg' in item ? `${item.leg.leg}/${item.leg.n}` : `${item.step}/${item.n}/${item.at}`,
    x: MARGIN.left + CELL.width * (columns.get(item)! + 0.5),
    y: tops[item.lane]! + CELL.height * (row + 0.5),
    at: item.at,
  });
  const forward = ahead.map((item) => ({ ...place(item, 0), item }));
  const back = behind.map((item) => ({ ...place(item, 1), item }));
  const everything = [...forward, ...back];
  const width = MARGIN.left + CELL.width * Math.max(free, 1) + MARGIN.right;
  return {
    width,
    height: top + MARGIN.bottom,
    lanes: saga.lanes.map(({ lane }, index) => ({
      name: lane,
      y: tops[index]!,
      height: (tops[index + 1] ?? top) - tops[index]!,
    })),
    legs: everything.flatMap(({ item, ...placed }) => ('leg' in item ? [{ ...placed, leg: item.leg }] : [])),
    steps: everything.flatMap(({ item, ...placed }) =>
      'step' in item ? [{ ...placed, step: item.step, reason: item.reason }] : [],
    ),
    forward,
    back: back.length === 0 ? [] : [forward.at(-1)!, ...back],
    deadlineX: saga.deadline_at === null ? undefined : xOfDeadline(saga.deadline_at, forward, width),
  };
}

/** What went forward, and what took it back with all that followed, each in the order in which it happened. */
function inOrder<Leg extends LegLike>(
  saga: SagaLike & { readonly lanes: readonly { readonly legs: readonly Leg[] }[] },
) {
  const legs = saga.lanes.flatMap(({ legs: own }, lane) => own.map((leg) => ({ lane, at: timeOf(leg), leg })));
  const steps = saga.steps.map(({ at, step, reason, n }) => ({ lane: 0, at, step, reason, n }));
  const behindLegs = legs.filter(({ leg }) => leg.direction === 'compensation').sort(byTime);
  const turn = behindLegs[0]?.at;
  const isAfterTurn = ({ at }: { at: string }): boolean => turn !== undefined && at > turn;
  const aheadLegs = legs.filter(({ leg }) => leg.direction === 'forward');
  return {
    ahead: [...steps.filter((step) => !isAfterTurn(step)), ...aheadLegs].sort(byTime) as Item<Leg>[],
    behind: [...behindLegs, ...steps.filter(isAfterTurn)].sort(byTime) as Item<Leg>[],
  };
}

function timeOf({ verdict, attempts }: LegLike): string | undefined {
  return verdict?.at ?? attempts.find(({ started_at }) => started_at !== null)?.started_at ?? undefined;
}

/** What has not happened is last. */
function byTime({ at: a = '9' }: { at: string | undefined }, { at: b = '9' }: { at: string | undefined }): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A compensation stands beneath what it takes back, and the end of an undone saga beneath its beginning. That it waits for a person is no end. */
function columnBeneath<Leg extends LegLike>(item: Item<Leg>, ahead: readonly Item<Leg>[]): number | undefined {
  const isIt = (other: Item<Leg>): boolean =>
    'leg' in item
      ? 'leg' in other && other.leg.leg === item.leg.compensates && other.leg.n === item.leg.n
      : 'step' in other && other.n === item.n && item.step !== 'ATTENTION';
  const column = ahead.findIndex(isIt);
  return column === -1 ? undefined : column;
}

/** Between what happened before it and what happened after it; at the end as long as it has not come. */
function xOfDeadline(deadline: string, forward: readonly Placed[], width: number): number {
  const after = forward.find(({ at }) => at !== undefined && at > deadline);
  return after === undefined ? width - MARGIN.right + 4 : after.x - CELL.width / 2;
}
