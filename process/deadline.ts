/**
 * Bounds for what must not be waited for any longer. A client library's own time-outs do not hold when its server is
 * frozen, so whoever has to answer in time races the work with a timer.
 */

/** What `within` answers when the work was not done in time. */
export const LATE: unique symbol = Symbol('late');

/**
 * The work's result, or LATE after `limitMs` or when `signal` aborts, whichever is first. The work itself goes on; an
 * error that it raises after that is nobody's any more.
 */
export async function within<T>(limitMs: number, work: Promise<T>, signal?: AbortSignal): Promise<T | typeof LATE> {
  const { promise: late, resolve } = Promise.withResolvers<typeof LATE>();
  const giveUp = (): void => resolve(LATE);
  if (signal?.aborted === true) giveUp();
  // A process that was busy runs its timers before it reads what has arrived meanwhile: the answer may be there already.
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
