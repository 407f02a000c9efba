/**
 * The projection flows: adding events to it, and reading it. Amounts are those of the ledger, by the events of wallets, so a
 * partial capture counts as what was captured. These name no currency: the acceptance of their movement does, which is looked up in
 * the log.
 *
 *   wallet.credited ──▶ transfer.initiated in the log? ──▶ flows
 *                              └─ not yet ──▶ flows_waiting ──▶ once it is read ──▶ flows
 */
import { sql } from 'drizzle-orm';
import type { CloudEvent } from '../../domain/event.ts';
import { FLOW_DAYS_KEPT, FLOW_SECONDS, type FlowKind } from '../../domain/flow.ts';
import type { Database } from '../database.ts';
import { consumerOf } from './projection-queries.ts';

type CountedEvent = Pick<CloudEvent, 'subject' | 'time' | 'type'> & {
  readonly position: number;
  readonly data: Readonly<Record<string, unknown>>;
};

/** A connection in a transaction of the consumer. */
interface Transaction {
  query<Row>(text: string, values: unknown[]): Promise<{ rows: Row[] }>;
}

interface Moved {
  readonly id: string;
  readonly kind: FlowKind;
  readonly amount: string;
  /** An RFC 3339 instant. */
  readonly at: string;
}

interface Origin {
  readonly id: string;
  readonly tenant: string;
  readonly currency: string;
}

const ACCEPTED = ['transfer.initiated', 'transaction.initiated'];

/** A change of this list needs a rebuild. */
export const FLOW_TYPES = [...ACCEPTED, 'wallet.credited', 'wallet.debited', 'wallet.refunded'];

/** Most acceptances stand so near before what they have caused. For the others, every partition of the log is looked at. */
const NEAR_POSITIONS = 100_000;

/** Adds what has moved to a generation. The rows are locked in one order, so that two that do so at once do not deadlock. */
export async function addFlows(
  connection: Transaction,
  generation: number,
  events: readonly CountedEvent[],
): Promise<void> {
  const accepted = events.filter(({ type }) => ACCEPTED.includes(type)).map(({ subject }) => subject);
  const moved = [...(await takeWaiting(connection, generation, accepted)), ...events.flatMap(movedBy)];
  if (moved.length === 0) return;
  const origins = await findOrigins(connection, events, [...new Set(moved.map(({ id }) => id))]);
  const known: (Moved & Origin)[] = [];
  const waiting: Moved[] = [];
  for (const each of moved) {
    const origin = origins.get(each.id);
    if (origin === undefined) waiting.push(each);
    else known.push({ ...each, ...origin });
  }
  if (known.length > 0) await add(connection, generation, known);
  if (waiting.length > 0) await keepWaiting(connection, generation, waiting);
}

/** A debit of a transfer arrives nowhere, and its refund or the credit will tell; a transaction's debit has left. */
function movedBy({ type, time: at, data }: CountedEvent): Moved[] {
  const amount = String(data['amount']);
  if (typeof data['transfer_id'] === 'string') {
    const of = { id: data['transfer_id'], amount, at };
    if (type === 'wallet.credited') return [{ ...of, kind: 'transfers' }];
    return type === 'wallet.refunded' ? [{ ...of, kind: 'refunds' }] : [];
  }
  if (typeof data['transaction_id'] !== 'string') return [];
  const of = { id: data['transaction_id'], amount, at };
  if (type === 'wallet.credited') return [{ ...of, kind: 'credits' }];
  return type === 'wallet.debited' ? [{ ...of, kind: 'debits' }] : [];
}

async function takeWaiting(connection: Transaction, generation: number, accepted: readonly string[]): Promise<Moved[]> {
  if (accepted.length === 0) return [];
  const { rows } = await connection.query<Omit<Moved, 'at'> & { at: Date }>(
    `DELETE FROM flows_waiting WHERE generation = $1 AND movement_id = ANY($2::uuid[])
     RETURNING movement_id::text AS id, kind, amount::text AS amount, moved_at AS at`,
    [generation, accepted],
  );
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}

async function findOrigins(
  connection: Transaction,
  events: readonly CountedEvent[],
  ids: readonly string[],
): Promise<Map<string, Origin>> {
  const positions = events.map(({ position }) => position);
  const [from, to] = [Math.min(...positions) - NEAR_POSITIONS, Math.max(...positions)];
  const find = async (wanted: readonly string[], where: string, values: readonly number[]): Promise<Origin[]> => {
    const { rows } = await connection.query<Origin>(
      `SELECT id, tenant, payload -> 'data' ->> 'currency' AS currency
       FROM unnest($1::text[]) AS id CROSS JOIN LATERAL (
         SELECT tenant, payload FROM event_log WHERE subject = id AND type = ANY($2::text[]) ${where} LIMIT 1
       ) accepted`,
      [wanted, ACCEPTED, ...values],
    );
    return rows;
  };
  const near = await find(ids, 'AND position BETWEEN $3 AND $4', [from, to]);
  const found = new Map(near.map((origin) => [origin.id, origin]));
  const others = ids.filter((id) => !found.has(id));
  if (others.length > 0) for (const origin of await find(others, '', [])) found.set(origin.id, origin);
  return found;
}

