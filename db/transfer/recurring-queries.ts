/**
 * The transfer service's queries about recurring transfers themselves: acceptance, status changes, reads, and the bookkeeping for
 * looking after their Schedules. Their runs are in recurring-runs.ts.
 */
import { and, asc, eq, sql } from 'drizzle-orm';
import type { ByWhom } from '../../domain/audit-event.ts';
import type { RecurringTransferId, WalletId } from '../../domain/ids.ts';
import type { RecurringStatus, RecurringTerms } from '../../domain/transfer/recurring.ts';
import { GRACE_SECONDS, type Cursor } from '../../domain/transfer/reconciliation.ts';
import { DEFAULT_TENANT, tenantOf, type OfTenant, type Tenant } from '../../domain/tenant.ts';
import type { TraceContext } from '../../domain/trace-context.ts';
import { auditedIf } from '../audit-events.ts';
import { isOfTenant, rowOf, type Database } from '../database.ts';
import { claimDue, type Claim, type DueRows } from '../due.ts';
import { listNewestFirst, mergedNewestFirst, ofTenantOrFilter, testOf, type Listed } from '../newest-first.ts';
import type { Place } from '../../domain/place.ts';
import { recurringTransfers } from './schema.ts';

export type RecurringTransfer = typeof recurringTransfers.$inferSelect;

/** Longer than the API takes to look after a Schedule, so that the sweep rarely repeats work that is under way. */
const TEND_DUE_SECONDS = 3;
const tendSoon = sql`now() + make_interval(secs => ${TEND_DUE_SECONDS})`;

/**
 * Stores a recurring transfer as ACTIVE, with its first change. Returns undefined, and changes nothing, if the id is taken. Without `by`,
 * the audit log has no entry of it.
 */
export async function createRecurringTransfer(
  database: Pick<Database, 'execute'>,
  id: RecurringTransferId,
  t: RecurringTerms,
  { idempotencyKey, bodyHash, ...of }: OfTenant & { readonly idempotencyKey: string; readonly bodyHash: string },
  trace: TraceContext,
  by?: ByWhom,
): Promise<RecurringTransfer | undefined> {
  const { amount, currency, senderWalletId: sender_wallet_id, receiverWalletId: receiver_wallet_id } = t;
  const details = { amount, currency, sender_wallet_id, receiver_wallet_id };
  const entry = { action: 'recurring-transfer-created', object: id, details } as const;
  const { rows } = await database.execute(sql`
    WITH created AS (
      INSERT INTO recurring_transfers (recurring_transfer_id, tenant, sender_wallet_id, receiver_wallet_id, amount, currency, reference,
        metadata, every_seconds, calendar, time_zone, starts_at, ends_at, idempotency_key, body_hash, request_id, traceparent,
        tend_due_at)
      VALUES (${id}, ${tenantOf(of)}, ${t.senderWalletId}, ${t.receiverWalletId}, ${t.amount}, ${t.currency}, ${t.reference},
        ${JSON.stringify(t.metadata)}::jsonb, ${t.everySeconds}, ${t.calendar && JSON.stringify(t.calendar)}::jsonb, ${t.timeZone},
        ${t.startsAt?.toISOString() ?? null}::timestamptz, ${t.endsAt?.toISOString() ?? null}::timestamptz, ${idempotencyKey},
        decode(${bodyHash}, 'hex'), ${trace.requestId}, ${trace.traceparent ?? null}, ${tendSoon})
      ON CONFLICT DO NOTHING
      RETURNING *
    ), change AS (
      INSERT INTO recurring_transfer_changes (recurring_transfer_id, status, request_id, created_at)
      SELECT recurring_transfer_id, status, request_id, created_at FROM created
    )${auditedIf(entry, by, sql`created`)}
    SELECT * FROM created`);
  return rows[0] && rowOf(recurringTransfers, rows[0]);
}

/**
 * Gives a recurring transfer another status, and notes the change. Returns the row as it is then: a repeat changes nothing, and
 * neither does any change of a deleted one. Undefined if there is no such row, or it is not of the tenant of `by`. Waits for runs that
 * are being accepted; later runs see the new status.
 */
