/**
 * The spans of a pool's queries, below whatever asks: the wait for a connection is a part of each. A span is named after what the
 * statement does to what; neither its text nor its parameters are in it.
 */
import type pg from 'pg';
import { traced } from '../process/traces.ts';

type Query = (...input: unknown[]) => unknown;

/** `namespace` is the name of the database. To be called before the pool's first use. */
export function traceQueries(pool: pg.Pool, namespace: string): void {
  const attributes = { 'db.system.name': 'postgresql', 'db.namespace': namespace };
  const withSpans = (target: { query: Query }): void => {
    const query = target.query.bind(target);
    target.query = (...input) => {
      // With a callback, it is the pool that calls, for a query that has its span already.
      if (typeof input.at(-1) === 'function') return query(...input);
      const span = { name: summaryOf(textOf(input[0])), kind: 'client', place: 'active', attributes } as const;
      return traced(span, async () => query(...input));
    };
  };
  withSpans(pool);

  const known = new WeakSet<pg.PoolClient>();
  const connect = pool.connect.bind(pool) as Query;
  pool.connect = ((...input: unknown[]) => {
    const connected = connect(...input);
    if (typeof input[0] === 'function') return connected;
    return (connected as Promise<pg.PoolClient>).then((client) => {
      if (!known.has(client)) withSpans(client);
      known.add(client);
      return client;
    });
  }) as typeof pool.connect;
}

function textOf(query: unknown): string {
  if (typeof query === 'string') return query;
  return typeof query === 'object' && query !== null && 'text' in query ? String(query.text) : '';
}

/** The texts are those of the code; what is built for a request adds to them without an end. */
const SUMMARIES_MAX = 1_000;
const summaries = new Map<string, string>();

/** Such as `SELECT debit` or `INSERT transfers`. */
export function summaryOf(text: string): string {
  const known = summaries.get(text);
  if (known !== undefined) return known;
  const summary = summarize(text);
  if (summaries.size < SUMMARIES_MAX) summaries.set(text, summary);
  return summary;
}

function summarize(text: string): string {
  const written = /\b(insert\s+into|(?<!\b(?:for|do|key)\s)update|delete\s+from)\s+(?:only\s+)?"?([a-z_]\w*)/i.exec(
    text,
  );
  if (written !== null) return `${firstWord(written[1]!)} ${written[2]!.toLowerCase()}`;
  // The FROM of EXTRACT names no table.
  const read =
    /(?<!\bextract\(\w+\s+)\bfrom\s+(?:lateral\s+)?"?([a-z_]\w*)/i.exec(text) ??
    /\bselect\s+"?([a-z_]\w*)\s*\(/i.exec(text);
  const verb = firstWord(text);
  return read === null ? verb : `${verb === 'WITH' ? 'SELECT' : verb} ${read[1]!.toLowerCase()}`;
}

function firstWord(text: string): string {
  return /[a-z]+/i.exec(text)?.[0].toUpperCase() ?? 'query';
}
