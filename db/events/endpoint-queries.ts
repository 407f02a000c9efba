/** Webhook endpoints as their owners see and change them. */
import { and, desc, eq, sql, type SQL } from 'drizzle-orm';
import { SIGNING_SECRETS_MAX } from '../../domain/events/signing-secrets.ts';
import type { AuditEntry, ByWhom } from '../../domain/audit-event.ts';
import type { EndpointStatus, Ordering } from '../../domain/events/webhook.ts';
import type { WebhookEndpointId } from '../../domain/ids.ts';
import { tenantOf, type OfTenant, type Tenant } from '../../domain/tenant.ts';
import { insertAuditIf } from '../audit-events.ts';
import { columnsOf, rowOf, type Database } from '../database.ts';
import { webhookEndpoints } from './webhook-schema.ts';

export type WebhookEndpoint = typeof webhookEndpoints.$inferSelect;

export interface NewEndpoint extends OfTenant {
  readonly webhookEndpointId: WebhookEndpointId;
  readonly url: string;
  readonly types: readonly string[] | null;
  readonly ordering: Ordering;
  /** Sealed. */
  readonly secret: string;
}

/** Each has connections, memory and a place in the log of its own. */
export const ENDPOINTS_MAX = 1_000;

const columns = columnsOf(webhookEndpoints);

function endpointOf(row: Record<string, unknown> | undefined): WebhookEndpoint | undefined {
  return row && rowOf(webhookEndpoints, row);
}

/**
 * The statement of a change that returns the endpoint, together with the entry of the audit log, which is written if there is one. Without
 * `by`, the audit log has no entry of it.
 */
function audited(change: SQL, entry: AuditEntry, by: ByWhom | undefined): SQL {
  if (by === undefined) return change;
  return sql`WITH changed AS (${change}), audited AS (${insertAuditIf(entry, by, sql`changed`)}) SELECT ${columns} FROM changed`;
}

/** Stores an endpoint that begins with the next event. Undefined, and nothing is stored, if there are too many already. */
export async function createEndpoint(
  database: Database,
  endpoint: NewEndpoint,
  by?: ByWhom,
): Promise<WebhookEndpoint | undefined> {
  const change = sql`
    INSERT INTO webhook_endpoints (webhook_endpoint_id, tenant, url, types, ordering, secret, cursor)
    SELECT ${endpoint.webhookEndpointId}, ${tenantOf(endpoint)}, ${endpoint.url}, ${sql.param(endpoint.types)}::text[], ${endpoint.ordering}, ${endpoint.secret}, position
    FROM log_head WHERE (SELECT count(*) FROM webhook_endpoints) < ${ENDPOINTS_MAX}
    RETURNING ${columns}`;
  const details = { host: hostOf(endpoint.url) };
  const entry = { action: 'webhook-endpoint-created', object: endpoint.webhookEndpointId, details } as const;
  const { rows } = await database.execute(audited(change, entry, by));
  return endpointOf(rows[0]);
}

/** All of a URL that is no secret: who receives webhooks may have put one into its path. */
function hostOf(url: string): string {
  return new URL(url).host;
}

export async function findEndpoint(database: Database, id: WebhookEndpointId): Promise<WebhookEndpoint | undefined> {
  const rows = await database.select().from(webhookEndpoints).where(eq(webhookEndpoints.webhookEndpointId, id));
  return rows[0];
}

/** Newest first. */
export function listEndpoints(
  database: Database,
  tenant: Tenant,
  after: { readonly createdAt: Date; readonly webhookEndpointId: string } | undefined,
  limit: number,
): Promise<WebhookEndpoint[]> {
  const { createdAt, webhookEndpointId } = webhookEndpoints;
  const isAfter =
    after &&
    sql`(${createdAt}, ${webhookEndpointId}) < (${after.createdAt.toISOString()}::timestamptz, ${after.webhookEndpointId}::uuid)`;
  return database
    .select()
    .from(webhookEndpoints)
    .where(and(eq(webhookEndpoints.tenant, tenant), isAfter))
    .orderBy(desc(createdAt), desc(webhookEndpointId))
    .limit(limit);
}

export interface EndpointChanges {
  readonly url?: string | undefined;
  readonly types?: readonly string[] | null | undefined;
  readonly ordering?: Ordering | undefined;
  /** Not for one that is DISABLED: see `enableEndpoint`. */
  readonly status?: Exclude<EndpointStatus, 'DISABLED'> | undefined;
}

/**
 * Returns the endpoint as it then is. Undefined if there is none, or if it is DISABLED and the changes have a status. The time for
 * which it was paused counts neither as failing nor as tried: one that is resumed begins both anew.
 */
