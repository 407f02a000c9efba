/**
 * Sheds load before memory grows: more requests at once than allowed, or more bytes of bodies, are refused with 429 before
 * anything is done. Requests that wait for a movement (Prefer: wait) are counted apart, so that they do not keep short ones
 * out; where there are too many of them, one does not wait. Imported by api/ only.
 */
import type { MiddlewareHandler } from 'hono';
import { ProblemError } from './problem.ts';
import type { ApiEnv } from './request-context.ts';

export interface LoadBounds {
  /** Requests that are worked on at once. */
  readonly requestsMax: number;
  /** Requests that wait for a movement at once. */
  readonly waitersMax: number;
  /** Bytes of all bodies that are read or worked on at once. */
  readonly bodyBytesMax: number;
}

/** A request's place among those at work. */
export interface RequestSlot {
  /** Takes room for a body; refuses with 429 if there is none. */
  readonly reserveBody: (bytes: number) => void;
  /** Leaves the place to another request and joins those who wait; false, and nothing changes, if too many wait. */
  readonly becomeWaiter: () => boolean;
}

export function limitLoad({ requestsMax, waitersMax, bodyBytesMax }: LoadBounds): MiddlewareHandler<ApiEnv> {
  let requests = 0;
  let waiters = 0;
  let bodyBytes = 0;
  return async (c, next) => {
    // Whoever asks whether the service is well must get an answer most of all when it is busy.
    if (c.req.path.startsWith('/health')) return next();
    if (requests >= requestsMax) throw overloaded();

    let isWaiter = false;
    let ownBytes = 0;
    requests += 1;
    c.set('slot', {
      reserveBody(bytes) {
        if (bodyBytes + bytes > bodyBytesMax) throw overloaded();
        bodyBytes += bytes;
        ownBytes += bytes;
      },
      becomeWaiter() {
        if (isWaiter || waiters >= waitersMax) return isWaiter;
        isWaiter = true;
        requests -= 1;
        waiters += 1;
        return true;
      },
    });
    try {
      await next();
    } finally {
      if (isWaiter) waiters -= 1;
      else requests -= 1;
      bodyBytes -= ownBytes;
    }
  };
}

/** Only for what has not been begun. */
export function overloaded(): ProblemError {
  return new ProblemError('overloaded', { detail: 'Nothing was done. Try again, with the same Idempotency-Key.' });
}
