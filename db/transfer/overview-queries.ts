/**
 * The transfer service's part of the overview: what is open, in money and in number, what waits for an operator, and what the
 * reconciliation said last, which is about the whole, so only the default tenant is told. One statement is one snapshot. It costs what is
 * open, of all tenants, and not what is stored.
 */
import { sql, type SQL } from 'drizzle-orm';
import type { RunId } from '../../domain/ids.ts';
import type { MovementKind } from '../../domain/transfer/movement-counts.ts';
import { DISAGREEMENTS, type RunScope, type RunStatus } from '../../domain/transfer/reconciliation.ts';
import { DEFAULT_TENANT, type Tenant } from '../../domain/tenant.ts';
import type { Database } from '../database.ts';
import { couldBegin, IS_DUE_TO_BE_ACCEPTED, STUCK_AFTER } from './state-queries.ts';

/** Why the reconciliation opens a case that puts the books themselves in doubt, and not only how far a movement is. */
const OF_BOOKS = ['entries_without_movement', 'entries_disagree', 'balance_disagrees', 'shard_behind'];

/** Movements of one kind and status. Times are in milliseconds since 1970. */
interface OpenSum {
  readonly kind: MovementKind;
  readonly status: 'SCHEDULED' | 'PENDING' | 'DEBITED';
  readonly currency: string;
  /** Whether they are holds that nobody has decided about. */
  readonly is_held: boolean;
  readonly count: number;
  /** Decimal string. */
  readonly amount: string;
  readonly since: number;
  readonly stuck: number;
}

export interface Waiting {
  readonly count: number;
  /** Since when the oldest waits, in milliseconds since 1970; null if nothing does. */
  readonly oldest: number | null;
}

interface OpenCases extends Waiting {
  /** Those that say that the books disagree. */
  readonly of_books: number;
  /** Those about nothing that shows attention by itself. */
  readonly found: Waiting;
}

export interface LastRun {
  readonly run_id: RunId;
  readonly status: Exclude<RunStatus, 'RUNNING'>;
  readonly scope: RunScope;
  readonly checked: number;
  readonly repaired: number;
  readonly found: number;
  /** In milliseconds since 1970. */
  readonly started: number;
  readonly finished: number;
}

export interface TransferOverview {
  readonly open: readonly OpenSum[];
  readonly attention: Readonly<Record<'transfers' | 'holds' | 'transactions' | 'batches', Waiting>>;
  readonly cases: OpenCases;
  /** What waits for the approval of somebody else. */
  readonly approvals: Waiting;
  /** The last that has finished, whatever came of it; null before the first. */
  readonly last_run: LastRun | null;
  /** When a run last came to its end, in milliseconds since 1970; null before the first. */
  readonly books_as_of: number | null;
}

