/**
 * What the worker writes about an endpoint: its cursor, what failed, what was delivered later. Each write names the epoch in which
 * the worker took the endpoint over, and changes nothing once another process has done so: a worker that was frozen past its lease
 * moves no cursor when it thaws.
 */
import { sql, type SQL } from 'drizzle-orm';
import { disabledEventId } from '../../domain/derived-id.ts';
import { endpointDisabledEvent, type DisabledReason } from '../../domain/events/webhook.ts';
import type { WebhookEndpointId } from '../../domain/ids.ts';
import { columnsOf, rowOf, type Database } from '../database.ts';
import type { EventToSend } from './delivery-queries.ts';
import type { WebhookEndpoint } from './endpoint-queries.ts';
import { isHeld, type Lease } from './lease-queries.ts';
import { webhookEndpoints } from './webhook-schema.ts';

/** The process that has taken an endpoint over. */
export interface Owner {
  readonly webhookEndpointId: WebhookEndpointId;
  readonly epoch: number;
}

export interface Parked {
  /** The subject's events up to here were delivered, or have deliveries of their own. */
  readonly readTo: number;
  /** How many of its deliveries hold it up. */
  readonly pending: number;
}

export interface TakenEndpoint {
  readonly endpoint: WebhookEndpoint;
  readonly parked: ReadonlyMap<string, Parked>;
  readonly pendingCount: number;
}

export interface EndpointState extends Owner {
  readonly version: number;
  /** Whether a replay to it has not ended. */
  readonly hasReplay: boolean;
}

/** How a try ended. */
export interface Attempt {
  readonly statusCode?: number | undefined;
  readonly errorCode?: string | undefined;
  readonly answer?: string | undefined;
  readonly durationMs: number;
}

/** Whether the endpoint is still its owner's; nobody takes it over before the statement's transaction has ended. */
function owned({ webhookEndpointId, epoch }: Owner): SQL {
  return sql`(SELECT webhook_endpoint_id FROM webhook_endpoints WHERE webhook_endpoint_id = ${webhookEndpointId} AND epoch = ${epoch} FOR NO KEY UPDATE)`;
}

function attempted({ statusCode, errorCode, answer, durationMs }: Attempt, position: number): SQL {
  return sql`attempt AS (INSERT INTO webhook_attempts (webhook_endpoint_id, position, status_code, error_code, answer, duration_ms)
    SELECT webhook_endpoint_id, ${position}, ${statusCode ?? null}::int, ${errorCode ?? null}, ${answer ?? null}, ${durationMs}::int FROM owner)`;
}

/** The endpoints that are to be delivered to. */
export async function listActiveEndpoints(database: Database): Promise<EndpointState[]> {
  const { rows } = await database.execute<{
    id: WebhookEndpointId;
    epoch: string;
    version: number;
    has_replay: boolean;
  }>(sql`
    SELECT webhook_endpoint_id AS id, epoch, version, EXISTS (
      SELECT FROM webhook_replays r WHERE r.webhook_endpoint_id = e.webhook_endpoint_id AND r.status = 'RUNNING'
    ) AS has_replay
    FROM webhook_endpoints e WHERE status = 'ACTIVE'`);
  return rows.map(({ id, epoch, version, has_replay }) => ({
    webhookEndpointId: id,
    epoch: Number(epoch),
    version,
    hasReplay: has_replay,
  }));
}

/** Begins a new epoch of an endpoint for the holder of the lease. Undefined if it is not active or the lease is lost. */
export async function takeEndpoint(
  database: Database,
  lease: Lease,
  id: WebhookEndpointId,
): Promise<TakenEndpoint | undefined> {
  const taken = await database.execute(sql`
    UPDATE webhook_endpoints SET epoch = epoch + 1
    WHERE webhook_endpoint_id = ${id} AND status = 'ACTIVE' AND ${isHeld(lease)} RETURNING ${columnsOf(webhookEndpoints)}`);
  if (taken.rows[0] === undefined) return undefined;
  const { rows } = await database.execute<{ subject: string; read_to: string; pending: number }>(sql`
    SELECT subject, read_to, coalesce(pending, 0) AS pending
    FROM webhook_parked LEFT JOIN (
      SELECT subject, count(*)::int AS pending FROM webhook_deliveries
      WHERE webhook_endpoint_id = ${id} AND status = 'PENDING' AND is_parking GROUP BY subject
    ) held USING (subject)
    WHERE webhook_endpoint_id = ${id}`);
  const counted = await database.execute<{ count: number }>(
    sql`SELECT count(*)::int AS count FROM webhook_deliveries WHERE webhook_endpoint_id = ${id} AND status = 'PENDING'`,
  );
  return {
    endpoint: rowOf(webhookEndpoints, taken.rows[0]),
    parked: new Map(rows.map(({ subject, read_to, pending }) => [subject, { readTo: Number(read_to), pending }])),
    pendingCount: counted.rows[0]!.count,
  };
}

