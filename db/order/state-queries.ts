/**
 * The state of the order service in figures, for the metrics and for the overview. They cost what is open and not what is stored: each reads the open part
 * of an index, and a bounded part of that.
 */
import { sql, type SQL } from 'drizzle-orm';
import type { Tenant } from '../../domain/tenant.ts';
import type { Database } from '../database.ts';

/** Of each status; the oldest are counted first. */
const OPEN_MAX = 100_000;
/** So long after it should have gone on, an order is stuck. */
const STUCK_AFTER = sql`interval '5 minutes'`;

export interface OpenOrders {
  readonly status: 'PENDING' | 'CONFIRMED';
  readonly count: number;
  /** Since the oldest was accepted. */
  readonly oldestSeconds: number;
  readonly stuck: number;
}

/** The orders that have not ended, of one tenant or of all; a status without any is left out. */
export async function summarizeOpenOrders(database: Database, tenant?: Tenant): Promise<OpenOrders[]> {
  const isLate = sql`deadline_at < now() - ${STUCK_AFTER}`;
  const isLeftReserved = sql`EXISTS (
    SELECT FROM consignments WHERE consignments.order_id = orders.order_id AND goods = 'RESERVED' AND hold_expires_at < now() - ${STUCK_AFTER})`;
  const { rows } = await database.execute<{
    status: OpenOrders['status'];
    count: number;
    oldest: number;
    stuck: number;
  }>(sql`
    SELECT status, count(*)::int AS count, extract(epoch FROM now() - min(created_at))::float8 AS oldest,
      count(*) FILTER (WHERE is_stuck)::int AS stuck
    FROM (${openOrders('PENDING', isLate, tenant)} UNION ALL ${openOrders('CONFIRMED', isLeftReserved, tenant)}) open GROUP BY status`);
  return rows.map(({ oldest, ...row }) => ({ ...row, oldestSeconds: Math.max(0, oldest) }));
}

function openOrders(status: OpenOrders['status'], isStuck: SQL, tenant: Tenant | undefined): SQL {
  return sql`(
      SELECT status, created_at, attention_since IS NOT NULL OR ${isStuck} AS is_stuck
      FROM orders WHERE status = ${sql.raw(`'${status}'`)} ${andOf(tenant)} ORDER BY created_at, order_id LIMIT ${OPEN_MAX})`;
}

/** The further condition that rows are the tenant's; none for all tenants. */
function andOf(tenant: Tenant | undefined): SQL {
  return tenant === undefined ? sql`` : sql`AND tenant = ${tenant}`;
}

interface Reasons {
  readonly byReason: Map<string, number>;
  /** Since when the oldest waits; 0 without any. */
  readonly oldestSeconds: number;
}

/** The open cases by their reasons. */
export function summarizeOrderCases(database: Database): Promise<Reasons> {
  return reasonsOf(database, sql`SELECT reason, opened_at AS since FROM order_cases WHERE closed_at IS NULL`);
}

/** The returns that wait for an operator, by their reasons. They have no cases. */
export function summarizeWaitingReturns(database: Database): Promise<Reasons> {
  return reasonsOf(
    database,
    sql`SELECT attention_reason AS reason, attention_since AS since FROM returns WHERE attention_since IS NOT NULL`,
  );
}

async function reasonsOf(database: Database, waiting: SQL): Promise<Reasons> {
  const { rows } = await database.execute<{ reason: string; count: number; oldest: number }>(sql`
    SELECT reason, count(*)::int AS count, extract(epoch FROM now() - min(since))::float8 AS oldest
    FROM (${waiting}) waiting GROUP BY reason`);
  return {
    byReason: new Map(rows.map(({ reason, count }) => [reason, count])),
    oldestSeconds: Math.max(0, ...rows.map(({ oldest }) => oldest)),
  };
}

interface Waiting {
  readonly count: number;
  /** Since when the oldest waits, in milliseconds since 1970; null if nothing does. */
  readonly oldest: number | null;
}

export type WaitingOrders = Readonly<Record<'orders' | 'returns' | 'order_cases', Waiting>>;

/** What of a tenant waits for an operator: each kind is counted by an index that has nothing else but what waits so of any tenant. */
export async function waitingForOperators(database: Database, tenant: Tenant): Promise<WaitingOrders> {
  const waiting = (since: SQL, rows: SQL): SQL =>
    sql`(SELECT json_build_object('count', count(*), 'oldest', (extract(epoch FROM min(${since})) * 1000)::bigint) FROM ${rows} ${andOf(tenant)})`;
  const { rows } = await database.execute<{ waiting: WaitingOrders }>(sql`
    SELECT json_build_object(
      'orders', ${waiting(sql`attention_since`, sql`orders WHERE attention_since IS NOT NULL`)},
      'returns', ${waiting(sql`attention_since`, sql`returns WHERE attention_since IS NOT NULL`)},
      'order_cases', ${waiting(sql`opened_at`, sql`order_cases WHERE closed_at IS NULL`)}) AS waiting`);
  return rows[0]!.waiting;
}
