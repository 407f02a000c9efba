/** The projection wallet_activity: adding events to it, and reading it. */
import { sql } from 'drizzle-orm';
import type { CloudEvent } from '../../domain/event.ts';
import type { WalletId } from '../../domain/ids.ts';
import { DEFAULT_TENANT, type Tenant } from '../../domain/tenant.ts';
import type { Database } from '../database.ts';
import { consumerOf } from './projection-queries.ts';

type CountedEvent = Pick<CloudEvent, 'subject' | 'time' | 'type'> & {
  /** Left out for the default one. */
  readonly tenant?: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
};

/** A connection in a transaction of the consumer. */
interface Transaction {
  query(text: string, values: unknown[]): Promise<unknown>;
}

export interface Activity {
  readonly day: string;
  readonly type: string;
  readonly count: number;
  readonly sum: string;
}

/**
 * Counts events of wallets in a generation. The rows are locked in one order, so that two that do so at once do not deadlock. A refusal of
 * a wallet that was not found is left out: the wallet may be another tenant's, to whom nobody's tries are told, and all others are of the
 * wallet's own tenant.
 */
export async function addActivity(
  connection: Transaction,
  generation: number,
  events: readonly CountedEvent[],
): Promise<void> {
  const counted = events.filter(({ data }) => !isOfNoWallet(data['reason']));
  await connection.query(
    `INSERT INTO wallet_activity AS a (generation, wallet_id, day, type, event_count, sum, tenant)
     SELECT $1, wallet_id, (time AT TIME ZONE 'UTC')::date AS day, type, count(*), coalesce(sum(amount), 0), min(tenant)
     FROM unnest($2::uuid[], $3::timestamptz[], $4::text[], $5::numeric[], $6::text[]) AS e (wallet_id, time, type, amount, tenant)
     GROUP BY wallet_id, day, type ORDER BY wallet_id, day, type
     ON CONFLICT (generation, wallet_id, day, type) DO UPDATE
     SET event_count = a.event_count + excluded.event_count, sum = a.sum + excluded.sum, tenant = excluded.tenant`,
    [
      generation,
      counted.map(({ subject }) => subject),
      counted.map(({ time }) => time),
      counted.map(({ type }) => type),
      counted.map(({ data }) => data['amount'] ?? null),
      counted.map(({ tenant = DEFAULT_TENANT }) => tenant),
    ],
  );
}

function isOfNoWallet(reason: unknown): boolean {
  return typeof reason === 'string' && reason.endsWith('_not_found');
}

/**
 * What happened to a tenant's wallet on the days from `from` to `to`, both included, and the position in the log up to which it is counted.
 */
export async function readActivity(
  database: Database,
  tenant: Tenant,
  walletId: WalletId,
  from: string,
  to: string,
): Promise<{ activity: Activity[]; upToPosition: number }> {
  const { rows } = await database.execute<{ up_to: string | null; activity: Activity[] }>(sql`
    SELECT (SELECT position FROM consumer_cursors WHERE consumer = ${consumerOf(sql`p.name`, sql`p.generation`)}) AS up_to,
      coalesce((
        SELECT json_agg(json_build_object('day', day, 'type', type, 'count', event_count, 'sum', sum::text) ORDER BY day, type)
        FROM wallet_activity a
        WHERE a.generation = p.generation AND wallet_id = ${walletId} AND day BETWEEN ${from}::date AND ${to}::date
          AND tenant = ${tenant}
      ), '[]') AS activity
    FROM projections p WHERE name = 'wallet_activity'`);
  const { up_to, activity } = rows[0]!;
  return { activity, upToPosition: Number(up_to ?? 0) };
}
