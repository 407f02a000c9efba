/**
 * Where the parts of a saga are drawn. Each service has a lane. The forward course goes from left to right, in the order in which things
 * happened; what takes a leg back stands beneath it, so that the course of the compensation goes from right to left, and an undone saga
 * ends where it began. The distances are the order and no duration: a leg may take 5 ms or 10 minutes.
 */
import { inOrder, type Item, type LegLike, type SagaLike } from './saga-order.ts';

/** Six columns fit into a window of 1,280 px. */
const CELL = { width: 152, height: 92 };
export const BOX = { width: 136, height: 66 };
/** Room for the names of the lanes, and for the times above. */
export const MARGIN = { left: 84, top: 40, right: 24, bottom: 12 };

interface Placed {
  readonly key: string;
  /** The middle. */
  readonly x: number;
  readonly y: number;
  /** Undefined if it has not happened. */
  readonly at: string | undefined;
  /** Whether it stands beneath what went forward, and has its time above itself. */
  readonly isLower: boolean;
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
  /** Through what went forward, and through what took it back. */
  readonly forward: readonly Placed[];
  readonly back: readonly Placed[];
  /** Undefined without a deadline. */
  readonly deadlineX: number | undefined;
}

export function layOut<Leg extends LegLike>(saga: SagaLike<Leg>): SagaLayout<Leg> {
  const { ahead, behind, turn } = inOrder(saga);
  const columns = columnsOf(ahead, behind);
  const hasLower = new Set(behind.map(({ lane }) => lane));
  const tops: number[] = [];
  let top = MARGIN.top;
  for (const lane of saga.lanes.keys()) {
    tops.push(top);
    top += CELL.height * (hasLower.has(lane) ? 2 : 1);
  }
  const place = (item: Item<Leg>, row: 0 | 1) => ({
    key: 'leg' in item ? `${item.leg.leg}/${item.leg.n}` : `${item.step}/${item.n}/${item.at}`,
    x: MARGIN.left + CELL.width * (columns.get(item)! + 0.5),
    y: tops[item.lane]! + CELL.height * (row + 0.5),
    at: item.at,
    isLower: row === 1,
    item,
  });
  const everything = [...ahead.map((item) => place(item, 0)), ...behind.map((item) => place(item, 1))];
  const course = everything.filter(({ item }) => item.isOnCourse);
  const forward = course.filter(({ isLower }) => !isLower);
  const back = course.filter(({ isLower }) => isLower);
  const turning = forward.findLast(({ at }) => at !== undefined && turn !== undefined && at <= turn) ?? forward.at(-1);
  const width = MARGIN.left + CELL.width * Math.max(new Set(columns.values()).size, 1) + MARGIN.right;
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
    back: back.length === 0 || turning === undefined ? [] : [turning, ...back],
    deadlineX: saga.deadline_at === null ? undefined : xOfDeadline(saga.deadline_at, forward, width),
  };
}

/**
 * The column of each item, from 0 on. What has a place of its own below takes it; the rest stands to the left of what came before it, where
 * there is room in its lane, or else in a column that is put in.
 */
function columnsOf<Leg extends LegLike>(
  ahead: readonly Item<Leg>[],
  behind: readonly Item<Leg>[],
): Map<Item<Leg>, number> {
  const columns = new Map<Item<Leg>, number>(ahead.map((item, column) => [item, column]));
  const taken = new Set<string>();
  const put = (item: Item<Leg>, column: number): void => {
    columns.set(item, column);
    taken.add(`${item.lane} ${column}`);
  };
  for (const item of [...behind].reverse()) {
    const column = columnBeneath(item, ahead);
    if (column !== undefined && !taken.has(`${item.lane} ${column}`)) put(item, column);
  }
  let before = ahead.length;
  for (const [index, item] of behind.entries()) {
    if (!columns.has(item)) {
      const later = behind.slice(index + 1).flatMap((each) => columns.get(each) ?? []);
      const end = Math.max(0, ...later.filter((column) => column < before));
      const used = [...columns.values()].filter((column) => column >= end && column < before).sort((a, b) => b - a);
      const free = used.find((column) => column > end && !taken.has(`${item.lane} ${column}`));
      put(item, index === 0 ? before : (free ?? ((used[0] ?? end) + before) / 2));
    }
    before = columns.get(item)!;
  }
  const ranks = new Map([...new Set(columns.values())].sort((a, b) => a - b).map((column, rank) => [column, rank]));
  return new Map([...columns].map(([item, column]) => [item, ranks.get(column)!]));
}

/** A compensation stands beneath what it takes back, and the end of an undone saga beneath its beginning. That it waits for a person is no end. */
function columnBeneath<Leg extends LegLike>(item: Item<Leg>, ahead: readonly Item<Leg>[]): number | undefined {
  const isIt = (other: Item<Leg>): boolean =>
    'leg' in item
      ? 'leg' in other && other.leg.leg === item.leg.compensates && other.leg.n === item.leg.n
      : 'step' in other && other.n === item.n && !['ATTENTION', 'UNDOING'].includes(item.step);
  const column = ahead.findIndex(isIt);
  return column === -1 ? undefined : column;
}

/** Between what happened before it and what happened after it; at the end as long as it has not come. */
function xOfDeadline(deadline: string, forward: readonly Placed[], width: number): number {
  const after = forward.find(({ at }) => at !== undefined && at > deadline);
  return after === undefined ? width - MARGIN.right + 4 : after.x - CELL.width / 2;
}
