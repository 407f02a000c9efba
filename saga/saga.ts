/**
 * A saga: steps in services with databases of their own, which either all happen or are all undone, whatever dies when.
 *
 *   step ▶ step ▶ pivot ▶ forward ▶ forward      until the pivot is done, everything is undone; from then on, nothing is
 *
 * Every undo is known before the first step runs, and all are asked, also of steps that this run has not begun: an earlier run may
 * have, or a call that was given up. All waiting and retrying is Temporal's.
 */
import {
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  rootCause,
  setCurrentDetails,
  TemporalFailure,
  type ActivityOptions,
} from '@temporalio/workflow';
import type { Done, Outcome, PivotVerdict, Verdict } from './verdict.ts';

export type * from './verdict.ts';

/** The time limits and the retry policy of one call, for `proxyActivities({ ...how, taskQueue })`. */
export type How = Readonly<ActivityOptions>;
type Duration = NonNullable<How['scheduleToCloseTimeout']>;

/** `do` gets the details of the steps before it; `undo` gets none, for it may be asked in a run that has none. */
export interface Step<Details, Detail, V = Verdict> {
  readonly do: (how: How, details: Details) => Promise<Outcome<Detail>>;
  readonly undo: (how: How) => Promise<V>;
}

export interface SagaOptions {
  /** How long a step is tried until the saga is undone. Default: 10 minutes. */
  readonly stepLimit?: Duration;
  /** How long an undo, or a call after the pivot, may fail until somebody is told. Default: 3 minutes. */
  readonly attentionAfter?: Duration;
  /** Tells somebody of a call that goes on being tried, beside it. The Temporal Web UI shows it in any case. */
  readonly attention?: (stuck: Stuck) => Promise<void>;
}
export interface Stuck {
  readonly step: string;
  readonly action: 'do' | 'undo';
  readonly error: string;
}

export type Ended<Details> = { readonly outcome: 'done'; readonly details: Details } | TurnedBack;
/** `reason` is that of the refusal of `step`, or the error by which it failed. */
export interface TurnedBack {
  readonly outcome: 'undone';
  readonly because: 'refused' | 'failed' | 'canceled';
  readonly step: string;
  readonly reason: string;
}

export interface BeforePivot<Details> {
  step<N extends string, D>(name: N, step: Step<Details, D>): BeforePivot<Details & Record<N, D>>;
  /** The step that decides. What comes behind it cannot be refused. */
  pivot<N extends string, D>(name: N, pivot: Step<Details, D, PivotVerdict>): AfterPivot<Details & Record<N, D>>;
}
export interface AfterPivot<Details> {
  /** Insisted on; a cancel request does not end it. */
  forward<N extends string, D>(name: N, call: Forward<Details, D>): AfterPivot<Details & Record<N, D>>;
  /** A run that starts anew repeats every step, and the fences answer what they did. */
  run(options?: SagaOptions): Promise<Ended<Details>>;
}
type Forward<Details, D> = (how: How, details: Details) => Promise<Done<D>>;

interface Link extends Pick<Step<object, unknown>, 'do'> {
  readonly name: string;
  readonly undo?: (how: How) => Promise<PivotVerdict>;
}

export const saga = (): BeforePivot<object> => chain([]);

function chain(links: readonly Link[]): BeforePivot<object> & AfterPivot<object> {
  const add = (name: string, link: Omit<Link, 'name'>) => {
    if (links.some((other) => other.name === name)) throw new TypeError(`two steps are named ${name}`);
    return chain([...links, { ...link, name }]) as BeforePivot<never> & AfterPivot<never>;
  };
  const forward = (name: string, call: Link['do']) => add(name, { do: call });
  return { step: add, pivot: add, forward, run: (options) => run(links, options) };
}

// Longer than a participant's statement may take, so that a call is decided before it is given up and repeated.
const CALL: How = { startToCloseTimeout: '10 seconds', cancellationType: 'TRY_CANCEL' };
const TRYING: How = { ...CALL, retry: { initialInterval: '200 milliseconds', maximumInterval: '10 seconds' } };
const INSISTING: How = { ...CALL, retry: { initialInterval: '500 milliseconds', maximumInterval: '60 seconds' } };

async function run(links: readonly Link[], options: SagaOptions = {}): Promise<Ended<object>> {
  const details: Record<string, unknown> = {};
  const turnedBack = await tryUpToPivot(links, details, options);
  return CancellationScope.nonCancellable(async () => {
    if (turnedBack !== undefined && (await isUndone(links, options))) return turnedBack;
    for (const { name, do: call } of links) {
      if (Object.hasOwn(details, name)) continue;
      const answer = await insist(name, 'do', (how) => call(how, details), options);
      if (answer.outcome !== 'done') throw contradiction(`the pivot has happened, and ${name} is ${answer.outcome}`);
      details[name] = answer.detail;
    }
    return { outcome: 'done', details };
  });
}

async function tryUpToPivot(links: readonly Link[], details: Record<string, unknown>, { stepLimit }: SagaOptions) {
  for (const { name: step, do: call, undo } of links) {
    if (undo === undefined) return;
    const back = (because: TurnedBack['because'], reason: string) =>
      ({ outcome: 'undone', because, step, reason }) as const;
    try {
      const answer = await call({ ...TRYING, scheduleToCloseTimeout: stepLimit ?? '10 minutes' }, details);
      if (answer.outcome !== 'done') return back('refused', 'reason' in answer ? answer.reason : 'undone');
      details[step] = answer.detail;
    } catch (error) {
      // Any other error is the workflow code's own: Temporal repeats the workflow task until that is mended.
      if (!(error instanceof TemporalFailure)) throw error;
      return back(isCancellation(error) ? 'canceled' : 'failed', rootCause(error) ?? error.message);
    }
  }
}

/** Asks the pivot first: returns false, with nothing undone, if it has happened. */
async function isUndone(links: readonly Link[], options: SagaOptions): Promise<boolean> {
  const undoable = links.filter(({ undo }) => undo !== undefined).reverse();
  for (const { name, undo } of undoable) {
    const verdict = await insist(name, 'undo', undo!, options);
    if (verdict === 'happened' && name === undoable[0]!.name) return false;
    if (verdict !== 'undone' && verdict !== 'never_happened')
      throw contradiction(`the undo of ${name} says ${verdict}`);
  }
  return true;
}

/** Calls until it succeeds. An error that Temporal must not retry fails the run; the next one goes on. */
async function insist<T>(step: string, action: Stuck['action'], call: (how: How) => Promise<T>, options: SagaOptions) {
  try {
    return await call({ ...INSISTING, scheduleToCloseTimeout: options.attentionAfter ?? '3 minutes' });
  } catch (failure) {
    if (!(failure instanceof TemporalFailure)) throw failure;
    const error = rootCause(failure) ?? failure.message;
    setCurrentDetails(`Needs attention: ${action} of ${step} keeps failing.\n\n${error}`);
    options.attention?.({ step, action, error }).catch(() => {});
    const answer = await call(INSISTING);
    setCurrentDetails('');
    return answer;
  }
}

const contradiction = (message: string) => ApplicationFailure.nonRetryable(message, 'SagaContradiction');
