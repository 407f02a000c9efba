/**
 * Bounds what a request asks of a database: an answer in time, or `database_unavailable`. A frozen server holds up
 * everything but a timer, so the step is raced with one. Imported by api/ only.
 */
import { DrizzleQueryError } from 'drizzle-orm';
import pg from 'pg';
import { LATE, within } from '../deadline.ts';
import { ProblemError } from './problem.ts';

/** For all that one request asks of databases before it is answered, which is to happen within two seconds. */
const DATABASE_STEP_LIMIT_MS = 1_700;

const AFTER_READ = 'Nothing was changed. Try again.';
const AFTER_WRITE =
  'Whether the request was stored is not known. Repeat it: with the same Idempotency-Key, or as it was where it needs none, a repeat does nothing twice.';

/** What the database answers; `isWrite` tells the client that the outcome is unknown. */
export async function databaseStep<T>(step: () => Promise<T>, { isWrite = false }: { readonly isWrite?: boolean } = {}): Promise<T> {
  const detail = isWrite ? AFTER_WRITE : AFTER_READ;
  try {
    const result = await within(DATABASE_STEP_LIMIT_MS, step());
    if (result !== LATE) return result;
  } catch (error) {
    if (isUnavailable(error)) throw new ProblemError('database_unavailable', { detail, cause: error });
    throw error;
  }
  throw new ProblemError('database_unavailable', { detail, cause: new Error(`no answer within ${DATABASE_STEP_LIMIT_MS} ms`) });
}

/**
 * SQLSTATE classes and codes of a server that cannot answer now: 08 connection, 28 and 3D not let in, 53 out of
 * resources, 57P shutting down or starting, 57014 and 55P03 time-outs, 40 lost a race, 25P03 and 25006 read-only or idle.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const UNAVAILABLE = /^(08|28|3D|53|57P|40|58)|^(57014|55P03|25P0[34]|25006)$/;

/** Whether an error tells of a database that is gone, and not of a mistake in what was asked of it. */
function isUnavailable(error: unknown): boolean {
  const raised = error instanceof DrizzleQueryError ? error.cause : error;
  if (raised instanceof pg.DatabaseError) return UNAVAILABLE.test(raised.code ?? '');
  // What the driver raises itself is about the connection; anything else that drizzle did not wrap is a bug here.
  return error instanceof DrizzleQueryError || (raised instanceof Error && 'syscall' in raised);
}