/** Moves the cursor; `hasSucceeded` ends the time for which the endpoint has failed. Returns whether the endpoint is still its owner's. */
export async function moveCursor(
  database: Database,
  { webhookEndpointId, epoch }: Owner,
  { from, to, hasSucceeded }: { readonly from: number; readonly to: number; readonly hasSucceeded: boolean },
): Promise<boolean> {
  const { rowCount } = await database.execute(sql`
    UPDATE webhook_endpoints SET cursor = ${to}, failing_since = ${hasSucceeded ? sql`NULL` : sql`failing_since`}
    WHERE webhook_endpoint_id = ${webhookEndpointId} AND epoch = ${epoch} AND cursor = ${from}`);
  return rowCount === 1;
}

export interface StoredFailure {
  readonly attempt: Attempt;
  /** Until it is tried again; undefined gives it up. */
  readonly pauseMs: number | undefined;
  /** Of the pause, what the receiver asked for. */
  readonly retryAfterMs: number | undefined;
  /** Whether the subject's later events wait for it. */
  readonly parksSubject: boolean;
}

/**
 * Stores a try that failed, and when the next one is. Returns for how long the endpoint has accepted nothing, and whether the delivery was
 * pending before; undefined if the endpoint is no longer its owner's.
 */
export async function storeFailure(
  database: Database,
  owner: Owner,
  event: Pick<EventToSend, 'position' | 'type' | 'subject'>,
  { attempt, pauseMs, retryAfterMs, parksSubject }: StoredFailure,
): Promise<{ failingMs: number; wasPending: boolean } | undefined> {
  const { position, type, subject } = event;
  const after = (ms: number | undefined): SQL =>
    ms === undefined ? sql`NULL::timestamptz` : sql`clock_timestamp() + ${ms} * interval '1 ms'`;
  const { rows } = await database.execute<{ failing_ms: string; was_pending: boolean }>(sql`
    WITH owner AS (
      UPDATE webhook_endpoints SET failing_since = least(failing_since, clock_timestamp())
      WHERE webhook_endpoint_id = ${owner.webhookEndpointId} AND epoch = ${owner.epoch}
      RETURNING webhook_endpoint_id, extract(epoch FROM clock_timestamp() - failing_since) * 1000 AS failing_ms
    ), ${attempted(attempt, position)}, parked AS (
      INSERT INTO webhook_parked (webhook_endpoint_id, subject, read_to)
      SELECT webhook_endpoint_id, ${subject}, ${position}::bigint FROM owner WHERE ${parksSubject}
      ON CONFLICT (webhook_endpoint_id, subject) DO UPDATE SET read_to = greatest(webhook_parked.read_to, excluded.read_to)
    ), delivery AS (
      INSERT INTO webhook_deliveries AS d (webhook_endpoint_id, position, type, subject, status, is_parking, attempts,
        next_attempt_at, not_before, last_status_code, last_error_code)
      SELECT webhook_endpoint_id, ${position}::bigint, ${type}, ${subject}, ${pauseMs === undefined ? 'FAILED' : 'PENDING'}, ${parksSubject}, 1,
        ${after(pauseMs)}, ${after(retryAfterMs)}, ${attempt.statusCode ?? null}::int, ${attempt.errorCode ?? null} FROM owner
      ON CONFLICT (webhook_endpoint_id, position) DO UPDATE SET
        status = excluded.status,
        is_parking = CASE WHEN d.status = 'PENDING' THEN d.is_parking ELSE excluded.is_parking END,
        attempts = CASE WHEN d.status = 'PENDING' THEN d.attempts + 1 ELSE 1 END,
        first_attempt_at = CASE WHEN d.status = 'PENDING' THEN least(d.first_attempt_at, clock_timestamp()) ELSE excluded.first_attempt_at END,
        next_attempt_at = excluded.next_attempt_at, not_before = excluded.not_before,
        last_status_code = excluded.last_status_code, last_error_code = excluded.last_error_code, updated_at = clock_timestamp()
    )
    SELECT failing_ms, EXISTS (SELECT FROM webhook_deliveries b WHERE b.webhook_endpoint_id = owner.webhook_endpoint_id
      AND b.position = ${position} AND b.status = 'PENDING') AS was_pending FROM owner`);
  return rows[0] && { failingMs: Number(rows[0].failing_ms), wasPending: rows[0].was_pending };
}

/** Stores that an event was delivered which has a delivery; changes nothing where it has none. Returns whether the endpoint is still its owner's. */
export async function storeDelivered(
  database: Database,
  owner: Owner,
  position: number,
  attempt: Attempt,
): Promise<boolean> {
  const { rowCount } = await database.execute(sql`
    WITH owner AS (
      UPDATE webhook_endpoints SET failing_since = NULL
      WHERE webhook_endpoint_id = ${owner.webhookEndpointId} AND epoch = ${owner.epoch} RETURNING webhook_endpoint_id
    ), ${attempted(attempt, position)}, delivery AS (
      UPDATE webhook_deliveries SET status = 'DELIVERED', attempts = attempts + 1, next_attempt_at = NULL, not_before = NULL,
        last_status_code = ${attempt.statusCode ?? null}, last_error_code = NULL, updated_at = clock_timestamp()
      WHERE webhook_endpoint_id = (SELECT webhook_endpoint_id FROM owner) AND position = ${position}
    )
    SELECT FROM owner`);
  return rowCount === 1;
}

