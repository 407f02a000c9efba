/**
 * The report of a run of the bench, as tables and as JSON. Ratios come first, because absolute figures depend on the machine. Pure.
 */
import { COST_NAMES } from './costs.ts';
import type { Goal } from './goals.ts';
import type { Memory } from './memory.ts';
import type { Sightings } from './single.ts';
import type { Starts } from './starts.ts';
import { ratioOf, spreadOf, type Cost, type Measured, type Spread } from './turns.ts';

export interface Report {
  readonly ok: boolean;
  readonly isQuick: boolean;
  readonly goals: readonly Goal[];
  readonly results: readonly Measured[];
  /** The turns that broke off and were repeated once, with the reason. */
  readonly brokenOff: readonly string[];
  /** The program that ran TPC-B. */
  readonly tpcbBy: string | undefined;
  readonly starts: Starts | undefined;
  readonly sightings: Sightings;
  /** Whether the audit after the measurements found that the invariants hold. */
  readonly isAudited: boolean;
  readonly machine: Readonly<Record<string, string>>;
  readonly tookSeconds: number;
}

const TITLES: Readonly<Record<string, string>> = {
  database: 'PostgreSQL alone, the five statements',
  engine: 'Temporal alone, an empty workflow',
  'local-grouped': 'Counterpoise, local dispatch, grouped',
  local: 'Counterpoise, local dispatch',
  'ordinary-grouped': 'Counterpoise, ordinary dispatch, grouped',
  ordinary: 'Counterpoise, ordinary dispatch',
  template: "The Temporal template's shape",
  dbos: 'DBOS Transact',
  restate: 'Restate',
  tpcb: 'TPC-B',
  ...COST_NAMES,
  'read-transfer': 'a transfer',
  'read-transfers': 'the transfers of a wallet',
  'read-statement': 'the statement of a wallet',
  spread: 'all wallets in turn, two shards',
  hot: 'all out of one wallet, two shards',
  locked: 'all but one that is locked and waited for, two shards',
  'one-shard': 'all wallets in turn, one shard',
  'transfers-ordinary': 'single transfers, ordinary dispatch',
  'orders-ordinary': 'orders, ordinary dispatch',
  'transfers-local': 'single transfers, local dispatch',
  'orders-local': 'orders, local dispatch',
  'orders-hot': 'orders, local dispatch, all of one SKU',
};

export const SINGLE = [
  'database',
  'engine',
  'local-grouped',
  'local',
  'ordinary-grouped',
  'ordinary',
  'template',
  'dbos',
  'restate',
] as const;

export function titleOf(id: string): string {
  const sized = /^(batch|growth|orders-growth)-(\d+)$/.exec(id);
  if (sized === null) return TITLES[id] ?? id;
  const count = Number(sized[2]).toLocaleString('en');
  if (sized[1] === 'batch') return `batches of ${count}`;
  return sized[1] === 'growth' ? `${count} transfers there` : `orders, local dispatch, ${count} there`;
}

/** The report as Markdown, with the parts that were measured. */
export function sections(
  report: Report,
): Readonly<Record<'goals' | 'single' | 'costs' | 'batches' | 'reads' | 'shapes' | 'orders' | 'machines', string>> {
  const { goals, results, starts, sightings } = report;
  const ids = (...prefixes: string[]): Measured[] =>
    results.filter(({ id }) => prefixes.some((prefix) => id === prefix || id.startsWith(`${prefix}-`)));
  const against = (id: string, atOnce?: number) => (one: Measured) =>
    results.find((other) => other.id === id && other.atOnce === (atOnce ?? one.atOnce));
  const single = SINGLE.flatMap((id) => results.filter((one) => one.id === id)).toSorted((a, b) => a.atOnce - b.atOnce);
  return {
    goals: goalTable(goals),
    single: [speedTable(single, 'to an empty workflow', against('engine')), costTable(single, 'transfer')]
      .join('\n\n')
      .trim(),
    costs: [
      speedTable(ids('cost'), 'to as it is by default', against('cost-default')),
      costTable(ids('cost'), 'transfer'),
    ]
      .join('\n\n')
      .trim(),
    batches: speedTable(ids('tpcb', 'batch'), 'to TPC-B', against('tpcb', 20)),
    reads: speedTable(ids('read')),
    shapes: [
      speedTable(ids('spread', 'hot', 'locked', 'one-shard'), 'to all wallets in turn', against('spread')),
      speedTable(ids('growth'), 'to the fewest', (one) => ids('growth').find(({ atOnce }) => atOnce === one.atOnce)),
    ]
      .join('\n\n')
      .trim(),
    orders: orderTables(ids('transfers', 'orders'), against),
    machines: machineTables(starts, sightings),
  };
}

function orderTables(
  results: readonly Measured[],
  against: (id: string) => (one: Measured) => Measured | undefined,
): string {
  const floorOf = ({ id }: Measured): string => (id.endsWith('-ordinary') ? 'transfers-ordinary' : 'transfers-local');
  return [
    speedTable(results, 'to single transfers', (one) => against(floorOf(one))(one)),
    costTable(results, 'order or transfer'),
  ]
    .join('\n\n')
    .trim();
}

function goalTable(goals: readonly Goal[]): string {
  return table(
    ['goal', 'wanted', 'median', 'between', ''],
    goals.map(({ name, atLeast, atMost: limit, value, ok }) => [
      name,
      atLeast === undefined ? `at most ${limit}` : `at least ${Number(atLeast.toFixed(3))}`,
      value === null ? 'not measured' : figure(value.median),
      value === null ? '' : `${figure(value.min)} and ${figure(value.max)}`,
      ok === null ? '' : ok ? '✓' : '✗',
    ]),
  );
}