export async function transferOverview(database: Database, tenant: Tenant): Promise<TransferOverview> {
  const isTheirs = sql`tenant = ${tenant}`;
  const isOfAll = tenant === DEFAULT_TENANT;
  const { rows } = await database.execute<{ overview: TransferOverview }>(sql`
    WITH open (kind, status, currency, is_held, since, amount, attention_since, is_stuck) AS MATERIALIZED (
      ${openTransfers('SCHEDULED', isTheirs)} UNION ALL ${openTransfers('PENDING', isTheirs)} UNION ALL ${openTransfers('DEBITED', isTheirs)}
      UNION ALL
      SELECT CASE type WHEN 'CREDIT' THEN 'deposit' ELSE 'withdrawal' END, status, currency, false, created_at, amount, attention_since,
        attention_since IS NOT NULL OR ${couldBegin(sql`transaction_id`, sql`created_at`)} < now() - ${STUCK_AFTER}
      FROM transactions WHERE status = 'PENDING' AND ${isTheirs}
      UNION ALL
      SELECT 'batch_item', 'PENDING', currency, false, batch.created_at, amount, NULL,
        batch.attention_since IS NOT NULL OR ${couldBegin(sql`batch.batch_id`, sql`batch.created_at`)} < now() - ${STUCK_AFTER}
      FROM (SELECT * FROM transfer_batches WHERE status = 'PROCESSING' AND ${isTheirs}) batch
      CROSS JOIN LATERAL (
        SELECT currency, amount FROM transfers WHERE transfers.batch_id = batch.batch_id AND transfers.status IN ('PENDING', 'DEBITED')
      ) item
      UNION ALL
      SELECT 'batch_item', 'PENDING', item.currency, false, batch.created_at, item.amount, NULL,
        ${couldBegin(sql`batch.batch_id`, sql`batch.created_at`)} < now() - ${STUCK_AFTER}
      FROM (SELECT * FROM transfer_batches WHERE ${IS_DUE_TO_BE_ACCEPTED} AND ${isTheirs}) batch CROSS JOIN LATERAL proposed_items(batch.batch_id) item
    )
    SELECT json_build_object(
      'open', (SELECT coalesce(json_agg(summed), '[]') FROM (
        SELECT kind, status, currency, is_held, count(*) AS count, sum(amount)::text AS amount, ${ms(sql`min(since)`)} AS since,
          count(*) FILTER (WHERE is_stuck) AS stuck
        FROM open GROUP BY kind, status, currency, is_held) summed),
      'attention', json_build_object(
        'transfers', ${waiting(sql`open WHERE kind = 'transfer'`)},
        'holds', ${waiting(sql`open WHERE kind = 'hold'`)},
        'transactions', ${waiting(sql`open WHERE kind IN ('deposit', 'withdrawal')`)},
        'batches', ${waiting(sql`transfer_batches WHERE status = 'PROCESSING' AND ${isTheirs}`)}),
      'cases', (
        SELECT json_build_object('count', count(*), 'oldest', ${ms(sql`min(opened_at)`)},
          'of_books', count(*) FILTER (WHERE reason IN ${OF_BOOKS}),
          'found', json_build_object(
            'count', count(*) FILTER (WHERE reason IN ${[...DISAGREEMENTS]}),
            'oldest', ${ms(sql`min(opened_at) FILTER (WHERE reason IN ${[...DISAGREEMENTS]})`)}))
        FROM cases WHERE status = 'OPEN' AND ${isTheirs}),
      'approvals', (
        SELECT json_build_object('count', count(*), 'oldest', ${ms(sql`min(created_at)`)})
        FROM approvals WHERE status = 'AWAITING' AND ${isTheirs}),
      'last_run', (
        SELECT json_build_object('run_id', run_id, 'status', status, 'scope', scope, 'checked', checked, 'repaired', repaired,
          'found', found, 'started', ${ms(sql`started_at`)}, 'finished', ${ms(sql`finished_at`)})
        FROM reconciliation_runs WHERE status <> 'RUNNING' AND ${isOfAll} ORDER BY run_number DESC LIMIT 1),
      'books_as_of', (
        SELECT ${ms(sql`finished_at`)} FROM reconciliation_runs
        WHERE status IN ('CLEAN', 'REPAIRED', 'FOUND') AND ${isOfAll} ORDER BY run_number DESC LIMIT 1)
    ) AS overview`);
  return rows[0]!.overview;
}

/** By the index of the open ones, whatever the statistics say: its condition is repeated as it is there. */
function openTransfers(status: OpenSum['status'], isTheirs: SQL): SQL {
  const isHeld = sql`capture_method = 'manual' AND listed_status = 'DEBITED' AND captured_amount IS NULL`;
  return sql`(
        SELECT CASE capture_method WHEN 'manual' THEN 'hold' ELSE 'transfer' END, listed_status, currency, ${isHeld},
          coalesce(scheduled_at, created_at), amount, attention_since,
          attention_since IS NOT NULL OR now() - ${STUCK_AFTER} > CASE
            WHEN ${isHeld} THEN expires_at
            WHEN capture_method = 'manual' AND listed_status = 'DEBITED' THEN updated_at
            ELSE ${couldBegin(sql`transfer_id`, sql`coalesce(scheduled_at, created_at)`)}
          END
        FROM transfers WHERE (batch_id IS NULL OR listed_status IS NOT NULL) AND listed_status = ${sql.raw(`'${status}'`)} AND ${isTheirs}
      )`;
}

/** What waits for an operator, of rows that are open. */
function waiting(rows: SQL): SQL {
  return sql`(SELECT json_build_object('count', count(*), 'oldest', ${ms(sql`min(attention_since)`)}) FROM ${rows} AND attention_since IS NOT NULL)`;
}

function ms(instant: SQL): SQL {
  return sql`(extract(epoch FROM ${instant}) * 1000)::bigint`;
}
