/**
 * The bound on a wait. A client library's own time-outs do not hold when its server is frozen, so code that has to answer in time
 * races the work with a timer.
 */

/** The value that `within` returns if the work was not done in time. */
export const LATE: unique symbol = Symbol('late');

/**
 * Returns the work's result, or LATE after `limitMs` or when `signal` aborts, whichever is first. The work itself goes on; an error
 * that it throws after that is ignored.
 */
export async function within<T>(limitMs: number, work: Promise<T>, signal?: AbortSignal): Promise<T | typeof LATE> {
  const { promise: late, resolve } = Promise.withResolvers<typeof LATE>();
  const giveUp = (): void => resolve(LATE);
  if (signal?.aborted === true) giveUp();
  // A busy process runs its timers before it reads what has arrived meanwhile, so the answer may be there already.
  const timer = setTimeout(() => setImmediate(giveUp), Math.max(0, limitMs));
  signal?.addEventListener('abort', giveUp, { once: true });
  work.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
  }
}