/** Moves the place of a parked subject. Returns whether the endpoint is still its owner's. */
export async function moveParked(database: Database, owner: Owner, subject: string, readTo: number): Promise<boolean> {
  const { rowCount } = await database.execute(sql`
    UPDATE webhook_parked SET read_to = ${readTo} WHERE webhook_endpoint_id = ${owned(owner)} AND subject = ${subject}`);
  return rowCount === 1;
}

/** The subject's next events are delivered like all others. */
export async function unpark(database: Database, owner: Owner, subject: string): Promise<void> {
  await database.execute(
    sql`DELETE FROM webhook_parked WHERE webhook_endpoint_id = ${owned(owner)} AND subject = ${subject}`,
  );
}

/** Has all that is pending tried now, but for what the receiver wanted later. */
export async function bringForward(database: Database, owner: Owner): Promise<void> {
  await database.execute(sql`
    UPDATE webhook_deliveries SET next_attempt_at = greatest(clock_timestamp(), not_before)
    WHERE webhook_endpoint_id = ${owned(owner)} AND status = 'PENDING' AND next_attempt_at > clock_timestamp()`);
}

/** Disables an active endpoint and tells so with an event, both or neither. Does nothing if it is no longer its owner's. */
export async function disableEndpoint(
  database: Database,
  owner: Owner & { readonly url: string },
  reason: DisabledReason,
): Promise<void> {
  const event = endpointDisabledEvent(owner, reason, disabledEventId(owner.webhookEndpointId, owner.epoch), new Date());
  const json = sql`${JSON.stringify(event)}::text`;
  await database.execute(sql`
    WITH disabled AS (
      UPDATE webhook_endpoints SET status = 'DISABLED', disabled_reason = ${reason}, version = version + 1, updated_at = clock_timestamp()
      WHERE webhook_endpoint_id = ${owner.webhookEndpointId} AND epoch = ${owner.epoch} AND status = 'ACTIVE' RETURNING tenant
    )
    INSERT INTO outbox_events (event_id, type, subject, payload)
    SELECT ${event.id}, ${event.type}, ${event.subject}, CASE tenant WHEN 'default' THEN ${json} ELSE left(${json}, -1) || ',"tenant":' || to_json(tenant) || '}' END::json
    FROM disabled`);
}

/** Replaces the sealed secrets of an endpoint, unless somebody has rotated them meanwhile. */
export async function resealSecrets(
  database: Database,
  { webhookEndpointId, secret, previousSecret, olderSecrets }: WebhookEndpoint,
  sealed: Pick<WebhookEndpoint, 'secret' | 'previousSecret' | 'olderSecrets'>,
): Promise<void> {
  await database.execute(sql`
    UPDATE webhook_endpoints SET secret = ${sealed.secret}, previous_secret = ${sealed.previousSecret},
      older_secrets = ${JSON.stringify(sealed.olderSecrets)}::jsonb
    WHERE webhook_endpoint_id = ${webhookEndpointId} AND secret = ${secret} AND previous_secret IS NOT DISTINCT FROM ${previousSecret}
      AND older_secrets = ${JSON.stringify(olderSecrets)}::jsonb`);
}

/** How long rows are kept of deliveries and replays that have ended: as long as their attempts. */
const KEPT_DAYS = 35;
const REMOVED_MAX = 1_000;

/** Removes some of the rows that nobody needs any more. Returns how many; 0 once none are left. */
export async function removeOldDeliveries(database: Database): Promise<number> {
  await database.execute(sql`SELECT truncate_old_webhook_attempts()`);
  const { rowCount: old } = await database.execute(sql`
    DELETE FROM webhook_deliveries WHERE (webhook_endpoint_id, position) IN (
      SELECT webhook_endpoint_id, position FROM webhook_deliveries
      WHERE status <> 'PENDING' AND updated_at < clock_timestamp() - ${KEPT_DAYS} * interval '1 day' LIMIT ${REMOVED_MAX})`);
  const { rowCount: left } = await database.execute(sql`
    DELETE FROM webhook_deliveries WHERE (webhook_endpoint_id, position) IN (
      SELECT webhook_endpoint_id, position FROM webhook_deliveries d
      WHERE NOT EXISTS (SELECT FROM webhook_endpoints e WHERE e.webhook_endpoint_id = d.webhook_endpoint_id) LIMIT ${REMOVED_MAX})`);
  await database.execute(sql`
    DELETE FROM webhook_parked p
    WHERE NOT EXISTS (SELECT FROM webhook_endpoints e WHERE e.webhook_endpoint_id = p.webhook_endpoint_id)`);
  await database.execute(sql`
    DELETE FROM webhook_replays r WHERE finished_at < clock_timestamp() - ${KEPT_DAYS} * interval '1 day'
      OR NOT EXISTS (SELECT FROM webhook_endpoints e WHERE e.webhook_endpoint_id = r.webhook_endpoint_id)`);
  return (old ?? 0) + (left ?? 0);
}
