/**
 * The vocabulary of the reconciliation: the statuses of a run, the disagreements that it finds, and how far back it looks. Pure;
 * workflow, activities, databases and API share it.
 */

/**
 * `CLEAN`: nothing disagreed. `REPAIRED`: all that disagreed could be repaired. `FOUND`: there are cases for the rest. `FAILED`:
 * the run could not finish, so the next one looks at the same changes again.
 */
export const RUN_STATUSES = ['RUNNING', 'CLEAN', 'REPAIRED', 'FOUND', 'FAILED'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** `changes`: what changed since the last run, and a part of the rest; `all`: everything there is. */
export const RUN_SCOPES = ['changes', 'all'] as const;
export type RunScope = (typeof RUN_SCOPES)[number];

/** Why the reconciliation opens a case. */
export const DISAGREEMENTS = [
  /** The movement or batch has not ended, no workflow of it is open, and none could be started. */
  'workflow_missing',
  /** The movement has ended, or its hold is settled, but its open workflow has not noticed, and would not for long. */
  'workflow_behind',
  /** A wallet shard has entries or fences of a movement that nobody asked for. */
  'entries_without_movement',
  /** Entries, fences or steps are not those of the movement's status. */
  'entries_disagree',
  /** A wallet's balance is not what its entries say. */
  'balance_disagrees',
  /** A wallet shard lacks a leg that it is known to have decided: it was restored to an earlier state. */
  'shard_behind',
  /** The Schedule of an active recurring transfer is paused or not there, and could not be put right. */
  'schedule_stopped',
] as const;
export type Disagreement = (typeof DISAGREEMENTS)[number];

/** The finding of a run about one subject. */
export interface Finding {
  /**
   * `transfer/<id>`, `transaction/<id>`, `movement/<id>` of an unknown movement, `batch/<id>`, `wallet/<id>`, `shard/<n>`,
   * `recurring/<id>`, or `workflow/<workflow id>`.
   */
  readonly subject: string;
  readonly reason: Disagreement;
  /** A sentence, which stays the same as long as nothing about the finding changes. */
  readonly detail: string;
}

/**
 * How far a run looks back beyond the mark of the last one. Rows that are committed late must not be missed: a row's time is taken
 * within a statement, which the service's role ends after 4 s, so the commit follows within 4 s. The rest is for the differing
 * clocks of two database servers, and for `GRACE_SECONDS`, so that a movement too young to be judged is looked at again.
 */
export const OVERLAP_SECONDS = 120;

/** A movement whose row is younger may not have been started yet: a later run judges whether it lacks a workflow. */
export const GRACE_SECONDS = 60;

/** The time from one run of the schedule to the next. */
export const EVERY_SECONDS = 300;

/** Milliseconds since 1970, on the clock of the database that is looked at; the end is excluded. */
export interface Window {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** The windows of the shards, by the number of the shard. */
export type ShardWindows = Readonly<Record<string, Window>>;

/**
 * A place that a run looks at. `cases`: the open cases. `closed_workflows`, `changed`, `fences`, `entries`: what happened within
 * the window, which in the shards has no beginning if the scope is `all`. `open_workflows`, `open`, `ended`, `wallets`,
 * `schedules`: a bounded part of what did not change, where each run goes on where the one before has ended, so that damage which
 * leaves no time behind is found in the end; or all of it, if `isWhole`.
 */
export type Place =
  | { readonly of: 'cases' | 'closed_workflows' }
  | { readonly of: 'open_workflows' | 'schedules'; readonly isWhole?: boolean }
  | { readonly of: 'changed'; readonly kind: MovementKind }
  | { readonly of: 'open' | 'ended'; readonly kind: MovementKind; readonly isWhole?: boolean }
  | { readonly of: 'fences' | 'entries'; readonly shard: number }
  | { readonly of: 'wallets'; readonly shard: number; readonly isWhole?: boolean };

type MovementKind = 'transfer' | 'transaction';

/** A place, and the window that a run looks at there, on the clock of the place's database. */
export interface PlaceInRun {
  readonly place: Place;
  readonly window: Window;
}

/** How far a look at a place has come. */
export interface Cursor {
  readonly atMs: number;
  readonly key: string;
}

/** How far the looks at what did not change have come, by the name of the place. */
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

/**
 * The places of a run that began under an old worker, which did not return any. Replays of such a run need these, in this order.
 */
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

/** Whether one run looks at only a part of the place. */
export function isPatrolled(place: Place): boolean {
  return (
    ['open_workflows', 'schedules', 'open', 'ended', 'wallets'].includes(place.of) &&
    !('isWhole' in place && place.isWhole === true)
  );
}

/** The counts of a run so far. */
export interface Tally {
  /** Movements, entries, wallets and Schedules that were looked at. */
  readonly checked: number;
  /** Workflows that were started again, and Schedules that were put right. */
  readonly repaired: number;
  readonly casesOpened: number;
  readonly casesClosed: number;
  /** How many subjects disagree, including those that are known from before. */
  readonly found: number;
  /** The first 100 findings. */
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

/** The status of a run that has finished. */
export function runStatus({ found, repaired }: Tally): 'CLEAN' | 'REPAIRED' | 'FOUND' {
  if (found > 0) return 'FOUND';
  return repaired > 0 ? 'REPAIRED' : 'CLEAN';
}

/** The kinds of subjects of a case. */
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

/** Splits `transfer/<id>` into its parts. Throws if the kind is unknown. */
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

/**
 * `shard/<n>`. While a case of this subject is open, nothing is accepted that would move money in the shard. Given '', the prefix
 * of all of these.
 */
export function shardSubject(shard: number | ''): string {
  return `shard/${shard}`;
}
