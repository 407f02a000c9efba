/**
 * The bound on what a request asks of a database: it gets an answer in time, or throws `database_unavailable`. A frozen server
 * holds up everything but a timer, so the step is raced with one.
 */
import { DrizzleQueryError } from 'drizzle-orm';
import pg from 'pg';
import type { Database } from '../../db/database.ts';
import { LATE, within } from '../../process/deadline.ts';
import { overloaded } from './load-limits.ts';
import { ProblemError } from './problem.ts';
import { limitConcurrency, type Turns } from './concurrency.ts';

/** The limit of one step; the whole request is to be answered within two seconds. */
const STEP_LIMIT_MS = 1_500;
/**
 * The part of that limit for the wait for a turn: steps beyond the pool's connections wait here, where nothing has been sent yet.
 */
const TURN_LIMIT_MS = 1_100;
/** The limit of the wait in a line that moves: such a line is a burst and not an ill database, so a longer wait is worthwhile. */
const MOVING_LINE_LIMIT_MS = 10_000;

const AFTER_READ = 'Nothing was changed. Try again.';
const AFTER_WRITE =
  'Whether the request was stored is not known. Repeat it: with the same Idempotency-Key, or as it was where it needs none, a repeat does nothing twice.';

interface Gate {
  readonly turns: Turns;
  lastAnswerAt: number;
}

const gates = new WeakMap<Database, Gate>();

/**
 * Returns the result of one step of a request, within `limitMs`. `isWrite` tells the client that the outcome of a failure is
 * unknown. A step that gets no turn in time throws `overloaded` if the database still answers other steps, and
 * `database_unavailable` if not.
 */
export async function boundedQuery<T>(
  database: Database,
  step: () => Promise<T>,
  { isWrite = false, limitMs = STEP_LIMIT_MS }: { readonly isWrite?: boolean; readonly limitMs?: number } = {},
): Promise<T> {
  const startedAt = performance.now();
  const gate = gateOf(database);
  const isMoving = (): boolean => gate.lastAnswerAt > performance.now() - TURN_LIMIT_MS;
  const isWorthIt = (): boolean => isMoving() && performance.now() - startedAt < MOVING_LINE_LIMIT_MS;
  const endTurn = await gate.turns.take(TURN_LIMIT_MS, isWorthIt);
  if (endTurn === undefined)
    throw isMoving() ? overloaded('connections') : unavailable(AFTER_READ, 'no connection was free');
  const detail = isWrite ? AFTER_WRITE : AFTER_READ;
  // The wait counts against the limit only if the database answered nobody meanwhile.
  const waitedMs = gate.lastAnswerAt > startedAt ? 0 : performance.now() - startedAt;
  try {
    const result = await within(limitMs - waitedMs, step());
    if (result === LATE) throw unavailable(detail, `no answer within ${limitMs} ms`);
    gate.lastAnswerAt = performance.now();
    return result;
  } catch (error) {
    throw isUnavailable(error) ? unavailable(detail, error) : error;
  } finally {
    endTurn();
  }
}

function gateOf(database: Database): Gate {
  const gate = gates.get(database) ?? {
    turns: limitConcurrency(database.$client.options.max),
    lastAnswerAt: -Infinity,
  };
  gates.set(database, gate);
  return gate;
}

function unavailable(detail: string, cause: unknown): ProblemError {
  return new ProblemError('database_unavailable', { detail, cause });
}

/**
 * SQLSTATE classes and codes of a server that cannot answer now: 08 connection, 28 and 3D not let in, 53 out of
 * resources, 57P shutting down or starting, 57014 and 55P03 time-outs, 40 lost a race, 25P03 and 25006 read-only or idle.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const UNAVAILABLE = /^(08|28|3D|53|57P|40|58)|^(57014|55000|55P03|25P0[34]|25006)$/;

/** Whether an error means that the database is unavailable, and not that the query was wrong. */
function isUnavailable(error: unknown): boolean {
  const raised = error instanceof DrizzleQueryError ? error.cause : error;
  if (raised instanceof pg.DatabaseError) return UNAVAILABLE.test(raised.code ?? '');
  // An error that the driver raises itself is about the connection; any other that drizzle did not wrap is a bug here.
  return error instanceof DrizzleQueryError || (raised instanceof Error && 'syscall' in raised);
}
