/**
 * Token buckets by name, in this process's memory, of which so many are kept at most: the least recently used make way, and begin
 * anew if they come back. A charge may take more than there is, once; what is owed has to be filled up before the next one.
 */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export interface TokenBuckets {
  /** Takes so many. Returns the whole seconds to wait, and takes nothing, if the bucket is empty. */
  readonly take: (name: string, rate: Rate, cost: number) => number | undefined;
  /** Takes so many more, whether they are there or not. */
  readonly owe: (name: string, rate: Rate, cost: number) => void;
  /** The whole seconds to wait until there is one; undefined if there is. Changes nothing. */
  readonly waitSeconds: (name: string, rate: Rate) => number | undefined;
  readonly size: () => number;
}

export function createTokenBuckets(bucketsMax: number, now = (): number => performance.now()): TokenBuckets {
  /** The least recently used first. */
  const buckets = new Map<string, { tokens: number; at: number }>();

  const tokensOf = (name: string, { perSecond, burst }: Rate): number => {
    const kept = buckets.get(name);
    return kept === undefined ? burst : Math.min(burst, kept.tokens + ((now() - kept.at) / 1_000) * perSecond);
  };
  // Tokens come in fractions: less than a millionth is a matter of rounding.
  const waitFor = (tokens: number, { perSecond }: Rate): number | undefined =>
    tokens < 1 - 1e-6 ? Math.max(1, Math.ceil((1 - tokens) / perSecond)) : undefined;
  const filled = (name: string, rate: Rate) => {
    const bucket = { tokens: tokensOf(name, rate), at: now() };
    buckets.delete(name);
    buckets.set(name, bucket);
    if (buckets.size > bucketsMax) buckets.delete(buckets.keys().next().value!);
    return bucket;
  };

  return {
    take(name, rate, cost) {
      const bucket = filled(name, rate);
      const waitSeconds = waitFor(bucket.tokens, rate);
      if (waitSeconds === undefined) bucket.tokens -= cost;
      return waitSeconds;
    },
    owe(name, rate, cost) {
      filled(name, rate).tokens -= cost;
    },
    waitSeconds: (name, rate) => waitFor(tokensOf(name, rate), rate),
    size: () => buckets.size,
  };
}
