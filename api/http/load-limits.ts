/**
 * Sheds load before memory grows: more requests at once than allowed, or more bytes of bodies, are refused with 429 before
 * anything is done. Requests that wait for a movement (Prefer: wait) are counted apart, so that they do not keep short ones
 * out; where there are too many of them, one does not wait. Requests that settle money are counted apart from all others, at
 * work and waiting: however many clients wait for movements, a hold is captured and a transfer canceled.
 */
import type { MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import { ProblemError } from './problem.ts';
import type { ApiEnv } from './env.ts';

export interface LoadBounds {
  /** Requests that are worked on at once, but for settlements. */
  readonly requestsMax: number;
  /** Requests that wait for a movement at once; and as many settlements that wait for its end. */
  readonly waitersMax: number;
  /** Requests that settle money, and are worked on at once. */
  readonly settlementsMax: number;
  /** Bytes of all bodies that are read or worked on at once. */
  readonly bodyBytesMax: number;
}

/** Requests that are counted together. */
interface Lane {
  readonly atWorkMax: number;
  atWork: number;
  waiting: number;
}

/** For a route that ends what holds money up: its requests are counted among settlements. Does nothing by itself. */
export const settlesMoney: MiddlewareHandler<ApiEnv> = (_c, next) => next();

export function limitLoad({
  requestsMax,
  waitersMax,
  settlementsMax,
  bodyBytesMax,
}: LoadBounds): MiddlewareHandler<ApiEnv> {
  const ordinary: Lane = { atWorkMax: requestsMax, atWork: 0, waiting: 0 };
  const settlements: Lane = { atWorkMax: settlementsMax, atWork: 0, waiting: 0 };
  let bodyBytes = 0;
  return async (c, next) => {
    // Whoever asks whether the service is well must get an answer most of all when it is busy.
    if (c.req.path.startsWith('/health')) return next();
    const lane = matchedRoutes(c).some(({ handler }) => handler === settlesMoney) ? settlements : ordinary;
    if (lane.atWork >= lane.atWorkMax) throw overloaded();

    let isWaiter = false;
    let ownBytes = 0;
    lane.atWork += 1;
    c.set('slot', {
      reserveBody(bytes) {
        if (bodyBytes + bytes > bodyBytesMax) throw overloaded();
        bodyBytes += bytes;
        ownBytes += bytes;
      },
      becomeWaiter() {
        if (isWaiter || lane.waiting >= waitersMax) return isWaiter;
        isWaiter = true;
        lane.atWork -= 1;
        lane.waiting += 1;
        return true;
      },
    });
    try {
      await next();
    } finally {
      if (isWaiter) lane.waiting -= 1;
      else lane.atWork -= 1;
      bodyBytes -= ownBytes;
    }
  };
}

/** Only for what has not been begun. */
export function overloaded(): ProblemError {
  return new ProblemError('overloaded', { detail: 'Nothing was done. Try again, with the same Idempotency-Key.' });
}