function speedTable(
  results: readonly Measured[],
  ratioTitle?: string,
  against?: (one: Measured) => Measured | undefined,
): string {
  if (results.length === 0) return '';
  const rows = results.map((one) => {
    const other = against?.(one);
    const ratio = other === undefined ? '' : figure(ratioOf(one, other, 'perSecond').median);
    const times = [one.p50Ms, one.p99Ms].map(({ median }) => figure(median));
    const cells = [titleOf(one.id), `${one.atOnce}`, spread(one.perSecond), ...times];
    return [...(against === undefined ? cells : [...cells.slice(0, 2), ratio, ...cells.slice(2)])];
  });
  const head = ['', 'at once', 'a second', 'p50 ms', 'p99 ms'];
  return table(against === undefined ? head : [...head.slice(0, 2), ratioTitle!, ...head.slice(2)], rows);
}

/** Medians over the rounds. The bench's own process, which sends the requests, is not in it. */
function costTable(results: readonly Measured[], what: string): string {
  const rows = results.flatMap((one) => {
    const costs = one.rounds.flatMap(({ cost }) => cost ?? []);
    if (costs.length === 0) return [];
    const median = (value: (cost: Cost) => number | undefined): number | undefined => {
      const known = costs.flatMap((cost) => value(cost) ?? []);
      return known.length === 0 ? undefined : spreadOf(known).median;
    };
    const parts = ['own', 'PostgreSQL', 'Temporal'].map((name) => median(({ cpuMs }) => cpuMs[name]));
    const all = parts.reduce<number>((sum, part) => sum + (part ?? 0), 0);
    const groupSize = median((cost) => cost.groupSize);
    return [
      [titleOf(one.id), `${one.atOnce}`, ...[...parts, all, groupSize].map((each) => figure(each ?? Number.NaN))],
    ];
  });
  if (rows.length === 0) return '';
  return table(
    [
      `CPU ms a${what === 'transfer' ? '' : 'n'} ${what}`,
      'at once',
      'its process',
      'PostgreSQL',
      'Temporal',
      'all',
      'transfers a group',
    ],
    rows,
  );
}

function machineTables(starts: Starts | undefined, { loaded, history, orderHistory }: Sightings): string {
  const memory = (title: string, each: Readonly<Record<string, Memory>>): string[][] =>
    Object.entries(each).map(([name, { residentMb, peakMb }]) => [
      `${name}, ${title}`,
      `${Math.round(residentMb)}${peakMb === undefined ? '' : `, at most ${Math.round(peakMb)}`}`,
    ]);
  const parts = [
    starts &&
      table(
        ['start', 'seconds'],
        [
          ['cold', spread(starts.coldSeconds)],
          ['warm', spread(starts.warmSeconds)],
        ],
      ),
    table(
      ['process', 'MB resident'],
      [
        ...memory('idle', starts?.idle ?? {}),
        ...memory('apart, idle', starts?.idleSeparate ?? {}),
        ...memory('after load', loaded),
      ],
    ),
    table(
      ['history in Temporal', 'events', 'bytes'],
      [...histories('a completed transfer', history), ...histories('an order, delivered and paid', orderHistory)],
    ),
  ];
  return parts.filter((part) => part !== undefined && part.split('\n').length > 2).join('\n\n');
}

function histories(of: string, each: Sightings['history']): string[][] {
  return Object.entries(each).map(([dispatch, { events, bytes }]) => [
    `${of}, ${dispatch} dispatch`,
    `${events}`,
    `${bytes}`,
  ]);
}

/** The report for programs, with names in the API's style. */
export function asJson({ ok, goals, results, starts, sightings, ...rest }: Report): object {
  return {
    ok,
    quick: rest.isQuick,
    goals: goals.map(({ name, atLeast, atMost, value, ok: isMet }) => ({
      name,
      ...(atLeast === undefined ? { at_most: atMost } : { at_least: atLeast }),
      value: value && rounded(value),
      ok: isMet,
    })),
    results: results.map(({ id, atOnce, rounds, perSecond, p50Ms, p99Ms, failed }) => ({
      id,
      at_once: atOnce,
      per_second: rounded(perSecond),
      p50_ms: rounded(p50Ms),
      p99_ms: rounded(p99Ms),
      costs: rounds.map(({ cost }) => ({ cpu_ms: cost?.cpuMs ?? null, group_size: cost?.groupSize ?? null })),
      failed,
    })),
    broken_off: rest.brokenOff,
    tpcb_by: rest.tpcbBy ?? null,
    starts: starts === undefined ? null : { cold_seconds: starts.coldSeconds, warm_seconds: starts.warmSeconds },
    memory_mb: { idle: starts?.idle ?? null, idle_separate: starts?.idleSeparate ?? null, loaded: sightings.loaded },
    history: sightings.history,
    order_history: sightings.orderHistory,
    audited: rest.isAudited,
    machine: rest.machine,
    took_seconds: rest.tookSeconds,
  };
}

/** Null if nothing was measured: TPC-B gives no times. */
function rounded({ median, min, max }: Spread): Spread | null {
  const round = (value: number): number => Number(value.toPrecision(4));
  return Number.isNaN(median) ? null : { median: round(median), min: round(min), max: round(max) };
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

function spread({ median, min, max }: Spread): string {
  return min === max ? figure(median) : `${figure(median)} (${figure(min)} to ${figure(max)})`;
}

/** A figure with the precision of a measurement of some seconds. */
function figure(value: number): string {
  if (Number.isNaN(value)) return '–';
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return value.toFixed(value >= 10 ? 1 : 2);
}
