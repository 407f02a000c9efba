/**
 * The rate of each key, before anything is stored. Each process counts for itself, so a key may ask each process so often. A request
 * costs one, and a batch one for each of its items, which it may owe: then the requests after it wait.
 */
import type { Holder } from '../../domain/access/api-key.ts';
import type { Charge } from './env.ts';
import { ProblemError } from './problem.ts';
import { createTokenBuckets } from './token-buckets.ts';

const KEYS_MAX = 10_000;

export function limitRates(keysMax = KEYS_MAX, now?: () => number) {
  const buckets = createTokenBuckets(keysMax, now);
  return {
    /** Charges the request; throws `rate_exceeded` if there were too many. */
    charge({ apiKeyId, rate }: Pick<Holder, 'apiKeyId' | 'rate'>): Charge {
      if (rate === undefined) return () => {};
      const waitSeconds = buckets.take(apiKeyId, rate, 1);
      if (waitSeconds !== undefined)
        throw new ProblemError('rate_exceeded', {
          detail: `The key may ask ${rate.perSecond} times a second. Nothing was done. Try again, with the same Idempotency-Key.`,
          headers: { 'Retry-After': String(waitSeconds) },
        });
      return (more) => buckets.owe(apiKeyId, rate, more);
    },
  };
}
