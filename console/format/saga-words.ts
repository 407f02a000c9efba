/** The verdicts of fences and the outcomes of attempts, in words and in their meanings. */
import { inWords, type Meaning } from './status.ts';

interface LegLike {
  readonly direction: 'forward' | 'compensation';
  readonly verdict: { readonly outcome: string; readonly reason: string | null } | null;
  readonly attempt_count: number;
}

export function meaningOfVerdict({ direction, verdict, attempt_count }: LegLike): Meaning {
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
      return attempt_count > 0 ? 'wait' : 'plain';
  }
}

export function verdictInWords({ verdict, attempt_count }: LegLike): string {
  if (verdict === null) return attempt_count > 0 ? 'being tried' : 'not tried';
  return verdict.reason === null ? verdict.outcome : `${verdict.outcome}: ${inWords(verdict.reason)}`;
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