export async function changeEndpoint(
  database: Database,
  id: WebhookEndpointId,
  { url, types, ordering, status }: EndpointChanges,
  by?: ByWhom,
): Promise<WebhookEndpoint | undefined> {
  return database.transaction(async (transaction) => {
    const before = await transaction.execute<{ status: EndpointStatus }>(
      sql`SELECT status FROM webhook_endpoints WHERE webhook_endpoint_id = ${id} FOR NO KEY UPDATE`,
    );
    const isResumed = before.rows[0]?.status === 'PAUSED' && status === 'ACTIVE';
    const change = sql`
      UPDATE webhook_endpoints SET
        url = coalesce(${url ?? null}, url),
        types = ${types === undefined ? sql`types` : sql`${sql.param(types)}::text[]`},
        ordering = coalesce(${ordering ?? null}, ordering),
        status = coalesce(${status ?? null}, status),
        failing_since = ${isResumed ? sql`NULL` : sql`failing_since`},
        version = version + 1, updated_at = clock_timestamp()
      WHERE webhook_endpoint_id = ${id} AND (status <> 'DISABLED' OR ${status === undefined}) RETURNING ${columns}`;
    const set = Object.entries({ url, types, ordering, status }).flatMap(([name, to]) =>
      to === undefined ? [] : [name],
    );
    const details = { changed: set.join(' '), host: url && hostOf(url), status };
    const entry = { action: 'webhook-endpoint-changed', object: id, details } as const;
    const { rows } = await transaction.execute(audited(change, entry, by));
    if (isResumed)
      await transaction.execute(sql`
        UPDATE webhook_deliveries SET first_attempt_at = clock_timestamp()
        WHERE webhook_endpoint_id = ${id} AND status = 'PENDING'`);
    return endpointOf(rows[0]);
  });
}

/** Its deliveries are removed later, by the worker. Returns whether it was there. */
export async function deleteEndpoint(database: Database, id: WebhookEndpointId, by?: ByWhom): Promise<boolean> {
  const change = sql`DELETE FROM webhook_endpoints WHERE webhook_endpoint_id = ${id} RETURNING ${columns}`;
  const { rows } = await database.execute(audited(change, { action: 'webhook-endpoint-deleted', object: id }, by));
  return rows.length > 0;
}

/**
 * The secret of until now signs too for so many seconds; those of before it that sign still do so until their own time, so that a
 * repeat, whose first answer may have been lost, does not take from receivers the secret that they know. With 0 the new one signs
 * alone. 'exceeded', and nothing is changed, if too many would sign.
 */
export async function rotateSecret(
  database: Database,
  id: WebhookEndpointId,
  secret: string,
  expiresInSeconds: number,
  by?: ByWhom,
): Promise<WebhookEndpoint | 'exceeded' | undefined> {
  const isAlone = expiresInSeconds === 0;
  const signingStill = sql`(
    SELECT coalesce(jsonb_agg(each ORDER BY place), '[]') FROM jsonb_array_elements(
      jsonb_build_array(jsonb_build_object('secret', previous_secret, 'expires_at', previous_secret_expires_at)) || older_secrets
    ) WITH ORDINALITY AS earlier (each, place) WHERE (each->>'expires_at')::timestamptz > clock_timestamp())`;
  const change = sql`
    UPDATE webhook_endpoints SET secret = ${secret},
      previous_secret = ${isAlone ? sql`NULL` : sql`secret`},
      previous_secret_expires_at = ${isAlone ? sql`NULL` : sql`clock_timestamp() + ${expiresInSeconds} * interval '1 s'`},
      older_secrets = ${isAlone ? sql`'[]'` : signingStill},
      version = version + 1, updated_at = clock_timestamp()
    WHERE webhook_endpoint_id = ${id}
      AND (${isAlone} OR jsonb_array_length(${signingStill}) + 2 <= ${SIGNING_SECRETS_MAX})
    RETURNING ${columns}`;
  const { rows } = await database.execute(audited(change, { action: 'webhook-secret-rotated', object: id }, by));
  return endpointOf(rows[0]) ?? ((await findEndpoint(database, id)) && 'exceeded');
}

/**
 * Makes an endpoint active again, and has what is pending tried at once. `now` passes over everything that it has not been sent: its cursor
 * moves to the end of the log, and what is pending is given up, from which a replay can bring it back. `cursor` goes on where it
 * was; 'expired' if the log keeps that no longer, or what waits behind a delivery. Whichever process has the endpoint begins it anew.
 */
export async function enableEndpoint(
  database: Database,
  id: WebhookEndpointId,
  from: 'cursor' | 'now',
  by?: ByWhom,
): Promise<WebhookEndpoint | 'expired' | undefined> {
  return database.transaction(async (transaction) => {
    const change = sql`
      UPDATE webhook_endpoints SET status = 'ACTIVE', disabled_reason = NULL, failing_since = NULL,
        cursor = ${from === 'now' ? sql`(SELECT position FROM log_head)` : sql`cursor`},
        epoch = epoch + 1, version = version + 1, updated_at = clock_timestamp()
      WHERE webhook_endpoint_id = ${id}
        AND (${from === 'now'} OR least(cursor, (SELECT min(read_to) FROM webhook_parked WHERE webhook_endpoint_id = ${id}))
          >= (SELECT first_position - 1 FROM log_head))
      RETURNING ${columns}`;
    const entry = { action: 'webhook-endpoint-enabled', object: id, details: { from } } as const;
    const { rows } = await transaction.execute(audited(change, entry, by));
    const enabled = endpointOf(rows[0]);
    if (enabled === undefined) return (await findEndpoint(database, id)) && 'expired';
    await transaction.execute(
      from === 'cursor'
        ? sql`UPDATE webhook_deliveries SET first_attempt_at = clock_timestamp(), next_attempt_at = clock_timestamp(), not_before = NULL
              WHERE webhook_endpoint_id = ${id} AND status = 'PENDING'`
        : sql`WITH unparked AS (DELETE FROM webhook_parked WHERE webhook_endpoint_id = ${id})
              UPDATE webhook_deliveries SET status = 'FAILED', last_error_code = 'passed_over', next_attempt_at = NULL, updated_at = clock_timestamp()
              WHERE webhook_endpoint_id = ${id} AND status = 'PENDING'`,
    );
    return enabled;
  });
}
