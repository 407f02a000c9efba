/** Replays: events that are sent to an endpoint again because its owner asked for it. */
import { and, asc, desc, eq, sql, type SQL } from 'drizzle-orm';
import type { ByWhom } from '../../domain/audit-event.ts';
import type { WebhookEndpointId, WebhookReplayId } from '../../domain/ids.ts';
import { insertAuditIf } from '../audit-events.ts';
import { columnsOf, rowOf, type Database } from '../database.ts';
import type { Owner } from './delivery-writes.ts';
import { webhookReplays } from './webhook-schema.ts';

export type WebhookReplay = typeof webhookReplays.$inferSelect;

export type NewReplay = Pick<
  WebhookReplay,
  'replayId' | 'webhookEndpointId' | 'bodyHash' | 'fromPosition' | 'toPosition' | 'types' | 'onlyFailed'
>;

/** Unfinished ones of one endpoint. */
export const REPLAYS_MAX = 10;

/**
 * Stores a replay, once. Undefined if it was stored before, or if too many of the endpoint's have not ended. Without `by`, the audit log has
 * no entry of it.
 */
export async function createReplay(
  database: Database,
  replay: NewReplay,
  by?: ByWhom,
): Promise<WebhookReplay | undefined> {
  const change = sql`
    INSERT INTO webhook_replays (replay_id, webhook_endpoint_id, body_hash, from_position, to_position, types, only_failed, read_to)
    SELECT ${replay.replayId}, ${replay.webhookEndpointId}, decode(${replay.bodyHash}, 'hex'), ${replay.fromPosition}, ${replay.toPosition},
      ${sql.param(replay.types)}::text[], ${replay.onlyFailed}, ${replay.fromPosition - 1}
    WHERE (SELECT count(*) FROM webhook_replays
      WHERE webhook_endpoint_id = ${replay.webhookEndpointId} AND status = 'RUNNING') < ${REPLAYS_MAX}
    ON CONFLICT DO NOTHING RETURNING ${columnsOf(webhookReplays)}`;
  const entry = {
    action: 'webhook-replay-asked',
    object: replay.webhookEndpointId,
    details: {
      webhook_replay_id: replay.replayId,
      from_position: String(replay.fromPosition),
      to_position: String(replay.toPosition),
    },
  } as const;
  const { rows } = await database.execute(
    by === undefined
      ? change
      : sql`WITH made AS (${change}), audited AS (${insertAuditIf(entry, by, sql`made`)}) SELECT ${columnsOf(webhookReplays)} FROM made`,
  );
  return rows[0] && rowOf(webhookReplays, rows[0]);
}

export async function findReplay(
  database: Database,
  endpoint: WebhookEndpointId,
  id: WebhookReplayId,
): Promise<WebhookReplay | undefined> {
  const rows = await database
    .select()
    .from(webhookReplays)
    .where(and(eq(webhookReplays.replayId, id), eq(webhookReplays.webhookEndpointId, endpoint)));
  return rows[0];
}

/** Newest first. */
export function listReplays(
  database: Database,
  endpoint: WebhookEndpointId,
  after: { readonly createdAt: Date; readonly replayId: string } | undefined,
  limit: number,
): Promise<WebhookReplay[]> {
  const { webhookEndpointId, createdAt, replayId } = webhookReplays;
  const isAfter =
    after &&
    sql`(${createdAt}, ${replayId}) < (${after.createdAt.toISOString()}::timestamptz, ${after.replayId}::uuid)`;
  return database
    .select()
    .from(webhookReplays)
    .where(and(eq(webhookEndpointId, endpoint), isAfter))
    .orderBy(desc(createdAt), desc(replayId))
    .limit(limit);
}

/** The oldest one of an endpoint that has not ended. */
export async function nextReplay(database: Database, endpoint: WebhookEndpointId): Promise<WebhookReplay | undefined> {
  const rows = await database
    .select()
    .from(webhookReplays)
    .where(and(eq(webhookReplays.webhookEndpointId, endpoint), eq(webhookReplays.status, 'RUNNING')))
    .orderBy(asc(webhookReplays.createdAt))
    .limit(1);
  return rows[0];
}

/**
 * Moves a replay's place and adds what was done on the way; what was given up before and is delivered now is so from then on. Changes
 * nothing if the endpoint is no longer its owner's.
 */
export async function moveReplay(
  database: Database,
  owner: Owner,
  { replayId, readTo: from, toPosition }: WebhookReplay,
  done: { readonly readTo: number; readonly delivered: readonly number[]; readonly failedCount: number },
): Promise<boolean> {
  const isOver = done.readTo >= toPosition;
  const { rowCount } = await database.execute(sql`
    WITH moved AS (
      UPDATE webhook_replays SET read_to = ${done.readTo},
        delivered_count = delivered_count + ${done.delivered.length}, failed_count = failed_count + ${done.failedCount},
        status = ${isOver ? 'COMPLETED' : 'RUNNING'}, finished_at = ${isOver ? sql`clock_timestamp()` : sql`NULL`}
      WHERE replay_id = ${replayId} AND read_to = ${from} AND ${isOwned(owner)}
      RETURNING webhook_endpoint_id
    ), delivered AS (
      UPDATE webhook_deliveries d SET status = 'DELIVERED', last_error_code = NULL, updated_at = clock_timestamp()
      FROM moved WHERE d.webhook_endpoint_id = moved.webhook_endpoint_id AND d.status = 'FAILED'
        AND d.position = ANY(${sql.param(done.delivered)}::bigint[])
    )
    SELECT FROM moved`);
  return rowCount === 1;
}

/**
 * Ends a replay whose next events the log keeps no longer; its place says how far it came. Changes nothing, and returns false, if the
 * endpoint is no longer its owner's.
 */
export async function expireReplay(
  database: Database,
  owner: Owner,
  { replayId, readTo }: WebhookReplay,
): Promise<boolean> {
  const { rowCount } = await database.execute(sql`
    UPDATE webhook_replays SET status = 'EXPIRED', finished_at = clock_timestamp()
    WHERE replay_id = ${replayId} AND read_to = ${readTo} AND ${isOwned(owner)}`);
  return rowCount === 1;
}

function isOwned({ webhookEndpointId, epoch }: Owner): SQL {
  return sql`EXISTS (SELECT FROM webhook_endpoints WHERE webhook_endpoint_id = ${webhookEndpointId} AND epoch = ${epoch} FOR NO KEY UPDATE)`;
}
