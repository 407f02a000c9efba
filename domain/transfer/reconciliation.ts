/**
 * What a reconciliation is about: the ends of a run, what it calls wrong, and how far back it looks. Pure; the vocabulary
 * that its workflow, its activities, the databases and the API share.
 */

/**
 * `CLEAN` nothing disagreed, `REPAIRED` all that disagreed could be repaired, `FOUND` there are cases for the rest,
 * `FAILED` the run could not come to its end, so the next one looks at the same changes again.
 */
export const RUN_STATUSES = ['RUNNING', 'CLEAN', 'REPAIRED', 'FOUND', 'FAILED'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** `changes`: what changed since the last run, and a part of the rest; `all`: everything there is. */
export const RUN_SCOPES = ['changes', 'all'] as const;
export type RunScope = (typeof RUN_SCOPES)[number];

/** Why the reconciliation opens a case. */
export const DISAGREEMENTS = [
  /** It has not ended, no workflow of it is open, and none could be started. */
  'workflow_missing',
  /** It has settled, and its workflow, which is open, has not noticed and would not for long. */
  'workflow_behind',
  /** A wallet shard has entries or fences of a movement that nobody asked for. */
  'entries_without_movement',
  /** Entries, fences or steps are not those of its status. */
  'entries_disagree',
  /** A wallet's balance is not what its entries say. */
  'balance_disagrees',
  /** A wallet shard lacks what it is known to have had: it was restored from before that. */
  'shard_behind',
  /** The Schedule of an active recurring transfer is paused or not there, and could not be put right. */
  'schedule_stopped',
] as const;
export type Disagreement = (typeof DISAGREEMENTS)[number];

/** What a run found about one subject. */
export interface Finding {
  /**
   * `transfer/<id>`, `transaction/<id>`, `movement/<id>` of one that is unknown, `batch/<id>`, `wallet/<id>`, `shard/<n>`,
   * `recurring/<id>`, or `workflow/<workflow id>`.
   */
  readonly subject: string;
  readonly reason: Disagreement;
  /** In a sentence, which stays the same as long as nothing about it changes. */
  readonly detail: string;
}

/**
 * How far a run looks back beyond the mark of the last one. What was committed late must not be missed: a time is taken
 * within a statement, which the service's role ends after 4 s, so its commit follows within that. The rest is for clocks
 * of two database servers that differ, and for `SETTLE_SECONDS`, so that what was too young to be judged comes again.
 */
export const OVERLAP_SECONDS = 120;

/** A movement whose row is younger may not have been started yet: that it has no workflow is left to a later run. */
export const SETTLE_SECONDS = 60;

/** From one run of the schedule to the next. */
export const EVERY_SECONDS = 300;

/** Milliseconds since 1970, on the clock of the database that it is about; the end is excluded. */
export interface Window {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** By the number of the shard. */
export type ShardWindows = Readonly<Record<string, Window>>;

/**
 * What a run looks at. `cases`: what is known to disagree from before. `closed_workflows`, `changed`, `fences`, `entries`: what
 * happened within its window, which in the shards has no beginning where the scope is `all`. `open_workflows`, `open`, `ended`, `wallets` and `schedules`: a bounded part of what did not change, each run
 * going on where the one before has ended, so that damage which leaves no time behind is found in the end; or all of it.
 */
export type Place =
  | { readonly of: 'cases' | 'closed_workflows' }
  | { readonly of: 'open_workflows' | 'schedules'; readonly isWhole?: boolean }
  | { readonly of: 'changed'; readonly kind: MovementKind }
  | { readonly of: 'open' | 'ended'; readonly kind: MovementKind; readonly isWhole?: boolean }
  | { readonly of: 'fences' | 'entries'; readonly shard: number }
  | { readonly of: 'wallets'; readonly shard: number; readonly isWhole?: boolean };

type MovementKind = 'transfer' | 'transaction';

/** A place, and the time of its database that a run looks at there. */
export interface PlaceInRun {
  readonly place: Place;
  readonly window: Window;
}

/** Where a look at a place has come to. */
export interface Cursor {
  readonly atMs: number;
  readonly key: string;
}

/** Where the looks at what did not change have come to, by the name of the place. */
export type Patrol = Readonly<Record<string, Cursor | null>>;

export function placesOf(scope: RunScope, window: Window, shardWindows: ShardWindows): PlaceInRun[] {
  const whole = scope === 'all' ? { isWhole: true } : {};
  const kinds: readonly MovementKind[] = ['transfer', 'transaction'];
  const places: readonly Place[] = [
    { of: 'cases' },
    { of: 'closed_workflows' },
    { of: 'open_workflows', ...whole },
    { of: 'schedules', ...whole },
    ...kinds.map((kind): Place => ({ of: 'open', kind, ...whole })),
    ...kinds.map((kind): Place => ({ of: 'changed', kind })),
    ...kinds.map((kind): Place => ({ of: 'ended', kind, ...whole })),
  ];
  const inShards = Object.entries(shardWindows).flatMap(([number, own]) => {
    const shard = Number(number);
    const those: readonly Place[] = [
      { of: 'fences', shard },
      { of: 'entries', shard },
      { of: 'wallets', shard, ...whole },
    ];
    return those.map((place) => ({ place, window: own }));
  });
  return [...places.map((place) => ({ place, window })), ...inShards];
}

/** The places of a run that began under a worker of before the run was told them. Replays of it need these, in this order. */
export function formerPlacesOf(shardCount: number, window: Window): PlaceInRun[] {
  const shards = Array.from({ length: shardCount }, (_, shard) => shard);
  const places: readonly Place[] = [
    { of: 'cases' },
    { of: 'closed_workflows' },
    { of: 'open', kind: 'transfer' },
    { of: 'open', kind: 'transaction' },
    { of: 'changed', kind: 'transfer' },
    { of: 'changed', kind: 'transaction' },
    ...shards.flatMap((shard): Place[] => [
      { of: 'fences', shard },
      { of: 'entries', shard },
      { of: 'wallets', shard },
    ]),
  ];
  return places.map((place) => ({ place, window }));
}

export function nameOf(place: Place): string {
  if ('kind' in place) return `${place.of}/${place.kind}`;
  return 'shard' in place ? `${place.of}/${place.shard}` : place.of;
}

/** Whether one run looks at a part of it alone. */
export function isPatrolled(place: Place): boolean {
  return (
    ['open_workflows', 'schedules', 'open', 'ended', 'wallets'].includes(place.of) &&
    !('isWhole' in place && place.isWhole === true)
  );
}

/** What a run has done so far. */
export interface Tally {
  /** Movements, entries, wallets and Schedules that were looked at. */
  readonly checked: number;
  /** Workflows that were started again, and Schedules that were put right. */
  readonly repaired: number;
  readonly casesOpened: number;
  readonly casesClosed: number;
  /** How many subjects disagree, those known from before included. */
  readonly found: number;
  /** The first of them. */
  readonly findings: readonly Finding[];
}

const FINDINGS_KEPT = 100;

export const EMPTY_TALLY: Tally = { checked: 0, repaired: 0, casesOpened: 0, casesClosed: 0, found: 0, findings: [] };

export function addTallies(one: Tally, other: Partial<Tally>): Tally {
  return {
    checked: one.checked + (other.checked ?? 0),
    repaired: one.repaired + (other.repaired ?? 0),
    casesOpened: one.casesOpened + (other.casesOpened ?? 0),
    casesClosed: one.casesClosed + (other.casesClosed ?? 0),
    found: one.found + (other.found ?? 0),
    findings: [...one.findings, ...(other.findings ?? [])].slice(0, FINDINGS_KEPT),
  };
}

/** How a run ends that has come to its end. */
export function runStatus({ found, repaired }: Tally): 'CLEAN' | 'REPAIRED' | 'FOUND' {
  if (found > 0) return 'FOUND';
  return repaired > 0 ? 'REPAIRED' : 'CLEAN';
}

/** What a case can be about. */
export const SUBJECT_KINDS = [
  'transfer',
  'transaction',
  'movement',
  'batch',
  'wallet',
  'shard',
  'recurring',
  'workflow',
] as const;

/** `transfer/<id>` as its parts. */
export function subjectOf(subject: string): { kind: (typeof SUBJECT_KINDS)[number]; id: string } {
  const end = subject.indexOf('/');
  const kind = SUBJECT_KINDS.find((each) => each === subject.slice(0, end));
  if (kind === undefined) throw new Error(`not a subject of the reconciliation: ${subject}`);
  return { kind, id: subject.slice(end + 1) };
}

/** `workflow/<workflow id>`. */
export function workflowSubject(workflowId: string): string {
  return `workflow/${workflowId}`;
}

/** `shard/<n>`: what a case is about that stops what would move money in a shard. */
export function shardSubject(shard: number | ''): string {
  return `shard/${shard}`;
}
