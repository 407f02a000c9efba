/**
 * Look-ups of host names, few at once: each takes one of the process's few threads, and cannot be ended while a name server does not
 * answer. A name is looked up once at a time, for all who ask; one whose name server was slow leaves a thread to the others.
 */
export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** Returns every address of a name; throws if it has none. */
export type Resolve = (hostname: string) => Promise<readonly ResolvedAddress[]>;

/** Of the four threads that the process has for files and keys, too. */
const AT_ONCE = 2;
/** Of these, of names that were slow. */
const SLOW_AT_ONCE = 1;
const SLOW_MS = 1_000;
/** Names that are remembered as slow; beyond, the oldest is forgotten. */
const SLOW_NAMES_MAX = 10_000;

interface Waiting {
  readonly hostname: string;
  readonly begin: (wasSlow: boolean) => void;
}

/** `slowMs` is how long a look-up takes of which the name counts as slow, until it takes less. */
export function limitLookUps(resolve: Resolve, slowMs = SLOW_MS): Resolve {
  const underWay = new Map<string, ReturnType<Resolve>>();
  const slow = new Set<string>();
  /** In the order in which they were asked for. */
  const waiting: Waiting[] = [];
  let running = 0;
  let slowRunning = 0;

  return (hostname) => {
    const before = underWay.get(hostname);
    if (before !== undefined) return before;
    const lookUp = inTurn(hostname).finally(() => underWay.delete(hostname));
    underWay.set(hostname, lookUp);
    return lookUp;
  };

  async function inTurn(hostname: string): ReturnType<Resolve> {
    const wasSlow = await new Promise<boolean>((begin) => {
      waiting.push({ hostname, begin });
      beginNext();
    });
    const begunAt = performance.now();
    const timer = setTimeout(remember, slowMs, hostname);
    try {
      return await resolve(hostname);
    } finally {
      clearTimeout(timer);
      if (performance.now() - begunAt < slowMs) slow.delete(hostname);
      running -= 1;
      if (wasSlow) slowRunning -= 1;
      beginNext();
    }
  }

  function remember(hostname: string): void {
    slow.add(hostname);
    const [oldest] = slow;
    if (slow.size > SLOW_NAMES_MAX) slow.delete(oldest!);
  }

  function beginNext(): void {
    if (running >= AT_ONCE) return;
    const at = waiting.findIndex(({ hostname }) => slowRunning < SLOW_AT_ONCE || !slow.has(hostname));
    const [next] = at < 0 ? [] : waiting.splice(at, 1);
    if (next === undefined) return;
    const isSlow = slow.has(next.hostname);
    running += 1;
    if (isSlow) slowRunning += 1;
    next.begin(isSlow);
  }
}