export async function changeRecurringStatus(
  database: Database,
  id: RecurringTransferId,
  status: RecurringStatus,
  { requestId }: TraceContext,
  by?: ByWhom,
): Promise<RecurringTransfer | undefined> {
  const tenant = by && tenantOf(by.acting);
  const isTheirs = tenant === undefined ? sql`true` : sql`tenant = ${tenant}`;
  const entry = { action: 'recurring-transfer-changed', object: id, details: { status } } as const;
  const { rows } = await database.execute(sql`
    WITH changed AS (
      UPDATE recurring_transfers SET status = ${status}, version = version + 1, updated_at = clock_timestamp(), tend_due_at = ${tendSoon}
      WHERE recurring_transfer_id = ${id} AND status NOT IN (${status}, 'DELETED') AND ${isTheirs}
      RETURNING *
    ), change AS (
      INSERT INTO recurring_transfer_changes (recurring_transfer_id, status, request_id, created_at)
      SELECT recurring_transfer_id, status, ${requestId}, updated_at FROM changed
    )${auditedIf(entry, by, sql`changed`)}
    SELECT * FROM changed`);
  return rows[0] === undefined ? findRecurringTransfer(database, id, tenant) : rowOf(recurringTransfers, rows[0]);
}

/** How far two clocks may differ that are both right: the shortest rhythm, so that it is one run at most. */
const SKEW_SECONDS = 60;
/** A run arrives within this time of its nominal time, unless no worker was there. */
const ARRIVES_WITHIN_SECONDS = 120;

/** A run that has arrived: its nominal time, and the time on the clock of the process that received it. */
export interface ArrivedRun {
  readonly nominalAt: Date;
  readonly now: Date;
}

/**
 * Corrects the time of the last status change if that lies in the future. It was written while the clock was ahead, and would
 * have every run until then left out, or have runs made up for that fell into a pause. Changes are append-only, so the same
 * status is noted once more: as of now, or as of the nominal time of a run that has just arrived, because the Schedule would not
 * have run it while paused. A pause is noted after the runs that there are. Returns the row as it is then; undefined if there was
 * nothing to correct.
 *
 * The database's clock decides what the future is. But a run that arrives on time shows that Temporal's clock and that of the
 * run's process agree: if the database's clock is ahead of theirs, theirs counts. A single clock that is behind counts for
 * nothing, because it would have runs made up for from before the order was made.
 */
export async function putBackChange(
  database: Database,
  id: RecurringTransferId,
  arrived?: ArrivedRun,
): Promise<RecurringTransfer | undefined> {
  const lateMs = arrived === undefined ? -1 : arrived.now.getTime() - arrived.nominalAt.getTime();
  const witness = lateMs >= 0 && lateMs <= ARRIVES_WITHIN_SECONDS * 1_000 ? arrived?.now : undefined;
  const theirs = sql`coalesce(${witness?.toISOString() ?? null}::timestamptz, 'infinity')`;
  const { rows } = await database.execute(sql`
    WITH wrong AS (
      SELECT made.recurring_transfer_id, least(clock_timestamp(), ${theirs}) AS at,
        (SELECT max(nominal_at) FROM transfers WHERE recurring_transfer_id = ${id} AND nominal_at IS NOT NULL) AS last_run_at
      FROM recurring_transfers made
      WHERE recurring_transfer_id = ${id} AND least(clock_timestamp(), ${theirs} + make_interval(secs => ${SKEW_SECONDS})) < (
        SELECT change.created_at FROM recurring_transfer_changes change
        WHERE change.recurring_transfer_id = ${id} ORDER BY change.change_id DESC LIMIT 1)
      FOR UPDATE
    ), put_back AS (
      UPDATE recurring_transfers made SET settled_until = least(made.settled_until, wrong.at)
      FROM wrong WHERE made.recurring_transfer_id = wrong.recurring_transfer_id
      RETURNING made.*
    ), change AS (
      INSERT INTO recurring_transfer_changes (recurring_transfer_id, status, request_id, created_at)
      SELECT put_back.recurring_transfer_id, put_back.status, put_back.request_id,
        CASE
          WHEN put_back.status <> 'ACTIVE' THEN greatest(wrong.at, least(clock_timestamp(), wrong.last_run_at + interval '1 millisecond'))
          WHEN run.at BETWEEN wrong.at - make_interval(secs => ${ARRIVES_WITHIN_SECONDS}) AND wrong.at THEN run.at
          ELSE wrong.at
        END
      FROM put_back, wrong, (SELECT ${arrived?.nominalAt.toISOString() ?? null}::timestamptz) AS run (at)
    )
    SELECT * FROM put_back`);
  return rows[0] && rowOf(recurringTransfers, rows[0]);
}

