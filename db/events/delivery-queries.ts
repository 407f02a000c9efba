/** Deliveries as they are read: for their owners, and what is to be sent next for the worker. */
import { and, asc, desc, eq, lt, sql, type SQL } from 'drizzle-orm';
import type { DeliveryStatus } from '../../domain/events/webhook.ts';
import type { WebhookEndpointId } from '../../domain/ids.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { Database } from '../database.ts';
import { webhookAttempts, webhookDeliveries } from './webhook-schema.ts';

export type WebhookDelivery = typeof webhookDeliveries.$inferSelect;
export type WebhookAttempt = typeof webhookAttempts.$inferSelect;

/** The newest events first. */
export function listDeliveries(
  database: Database,
  id: WebhookEndpointId,
  {
    status,
    before,
    limit,
  }: {
    readonly status?: DeliveryStatus | undefined;
    readonly before?: number | undefined;
    readonly limit: number;
  },
): Promise<WebhookDelivery[]> {
  const { webhookEndpointId, position } = webhookDeliveries;
  return database
    .select()
    .from(webhookDeliveries)
    .where(
      and(
        eq(webhookEndpointId, id),
        status === undefined ? undefined : eq(webhookDeliveries.status, status),
        before === undefined ? undefined : lt(position, before),
      ),
    )
    .orderBy(desc(position))
    .limit(limit);
}

export async function findDelivery(
  database: Database,
  id: WebhookEndpointId,
  position: number,
): Promise<WebhookDelivery | undefined> {
  const rows = await database
    .select()
    .from(webhookDeliveries)
    .where(and(eq(webhookDeliveries.webhookEndpointId, id), eq(webhookDeliveries.position, position)));
  return rows[0];
}

/** The tries of an event, oldest first, the first 100. */
export function listAttempts(database: Database, id: WebhookEndpointId, position: number): Promise<WebhookAttempt[]> {
  return database
    .select()
    .from(webhookAttempts)
    .where(and(eq(webhookAttempts.webhookEndpointId, id), eq(webhookAttempts.position, position)))
    .orderBy(asc(webhookAttempts.at))
    .limit(100);
}

/** An event that is to be sent. */
export interface EventToSend {
  readonly position: number;
  readonly type: string;
  readonly subject: string;
  /** Its JSON as the log has it; undefined if the log keeps it no longer. */
  readonly payload: string | undefined;
}

export interface DueDelivery extends EventToSend {
  readonly isParking: boolean;
  /** So far. */
  readonly attempts: number;
  readonly sinceFirstMs: number;
}

interface EventRow extends Record<string, unknown> {
  readonly position: string;
  readonly type: string;
  readonly subject: string;
  readonly payload: string | null;
}

interface DueRow extends EventRow {
  readonly is_parking: boolean;
  readonly attempts: number;
  readonly since_first_ms: string;
}

function eventOf({ position, type, subject, payload }: EventRow): EventToSend {
  return { position: Number(position), type, subject, payload: payload ?? undefined };
}

/** An endpoint as somebody took it over, and as its owner had it then. */
export interface EndpointVersion {
  readonly webhookEndpointId: WebhookEndpointId;
  readonly epoch: number;
  readonly version: number;
}

function isUnchanged({ webhookEndpointId, epoch, version }: EndpointVersion): SQL {
  return sql`EXISTS (SELECT FROM webhook_endpoints WHERE webhook_endpoint_id = ${webhookEndpointId} AND epoch = ${epoch} AND version = ${version})`;
}

/**
 * Whether an endpoint is as it was taken over, and the oldest position that is kept. To be asked after events were read: once a change
 * was answered, such as a pause or another secret, no event that comes after it is sent as if it had not been made.
 */
