/**
 * The shedding of load before memory grows: requests beyond the allowed number, or beyond the allowed bytes of bodies, are refused
 * with 429 before anything is done. Requests that wait for a movement (Prefer: wait) are counted apart, so that they do not keep
 * short ones out; if there are too many of them, a request does not wait. Requests that settle money are counted apart from all
 * others, both at work and waiting: however many clients wait for movements, a hold can be captured and a transfer canceled.
 */
import type { MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { ShedCause } from '../../process/metrics.ts';
import { ProblemError } from './problem.ts';
import type { ApiEnv } from './env.ts';

export interface LoadBounds {
  /** Requests that are worked on at once, settlements excepted. */
  readonly requestsMax: number;
  /** Requests that wait for a movement at once; as many settlements, counted apart, may wait for its end. */
  readonly waitersMax: number;
  /** Settlements (requests that settle money) that are worked on at once. */
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

/**
 * Marks a route that settles money, such as capture and cancel: its requests are counted as settlements. Does nothing by itself.
 */
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
    // A probe must get an answer, most of all when the service is busy.
    if (c.req.path.startsWith('/health')) return next();
    const lane = matchedRoutes(c).some(({ handler }) => handler === settlesMoney) ? settlements : ordinary;
    if (lane.atWork >= lane.atWorkMax) throw overloaded(lane === settlements ? 'settlements' : 'requests');

    let isWaiter = false;
    let ownBytes = 0;
    lane.atWork += 1;
    c.set('slot', {
      reserveBody(bytes) {
        if (bodyBytes + bytes > bodyBytesMax) throw overloaded('bodies');
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

/** The refusal of a request; only if nothing of it has been begun. */
export function overloaded(cause: ShedCause): Shed {
  return new Shed(cause, 'overloaded', { detail: 'Nothing was done. Try again, with the same Idempotency-Key.' });
}

/** A refusal because there is too much of something at once. */
export class Shed extends ProblemError {
  readonly shedCause: ShedCause;

  constructor(shedCause: ShedCause, ...problem: ConstructorParameters<typeof ProblemError>) {
    super(...problem);
    this.shedCause = shedCause;
  }
}