/** With `tenant`, only if it is that tenant's. */
export async function findRecurringTransfer(
  database: Database,
  id: RecurringTransferId,
  tenant?: Tenant,
): Promise<RecurringTransfer | undefined> {
  const rows = await database
    .select()
    .from(recurringTransfers)
    .where(and(eq(recurringTransfers.recurringTransferId, id), tenant && eq(recurringTransfers.tenant, tenant)));
  return rows[0];
}

const SCHEDULED_ROWS = 200;

/**
 * A page of the active recurring transfers that should have a Schedule by now, the oldest first; or those of the given ids that
 * should. A recurring transfer whose end has come needs none.
 */
export async function activeRecurring(
  database: Database,
  of: { readonly after: Cursor | null } | { readonly ids: readonly string[] },
): Promise<{ rows: RecurringTransfer[]; next: Cursor | null }> {
  const { createdAt, endsAt, recurringTransferId: id, status } = recurringTransfers;
  const cursor = 'after' in of ? (of.after ?? undefined) : undefined;
  const rows = await database
    .select()
    .from(recurringTransfers)
    .where(
      and(
        eq(status, 'ACTIVE'),
        sql`${createdAt} < now() - make_interval(secs => ${GRACE_SECONDS})`,
        sql`coalesce(${endsAt}, 'infinity') > now()`,
        'ids' in of
          ? sql`${id} = ANY(${sql.param([...of.ids])}::uuid[])`
          : cursor &&
              sql`(${createdAt}, ${id}) > (${new Date(cursor.atMs).toISOString()}::timestamptz, ${cursor.key}::uuid)`,
      ),
    )
    .orderBy(asc(createdAt), asc(id))
    .limit('ids' in of ? of.ids.length : SCHEDULED_ROWS);
  const last = rows.at(-1);
  const isPage = 'after' in of && rows.length === SCHEDULED_ROWS;
  return { rows, next: isPage ? { atMs: last!.createdAt.getTime(), key: last!.recurringTransferId } : null };
}

export interface RecurringFilter extends OfTenant {
  readonly status?: RecurringStatus | undefined;
  /** As sender or receiver. */
  readonly walletId?: WalletId | undefined;
  readonly after?: Place | undefined;
  readonly limit: number;
}

/** The recurring transfers that follow the cursor, newest first. */
export async function listRecurringTransfers(
  database: Database,
  { tenant = DEFAULT_TENANT, status, walletId, after, limit }: RecurringFilter,
): Promise<Listed<RecurringTransfer>> {
  const walked = { table: recurringTransfers, id: 'recurring_transfer_id', after, limit } as const;
  const byStatus = status && ({ column: 'status', type: 'text', value: status } as const);
  if (walletId === undefined) return listNewestFirst(database, { ...walked, ...ofTenantOrFilter(tenant, byStatus) });
  // Two scans, each of one index, which end at the limit, as for transfers.
  const lists = await Promise.all(
    ['sender_wallet_id', 'receiver_wallet_id'].map((column) =>
      listNewestFirst(database, {
        ...{ ...walked, lead: { column, type: 'uuid', value: walletId } },
        ...{ rest: byStatus === undefined ? [] : [testOf(byStatus)], likely: isOfTenant(tenant) },
      }),
    ),
  );
  return mergedNewestFirst(
    lists,
    ({ createdAt, recurringTransferId }) => ({ createdAt, id: recurringTransferId }),
    limit,
  );
}

const UNTENDED: DueRows<typeof recurringTransfers> = {
  table: recurringTransfers,
  id: recurringTransfers.recurringTransferId,
  dueAt: recurringTransfers.tendDueAt,
};

/** Claims the recurring transfers that are due to be looked after, by db/due.ts. */
export function claimDueRecurring(database: Database, claim: Claim): Promise<RecurringTransfer[]> {
  return claimDue(database, UNTENDED, claim);
}

/**
 * Notes that a version of a recurring transfer was looked after, until when all its runs are accounted for, and in how many
 * seconds it is due again (null: never). If it has changed meanwhile, it is due at once, because its Schedule may agree with the
 * older version.
 */
export async function noteTended(
  database: Database,
  { recurringTransferId, version }: RecurringTransfer,
  accountedUntil: Date,
  againInSeconds: number | null,
): Promise<void> {
  await database.execute(sql`
    UPDATE recurring_transfers SET settled_until = greatest(settled_until, least(${accountedUntil.toISOString()}::timestamptz, clock_timestamp())),
      tend_due_at = CASE WHEN version = ${version} THEN now() + make_interval(secs => ${againInSeconds}::int) ELSE now() END
    WHERE recurring_transfer_id = ${recurringTransferId}`);
}