export async function lookAgain(
  database: Database,
  endpoint: EndpointVersion,
): Promise<{ isUnchanged: boolean; firstPosition: number }> {
  const { rows } = await database.execute<{ unchanged: boolean; first_position: string }>(
    sql`SELECT ${isUnchanged(endpoint)} AS unchanged, first_position FROM log_head`,
  );
  return { isUnchanged: rows[0]!.unchanged, firstPosition: Number(rows[0]!.first_position) };
}

/**
 * Whether an instant is past. One that is further ahead than any pause, which is a day at most, was written while the clock was wrong.
 */
function isPast(at: SQL): SQL {
  return sql`(${at} <= clock_timestamp() OR ${at} > clock_timestamp() + interval '36 hours')`;
}

/**
 * The deliveries whose time has come, the longest due first; `isEarly` takes those of later, too, but for what the receiver wanted
 * later. None once the endpoint was changed.
 */
export async function listDue(
  database: Database,
  endpoint: EndpointVersion,
  limit: number,
  isEarly = false,
): Promise<DueDelivery[]> {
  const { rows } = await database.execute<DueRow>(sql`
    SELECT d.position, d.type, d.subject, d.is_parking, d.attempts, l.payload::text AS payload,
      extract(epoch FROM clock_timestamp() - d.first_attempt_at) * 1000 AS since_first_ms
    FROM webhook_deliveries d LEFT JOIN event_log l ON l.position = d.position
    WHERE d.webhook_endpoint_id = ${endpoint.webhookEndpointId} AND ${isUnchanged(endpoint)} AND d.status = 'PENDING'
      AND ${isEarly ? sql`(d.not_before IS NULL OR ${isPast(sql`d.not_before`)})` : isPast(sql`d.next_attempt_at`)}
    ORDER BY d.next_attempt_at, d.position LIMIT ${limit}`);
  return rows.map((row) => ({
    ...eventOf(row),
    isParking: row.is_parking,
    attempts: row.attempts,
    sinceFirstMs: Number(row.since_first_ms),
  }));
}

/** Who has done what is nobody's business who has not asked for it by name. */
const NO_AUDIT = sql`AND type NOT LIKE 'audit.%'`;

export interface EventRange {
  /** The endpoint's. */
  readonly tenant: Tenant;
  /** The position before the first one. */
  readonly after: number;
  readonly last: number;
  readonly limit: number;
  readonly types?: readonly string[] | null | undefined;
  readonly subject?: string | undefined;
}

/** The events of a range in their order, at most `limit`; `isCut` says whether there may be more. */
export async function readEvents(
  database: Database,
  { tenant, after, last, limit, types, subject }: EventRange,
): Promise<{ events: EventToSend[]; isCut: boolean }> {
  const { rows } = await database.execute<EventRow>(sql`
    SELECT position, type, subject, payload::text AS payload FROM event_log
    WHERE position > ${after} AND position <= ${last} AND tenant = ${tenant}
      ${types ? sql`AND type = ANY(${sql.param(types)}::text[])` : NO_AUDIT}
      ${subject === undefined ? sql`` : sql`AND subject = ${subject}`}
    ORDER BY position LIMIT ${limit}`);
  return { events: rows.map(eventOf), isCut: rows.length === limit };
}

/** The events of a range whose delivery was given up, in their order. */
export async function readGivenUp(
  database: Database,
  id: WebhookEndpointId,
  { after, last, limit, types }: EventRange,
): Promise<{ events: EventToSend[]; isCut: boolean }> {
  const { rows } = await database.execute<EventRow>(sql`
    SELECT d.position, d.type, d.subject, l.payload::text AS payload
    FROM webhook_deliveries d LEFT JOIN event_log l ON l.position = d.position
    WHERE d.webhook_endpoint_id = ${id} AND d.status = 'FAILED' AND d.position > ${after} AND d.position <= ${last}
      ${types ? sql`AND d.type = ANY(${sql.param(types)}::text[])` : sql``}
    ORDER BY d.position LIMIT ${limit}`);
  return { events: rows.map(eventOf), isCut: rows.length === limit };
}
