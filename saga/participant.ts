/**
 * Do and undo of a participant whose database has participant.sql: each is one transaction, that of the fence and of the effect. A
 * transaction that breaks has decided nothing, and the call is to be repeated.
 */
import type { Done, Outcome, PivotVerdict, Refused, Verdict } from './verdict.ts';

export type * from './verdict.ts';

/** A connection of `pg` fits. */
export interface Connection {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: unknown[] }>;
}
/** A `Pool` of `pg` fits. Its own time-outs bound each wait. */
export interface Store<C extends Connection> {
  connect(): Promise<C & { release(broken?: Error): void }>;
}

export interface StepKey {
  /** Names the saga for ever; its steps find each other's fences by it. */
  readonly sagaId: string;
  readonly step: string;
}

export function done<Detail>(detail: Detail): Done<Detail> {
  return { outcome: 'done', detail };
}

/** For a step that cannot be done, and will not be if it is asked for again. */
export function refused(reason: string): Refused {
  return { outcome: 'refused', reason };
}

/**
 * Does a step once. `effect` writes by the connection that it is given, whose transaction it must neither commit nor roll back, and
 * nothing if it refuses. It is not called if the step was decided before: then that is returned. `terms` are what is asked for; a
 * repeat with others throws. Terms and detail are kept as JSON.
 */
export function doStep<C extends Connection, Detail>(
  store: Store<C>,
  { sagaId, step, terms }: StepKey & { readonly terms: unknown },
  effect: (connection: C) => Promise<Done<Detail> | Refused>,
): Promise<Outcome<Detail>> {
  return inTransaction(store, async (connection) => {
    const asked = JSON.stringify(terms ?? {});
    const answered = async (call: string, values: string[]): Promise<Outcome<Detail> | null> =>
      ((await connection.query(`SELECT ${call} AS answer`, values)).rows as [{ answer: Outcome<Detail> | null }])[0]
        .answer;
    const decided = await answered('claim_step($1, $2, $3)', [sagaId, step, asked]);
    if (decided !== null) return decided;
    const now = await effect(connection);
    const detail = JSON.stringify((now.outcome === 'done' ? now.detail : now.reason) ?? null);
    return (await answered('decide_step($1, $2, $3, $4)', [sagaId, step, now.outcome, detail]))!;
  });
}

/** Undoes a step, or makes sure that it never happens. `reverse` is called, as `effect` is, once and only if it was done. */
export function undoStep<C extends Connection, Detail>(
  store: Store<C>,
  { sagaId, step }: StepKey,
  reverse: (connection: C, detail: Detail) => Promise<void>,
): Promise<Verdict> {
  return inTransaction(store, async (connection) => {
    const { rows } = await connection.query('SELECT * FROM claim_undo($1, $2)', [sagaId, step]);
    const [claim] = rows as [{ verdict: Verdict; is_yours: boolean; detail: Detail }];
    if (claim.is_yours) await reverse(connection, claim.detail);
    return claim.verdict;
  });
}

/** Makes sure that a pivot never happens, unless it has. */
export function undoPivot<C extends Connection>(store: Store<C>, { sagaId, step }: StepKey): Promise<PivotVerdict> {
  return inTransaction(store, async (connection) => {
    const { rows } = await connection.query('SELECT verdict FROM claim_undo($1, $2, true)', [sagaId, step]);
    return (rows as [{ verdict: PivotVerdict }])[0].verdict;
  });
}

/** Shorter than an activity of a saga may take. */
const LIMIT_MS = 8_000;

async function inTransaction<C extends Connection, T>(
  store: Store<C>,
  work: (connection: C) => Promise<T>,
): Promise<T> {
  const connection = await store.connect();
  let broken: Error | undefined;
  try {
    // A process that is frozen in the middle must not hold the fence for longer than others try.
    await connection.query(
      `BEGIN ISOLATION LEVEL READ COMMITTED;
       SET LOCAL statement_timeout = ${LIMIT_MS}; SET LOCAL idle_in_transaction_session_timeout = ${LIMIT_MS}`,
    );
    const answer = await work(connection);
    // After an error that the work has caught, COMMIT alone would roll back and not say so.
    await connection.query('SELECT; COMMIT');
    return answer;
  } catch (error) {
    await connection.query('ROLLBACK').catch((fault: Error) => {
      broken = fault;
    });
    throw error;
  } finally {
    connection.release(broken);
  }
}