async function add(connection: Transaction, generation: number, known: readonly (Moved & Origin)[]): Promise<void> {
  await connection.query(
    `INSERT INTO flows AS f (generation, tenant, starts_at, currency, kind, movement_count, sum)
     SELECT $1, tenant, date_bin(make_interval(secs => $2), at, 'epoch') AS starts_at, currency, kind, count(*), sum(amount)
     FROM unnest($3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::numeric[]) AS e (tenant, at, currency, kind, amount)
     GROUP BY tenant, starts_at, currency, kind ORDER BY tenant, starts_at, currency, kind
     ON CONFLICT (generation, tenant, starts_at, currency, kind) DO UPDATE
     SET movement_count = f.movement_count + excluded.movement_count, sum = f.sum + excluded.sum`,
    [
      ...[generation, FLOW_SECONDS],
      known.map(({ tenant }) => tenant),
      known.map(({ at }) => at),
      known.map(({ currency }) => currency),
      known.map(({ kind }) => kind),
      known.map(({ amount }) => amount),
    ],
  );
}

async function keepWaiting(connection: Transaction, generation: number, waiting: readonly Moved[]): Promise<void> {
  await connection.query(
    `INSERT INTO flows_waiting (generation, movement_id, kind, amount, moved_at)
     SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::numeric[], $5::timestamptz[])`,
    [
      generation,
      waiting.map(({ id }) => id),
      waiting.map(({ kind }) => kind),
      waiting.map(({ amount }) => amount),
      waiting.map(({ at }) => at),
    ],
  );
}

export interface Flow {
  readonly currency: string;
  /** Unix seconds of the beginning of its step. */
  readonly at: number;
  readonly kind: FlowKind;
  readonly count: number;
  readonly amount: string;
}

export interface FlowQuery {
  readonly tenant: string;
  /** Every one if it is undefined. */
  readonly currency: string | undefined;
  /** Included; a multiple of the step. */
  readonly from: Date;
  /** Not included; a multiple of the step. */
  readonly to: Date;
  /** A multiple of FLOW_SECONDS. */
  readonly stepSeconds: number;
}

/** The flows from `from` to `to`, summed by steps, with the position up to which the log is counted, and the newest one. */
export async function readFlows(
  database: Database,
  { tenant, currency, from, to, stepSeconds }: FlowQuery,
): Promise<{ flows: Flow[]; upToPosition: number; headPosition: number }> {
  const ofCurrency = currency === undefined ? sql`` : sql`AND currency = ${currency}`;
  const { rows } = await database.execute<{ up_to: string | null; head: string; flows: Flow[] }>(sql`
    SELECT (SELECT position FROM consumer_cursors WHERE consumer = ${consumerOf(sql`p.name`, sql`p.generation`)}) AS up_to,
      (SELECT position FROM log_head) AS head,
      coalesce((
        SELECT json_agg(json_build_object('currency', currency, 'at', at, 'kind', kind, 'count', count, 'amount', amount::text)) FROM (
          SELECT currency, extract(epoch FROM date_bin(make_interval(secs => ${stepSeconds}), starts_at, 'epoch'))::bigint AS at, kind,
            sum(movement_count) AS count, sum(sum) AS amount
          FROM flows f
          WHERE f.generation = p.generation AND tenant = ${tenant}
            AND starts_at >= ${from.toISOString()}::timestamptz AND starts_at < ${to.toISOString()}::timestamptz ${ofCurrency}
          GROUP BY 1, 2, 3
        ) steps
      ), '[]') AS flows
    FROM projections p WHERE name = 'flows'`);
  const { up_to, head, flows } = rows[0]!;
  return { flows, upToPosition: Number(up_to ?? 0), headPosition: Number(head) };
}

const EXPIRED_MAX = 5_000;

/** Removes what is older than 90 days, some thousand rows of each table at most. Returns whether there may be more. */
export async function expireFlows(database: Database): Promise<boolean> {
  let isMore = false;
  for (const [table, key, time] of [
    [sql`flows`, sql`generation, tenant, starts_at, currency, kind`, sql`starts_at`],
    [sql`flows_waiting`, sql`generation, movement_id, kind`, sql`moved_at`],
  ] as const) {
    const { rowCount } = await database.execute(sql`DELETE FROM ${table} WHERE (${key}) IN (
      SELECT ${key} FROM ${table} WHERE ${time} < clock_timestamp() - make_interval(days => ${FLOW_DAYS_KEPT}) LIMIT ${EXPIRED_MAX})`);
    if (rowCount === EXPIRED_MAX) isMore = true;
  }
  return isMore;
}
