/**
 * The transfer service's queries about batches: the ends of their items, attention, and reads. Every write is one statement over all of
 * its items (two for the ends of many), with their steps and events. batch-acceptance.ts has the acceptance.
 */
import { eq, inArray, sql, type SQL } from 'drizzle-orm';
import type { BatchEnds, BatchProgress } from '../../domain/transfer/batch.ts';
import type { BatchId } from '../../domain/ids.ts';
import { formatIndexes, parseIndexes } from '../../domain/index-set.ts';
import { MovementMissing } from '../../domain/transfer/movement-missing.ts';
import { DEFAULT_TENANT, type OfTenant } from '../../domain/tenant.ts';
import type { TraceContext } from '../../domain/trace-context.ts';
import { statusesBelow, type TransferEnd, type TransferFailureReason } from '../../domain/transfer/transfer.ts';
import type { Database } from '../database.ts';
import { claimDue, clearDue, type Claim, type DueRows } from '../due.ts';
import { listNewestFirst, ofTenantOrFilter, type Listed } from '../newest-first.ts';
import type { Place } from '../../domain/place.ts';
import { andBody, isBody } from './body.ts';
import { isAt } from './batch-legs.ts';
import { openCase } from './case-clauses.ts';
import { closeCase } from './case-log.ts';
import { END_COLUMNS, FOLDED_MAX, foldOpening } from './folded-batch-events.ts';
import { notBefore } from './lasted.ts';
import { transferBatches, transfers } from './schema.ts';

export type TransferBatch = typeof transferBatches.$inferSelect;

/** Ends that one call has written. */
export interface WrittenEnds {
  readonly tally: readonly {
    readonly status: TransferEnd['status'];
    readonly reason: TransferFailureReason | null;
    readonly count: number;
  }[];
  /** If they were the last ones: from the acceptance of the batch, or its approval, to its end. */
  readonly lastedSeconds: number | undefined;
}

/**
 * Writes the ends of the items at these places, COMPLETED unless `ends` says otherwise, each only if the item has not ended
 * before, with their steps, their events and the batch's counts. Returns the batch's progress afterwards. Many items are written
 * as two halves at once, each in a database transaction of its own; this returns after both. Throws MovementMissing, having
 * written nothing, if there is no such batch, or if it has another body than `bodyHash` (hex). `ended` is told what each half has
 * written.
 */
export async function recordBatchEnds(
  database: Database,
  {
    batchId,
    places,
    ends,
    bodyHash,
  }: { batchId: BatchId; places: string; ends: readonly BatchEnds[]; bodyHash?: string | undefined },
  trace: TraceContext,
  ended: (written: WrittenEnds) => void = () => {},
): Promise<BatchProgress> {
  const others = Object.fromEntries(
    ends.flatMap(({ places: at, end }) => parseIndexes(at).map((index) => [index, end] as const)),
  );
  // Where the body is not known, the workflow is from before there were other tenants.
  const tenant = bodyHash === undefined ? DEFAULT_TENANT : (await existing()).tenant;
  await Promise.all(
    halves(places).map(async (half) => {
      const written = await writeEnds(database, { batchId, tenant }, half, others, trace);
      if (written !== undefined) ended(written);
    }),
  );
  // A statement of its own: the one above may have waited for another's write, which its snapshot does not show.
  const stored = await existing();
  if (stored.status === 'COMPLETED' && stored.attentionCaseId !== null)
    await closeCase(database, `batch/${batchId}`, 'the batch is COMPLETED');
  return { status: stored.status, completed: stored.completedCount, failed: stored.failedCount };

  async function existing(): Promise<TransferBatch> {
    const batch = await findBatch(database, batchId);
    if (batch === undefined || !isBody(batch, bodyHash)) throw new MovementMissing(`batch ${batchId}`);
    return batch;
  }
}

/**
 * Writes one half. The batch's row is written last: it is all that the two halves have in common, and it is locked until the
 * database transaction ends. Returns undefined if all had ended before.
 */
