/**
 * The consumer's database, as a port that a `Pool` of `pg` fits as it is, and transactions in it with bounds, so that a process
 * that is frozen within one does not keep its locks.
 */

export interface Connection {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: unknown[] }>;
}

/** What a store adds to a connection that it lends out. */
export interface Lent {
  /** Gives the connection back; with an error, the store must close it. */
  release(broken?: Error): void;
  /** `error`: the server has closed the connection. */
  on?(event: 'error', listener: (error: Error) => void): unknown;
}

/** Where connections are borrowed. Its own time-outs bound each wait for a connection and for a result. */
export interface Store<C extends Connection = Connection> {
  connect(): Promise<C & Lent>;
}

/**
 * Runs `work` in a transaction and commits it; rolls it back if `work` throws. The server ends a statement, and a transaction that
 * stands idle, after `limitMs`. Throws a StoreError if the connection broke: the outcome is then unknown.
 */
export async function inTransaction<C extends Connection, T>(
  store: Store<C>,
  limitMs: number,
  work: (connection: C) => Promise<T>,
): Promise<T> {
  const connection = await connect(store);
  let broken: Error | undefined;
  try {
    await connection.query(
      `BEGIN; SET LOCAL idle_in_transaction_session_timeout = ${limitMs}; SET LOCAL statement_timeout = ${limitMs}`,
    );
    const result = await work(connection);
    await connection.query('COMMIT');
    return result;
  } catch (error) {
    if (error instanceof LateError) broken = error;
    else
      await connection.query('ROLLBACK').catch((fault: unknown) => {
        broken = new StoreError(error, fault);
      });
    throw broken instanceof StoreError ? broken : error;
  } finally {
    connection.release(broken);
  }
}

/** Runs one statement, which commits by itself, and returns its rows. */
export async function run<Row>(store: Store, text: string, values: unknown[]): Promise<Row[]> {
  const connection = await connect(store);
  let broken: Error | undefined;
  try {
    return (await connection.query(text, values)).rows as Row[];
  } catch (error) {
    broken = error as Error;
    throw error;
  } finally {
    connection.release(broken);
  }
}

/** The connection broke in a transaction; `cause` is what was seen first. */
export class StoreError extends Error {
  override readonly name = 'StoreError';

  constructor(cause: unknown, fault: unknown) {
    super(`the connection to the consumer's database broke: ${(fault as Error).message}`, { cause });
  }
}

/** A handler has not returned in time. Its connection is closed, so that what it still sends has no effect. */
class LateError extends Error {
  override readonly name = 'LateError';
}

/** Throws a LateError once `limitMs` are over. */
export async function withinLimit<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new LateError(`the handler took longer than ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

const watched = new WeakSet<object>();

/** The error of a connection that breaks between two statements would end the process; its next use tells. */
async function connect<C extends Connection>(store: Store<C>): Promise<C & Lent> {
  const connection = await store.connect();
  if (!watched.has(connection)) {
    watched.add(connection);
    connection.on?.('error', () => {});
  }
  return connection;
}
