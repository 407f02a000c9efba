/**
 * The goals of the bench: ratios within one run, one size in memory, and one of a history. Pure: judges the measurements.
 */
import type { Sightings } from './single.ts';
import type { Starts } from './starts.ts';
import { ratioOf, spreadOf, type Measured, type Spread } from './turns.ts';

export interface Goal {
  readonly name: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** Null if it was not measured in this run. */
  readonly value: Spread | null;
  /** Judged by the median; null if it was not measured. */
  readonly ok: boolean | null;
}

const MANY = 50;
const CROWD = 200;
const GROWN = { from: 10_000, hundredThousand: 100_000, million: 1_000_000 };
/** Orders are measured so many at a time. */
const ORDERS = 20;
const ORDERS_STORED = 100_000;

export function goalsOf(
  results: readonly Measured[],
  starts: Starts | undefined,
  { orderHistory, watchingCost }: Pick<Sightings, 'orderHistory' | 'watchingCost'>,
): Goal[] {
  const ratio = (figure: 'perSecond' | 'p50Ms', one: string, other: string, atOnce = MANY, otherAtOnce = atOnce) => {
    const find = (id: string, n: number) => results.find((each) => each.id === id && each.atOnce === n);
    const [measured, against] = [find(one, atOnce), find(other, otherAtOnce)];
    if (measured === undefined || against === undefined) return null;
    const value = ratioOf(measured, against, figure);
    // Of a round in which nothing ended, nothing is known.
    return Number.isNaN(value.median) ? null : value;
  };
  const grown = (size: number) => ratio('perSecond', `growth-${size}`, `growth-${GROWN.from}`);
  const orders = (one: string, other: string) => ratio('perSecond', `orders-${one}`, other, ORDERS);
  const orderEvents = Object.values(orderHistory).map(({ events }) => events);
  const idleMb = starts?.idle['app']?.residentMb;
  return [
    atLeast(3, 'local, grouped, 50 at a time, to Restate', ratio('perSecond', 'local-grouped', 'restate')),
    atLeast(5, 'local, grouped, 50 at a time, to DBOS', ratio('perSecond', 'local-grouped', 'dbos')),
    atLeast(4, 'local, grouped, 200 at a time, to Restate', ratio('perSecond', 'local-grouped', 'restate', CROWD)),
    atLeast(
      2,
      'ordinary, grouped, 200 at a time, to Restate',
      ratio('perSecond', 'ordinary-grouped', 'restate', CROWD),
    ),
    atLeast(0.65, 'local, 50 at a time, to an empty workflow', ratio('perSecond', 'local', 'engine')),
    ...costGoals(ratio, watchingCost),
    atMost(1.35, 'local, one at a time, p50 to an empty workflow', ratio('p50Ms', 'local', 'engine', 1)),
    atLeast(3, 'batches of 10,000 to TPC-B', ratio('perSecond', 'batch-10000', 'tpcb', 1, 20)),
    atLeast(2, "ordinary, 50 at a time, to the template's shape", ratio('perSecond', 'ordinary', 'template')),
    atLeast(0.9, 'with a million transfers there, to ten thousand', grown(GROWN.million)),
    atLeast(0.9, 'with a hundred thousand transfers there, to ten thousand', grown(GROWN.hundredThousand)),
    atLeast(0.5, 'all out of one wallet, to all wallets in turn', ratio('perSecond', 'hot', 'spread')),
    atLeast(
      0.5,
      'while 60 wait for a wallet that is locked, to all wallets in turn',
      ratio('perSecond', 'locked', 'spread'),
    ),
    atLeast(1 / 3, 'orders, ordinary, to single transfers', orders('ordinary', 'transfers-ordinary')),
    atLeast(1 / 3, 'orders, local, to single transfers', orders('local', 'transfers-local')),
    atLeast(0.5, 'orders, all of one SKU, to all SKUs in turn', orders('hot', 'orders-local')),
    atLeast(
      0.9,
      'orders, with a hundred thousand orders there, to those of this run alone',
      orders(`growth-${ORDERS_STORED}`, 'orders-local'),
    ),
    atMost(
      119,
      'events in the history of a whole order',
      orderEvents.length === 0 ? null : spreadOf([Math.max(...orderEvents)]),
    ),
    atMost(
      350,
      'megabytes resident of API and workers in one process, idle',
      idleMb === undefined ? null : { median: idleMb, min: idleMb, max: idleMb },
    ),
  ];
}

/** What it costs to be watched and guarded. */
function costGoals(
  ratio: (figure: 'perSecond', one: string, other: string) => Spread | null,
  watchingCost: Sightings['watchingCost'],
): Goal[] {
  return [
    atLeast(0.98, 'local, 50 at a time, with metrics to without', ratio('perSecond', 'cost-counted', 'cost-default')),
    atLeast(
      0.95,
      'local, 50 at a time, with traces of one in ten to without',
      ratio('perSecond', 'cost-traced', 'cost-default'),
    ),
    atLeast(
      0.97,
      'local, 50 at a time, with authentication to without',
      ratio('perSecond', 'cost-default', 'cost-unauthenticated'),
    ),
    atLeast(
      0.95,
      'local, 50 at a time, with encrypted payloads to without',
      ratio('perSecond', 'cost-encrypted', 'cost-default'),
    ),
    atMost(50, 'milliseconds of a scrape, with many transfers there', watchingCost?.scrapeMs ?? null),
    atMost(
      1,
      'percent of a core for the collector of the state, with many transfers there',
      watchingCost === undefined ? null : spreadOf([watchingCost.collectorShare * 100]),
    ),
  ];
}

/** Whether every goal that was measured is met. */
export function areMet(goals: readonly Goal[]): boolean {
  return goals.every(({ ok }) => ok !== false);
}

function atLeast(limit: number, name: string, value: Spread | null): Goal {
  return { name, atLeast: limit, value, ok: value === null ? null : value.median >= limit };
}

function atMost(limit: number, name: string, value: Spread | null): Goal {
  return { name, atMost: limit, value, ok: value === null ? null : value.median <= limit };
}