async function writeEnds(
  database: Database,
  { batchId, tenant }: Pick<TransferBatch, 'batchId' | 'tenant'>,
  places: string,
  others: Readonly<Record<string, TransferEnd>>,
  trace: TraceContext,
): Promise<WrittenEnds | undefined> {
  const end = sql`(${JSON.stringify(others)}::jsonb -> batch_index::text)`;
  const isOver = sql`completed_count + failed_count + counted.completed + counted.failed = item_count`;
  const untilOver = (column: SQL): SQL => sql`${column} = CASE WHEN NOT ${isOver} THEN ${column} END`;
  const openings = Object.fromEntries(
    ['completed', 'failed', 'canceled'].map((how) => [how, foldOpening(`transfer.${how}`, trace, tenant, END_COLUMNS)]),
  );
  const { rows } = await database.execute<{ tally: WrittenEnds['tally']; lasted: number | null }>(sql`
    WITH ended AS (
      UPDATE transfers SET status = coalesce(${end} ->> 'status', 'COMPLETED'), failure_reason = ${end} ->> 'failureReason',
        failure_detail = ${end} -> 'detail', updated_at = clock_timestamp()
      WHERE batch_id = ${batchId} AND ${isAt(sql`batch_index`, places)} AND ${inArray(transfers.status, statusesBelow('COMPLETED'))}
      RETURNING transfer_id::text AS id, transfer_id, status, failure_reason, batch_index
    ), step AS (
      INSERT INTO transfer_steps (transfer_id, step, reason) SELECT transfer_id, status, failure_reason FROM ended RETURNING true
    ), event AS (
      INSERT INTO outbox_events (event_id, type, event_count, payload)
      SELECT 'transfer.' || how || '/folded/' || min(id), 'transfer.' || how, count(*), (${JSON.stringify(openings)}::jsonb ->> how
        || string_agg('["' || id || '",' || coalesce('"' || failure_reason || '"', 'null') || ']', ',') || ']}')::json
      FROM (SELECT *, lower(status) AS how FROM ended) ended GROUP BY how, batch_index / ${FOLDED_MAX}
      RETURNING event_count
    ), counted AS (
      SELECT count(*) FILTER (WHERE status = 'COMPLETED') AS completed, count(*) FILTER (WHERE status <> 'COMPLETED') AS failed FROM ended
      WHERE (SELECT count(*) FROM step) = (SELECT sum(event_count) FROM event)
    )
    UPDATE transfer_batches SET completed_count = completed_count + counted.completed, failed_count = failed_count + counted.failed,
      updated_at = clock_timestamp(),
      status = CASE WHEN ${isOver} THEN 'COMPLETED' ELSE status END,
      ${untilOver(sql`attention_reason`)}, ${untilOver(sql`attention_since`)}, ${untilOver(sql`attention_error`)}
    FROM counted WHERE batch_id = ${batchId} AND counted.completed + counted.failed > 0
    RETURNING (SELECT json_agg(alike) FROM (
        SELECT status, failure_reason AS reason, count(*) FROM ended GROUP BY status, failure_reason
      ) alike) AS tally,
      CASE status WHEN 'COMPLETED' THEN extract(epoch FROM updated_at - ${notBefore(sql`batch_id`, sql`created_at`)})::float8 END AS lasted`);
  const [written] = rows;
  return written && { tally: written.tally, lastedSeconds: written.lasted ?? undefined };
}

/** Shows an operator that a batch's compensation cannot finish, and opens a case for it. */
export async function recordBatchAttention(
  database: Database,
  batchId: BatchId,
  reason: string,
  error: string,
  bodyHash?: string,
): Promise<void> {
  await database.execute(sql`
    WITH concerned AS (
      SELECT tenant, NULL::uuid AS transfer_id, NULL::uuid AS transaction_id, 'batch/' || batch_id AS subject FROM transfer_batches
      WHERE batch_id = ${batchId} AND status = 'PROCESSING' ${andBody(bodyHash)} FOR NO KEY UPDATE
    ), ${openCase(reason, error)}
    UPDATE transfer_batches SET attention_case_id = opened.case_id, attention_reason = ${reason}, attention_error = ${error},
      attention_since = coalesce(attention_since, clock_timestamp()), updated_at = clock_timestamp()
    FROM opened WHERE batch_id = ${batchId}`);
}

export async function findBatch(database: Database, batchId: BatchId): Promise<TransferBatch | undefined> {
  const rows = await database.select().from(transferBatches).where(eq(transferBatches.batchId, batchId));
  return rows[0];
}

/** The batches of a tenant that follow the cursor, newest first. */
export function listBatches(
  database: Database,
  { tenant = DEFAULT_TENANT, after, limit }: OfTenant & { after?: Place | undefined; limit: number },
): Promise<Listed<TransferBatch>> {
  const walk = ofTenantOrFilter(tenant, undefined);
  return listNewestFirst(database, { table: transferBatches, id: 'batch_id', ...walk, after, limit });
}

const UNSTARTED: DueRows<typeof transferBatches> = {
  table: transferBatches,
  id: transferBatches.batchId,
  dueAt: transferBatches.startDueAt,
  isOpen: sql`status = 'PROCESSING'`,
};

/** Claims the batches that are due to be started, by db/due.ts. */
export function claimDueBatches(database: Database, claim: Claim): Promise<TransferBatch[]> {
  return claimDue(database, UNSTARTED, claim);
}

/** Notes that these batches are known to be started. */
export function noteBatchesStarted(database: Database, batchIds: readonly BatchId[]): Promise<void> {
  return clearDue(database, UNSTARTED, batchIds);
}

const HALVED_AT_LEAST = 2_000;

/** Splits these places in two if there are many, because two connections that write at once finish sooner. */
function halves(places: string): string[] {
  const indexes = parseIndexes(places);
  if (indexes.length < HALVED_AT_LEAST) return [places];
  const middle = indexes.length >> 1;
  return [indexes.slice(0, middle), indexes.slice(middle)].map(formatIndexes);
}
