/** The verdicts of fences and the outcomes of attempts, in words and in their meanings. */
import { inWords, type Meaning } from './status.ts';

interface LegLike {
  readonly leg: string;
  readonly n: number;
  readonly compensates: string | null;
  readonly direction: 'forward' | 'compensation';
  readonly verdict: { readonly outcome: string; readonly reason: string | null } | null;
  readonly attempt_count: number;
  readonly attempts: readonly { readonly outcome: string | null }[];
}

/** Of the services that keep the saga itself: these have no fence, so their last attempt tells. */
const UNFENCED = /^(record|confirm)_/;

/** Without a verdict, whether an attempt was answered. What the answer was, only the fence knows. */
function isAnswered({ verdict, attempts }: LegLike): boolean {
  return verdict === null && attempts.at(-1)?.outcome === 'completed';
}

/** As it stands in a box of the drawing, which is of one movement. */
export function legInWords(leg: string): string {
  return leg === 'passing_credit_refusal'
    ? 'ask receiver'
    : inWords(leg).replace(/ (transfer|transaction|order|case)(?= )/, '');
}

interface SagaLike<Leg> {
  readonly lanes: readonly { readonly legs: readonly Leg[] }[];
  readonly pending: readonly { readonly leg: string; readonly n: number }[];
}

/** Says of which legs nobody tries any more what has not been answered: what takes them back was begun instead. */
export function givenUpIn<Leg extends LegLike>({ lanes, pending }: SagaLike<Leg>): (leg: Leg) => boolean {
  const all = lanes.flatMap(({ legs }) => legs);
  return (of) => {
    const { leg, n, verdict, attempts, attempt_count } = of;
    const isOver = !['completed', 'running'].includes(attempts.at(-1)?.outcome ?? '');
    const isPending = pending.some((each) => each.leg === leg && each.n === n);
    const isTakenBack = all.some((each) => each.compensates === leg && each.n === n && each.attempt_count > 0);
    return verdict === null && attempt_count > 0 && isOver && !isPending && isTakenBack;
  };
}

export function meaningOfVerdict(leg: LegLike, isGivenUp = false): Meaning {
  const { direction, verdict, attempt_count } = leg;
  if (isAnswered(leg)) return UNFENCED.test(leg.leg) ? 'good' : 'plain';
  switch (verdict?.outcome) {
    case 'applied':
    case 'done':
      return direction === 'forward' ? 'good' : 'undone';
    case 'rejected':
    case 'refused':
      return 'bad';
    case 'canceled':
    case 'undone':
      return 'undone';
    case undefined:
    default:
      return attempt_count > 0 && !isGivenUp ? 'wait' : 'plain';
  }
}

/** Without the reason. */
export function outcomeInWords(leg: LegLike, isGivenUp = false): string {
  const { verdict, attempt_count } = leg;
  if (isAnswered(leg)) return UNFENCED.test(leg.leg) ? 'done' : 'answered';
  if (verdict === null) return isGivenUp ? 'given up' : attempt_count > 0 ? 'being tried' : 'not tried';
  return verdict.outcome;
}

export function verdictInWords(leg: LegLike, isGivenUp = false): string {
  const outcome = outcomeInWords(leg, isGivenUp);
  const reason = leg.verdict?.reason ?? null;
  return reason === null ? outcome : `${outcome}: ${inWords(reason)}`;
}

/** Of a consignment, a step may keep what others have given: it stands as it is. Otherwise the reason is a code. */
export function reasonOfStep(step: string, reason: string): string {
  switch (step) {
    case 'ISSUED':
    case 'DELIVERED':
      return `carrier ${reason}`;
    case 'INVOICED':
      return `invoice ${reason}`;
    default:
      return inWords(reason);
  }
}

export function meaningOfAttempt(outcome: string | null): Meaning {
  switch (outcome) {
    case 'completed':
      return 'good';
    case 'failed':
    case 'timed_out':
      return 'bad';
    case 'canceled':
      return 'undone';
    case 'running':
      return 'wait';
    case null:
    default:
      // Between the first and the last attempt Temporal keeps nothing but their number: they have failed, or another would not follow.
      return 'bad';
  }
}
