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
  readonly giveBack: (name: string, rate: Rate, cost: number) => void;
  readonly size: () => number;
}

export function createTokenBuckets(bucketsMax: number, now = (): number => performance.now()): TokenBuckets {
  /** The least recently used first. */
  const buckets = new Map<string, { tokens: number; at: number }>();

  const filled = (name: string, { perSecond, burst }: Rate) => {
    const at = now();
    const kept = buckets.get(name);
    const tokens = kept === undefined ? burst : Math.min(burst, kept.tokens + ((at - kept.at) / 1_000) * perSecond);
    const bucket = { tokens, at };
    buckets.delete(name);
    buckets.set(name, bucket);
    if (buckets.size > bucketsMax) buckets.delete(buckets.keys().next().value!);
    return bucket;
  };

  return {
    take(name, rate, cost) {
      const bucket = filled(name, rate);
      // Tokens come in fractions: less than a millionth is a matter of rounding.
      if (bucket.tokens < 1 - 1e-6) return Math.max(1, Math.ceil((1 - bucket.tokens) / rate.perSecond));
      bucket.tokens -= cost;
      return undefined;
    },
    owe(name, rate, cost) {
      filled(name, rate).tokens -= cost;
    },
    giveBack(name, rate, cost) {
      const bucket = filled(name, rate);
      bucket.tokens = Math.min(rate.burst, bucket.tokens + cost);
    },
    size: () => buckets.size,
  };
}
