/** The state of the events service in figures, for the metrics. They cost what waits, and not what the log has. */
import { sql } from 'drizzle-orm';
import type { EndpointStatus } from '../../domain/events/webhook.ts';
import type { Database } from '../database.ts';
import { consumerOf, type ProjectionName } from './projection-queries.ts';

export interface OutboxState {
  readonly outbox: string;
  readonly events: number;
  readonly seconds: number;
  readonly isStopped: boolean;
}

/** The relay notes at least once a minute what waits; if it has not for so long, nobody knows what does. */
const UNSEEN = sql`interval '2 minutes'`;

/** The outboxes that the relay has ever read, with what of them is not in the log, as the relay has noted it. */
export async function listOutboxes(database: Database): Promise<OutboxState[]> {
  const { rows } = await database.execute<{ source: string; events: string; seconds: number; is_stopped: boolean }>(sql`
    SELECT source, waiting_events AS events, stopped_reason IS NOT NULL AS is_stopped, greatest(
      extract(epoch FROM clock_timestamp() - waiting_since),
      CASE WHEN coalesce(seen_at, updated_at) < clock_timestamp() - ${UNSEEN} THEN extract(epoch FROM clock_timestamp() - coalesce(seen_at, updated_at)) END,
      0
    )::float8 AS seconds
    FROM outbox_cursors`);
  return rows.map(({ source, events, seconds, is_stopped: isStopped }) => ({
    ...{ outbox: source, seconds, isStopped },
    events: Number(events),
  }));
}

export interface ReaderState {
  readonly reader: ProjectionName | 'kafka' | 'webhooks';
  readonly events: number;
  readonly seconds: number;
}

/** How far the readers of the log are behind; of the webhook endpoints that are active, the one that is furthest. */
export async function listReaders(database: Database): Promise<ReaderState[]> {
  const { rows } = await database.execute<{ reader: ReaderState['reader']; events: string; seconds: number }>(sql`
    SELECT reader, greatest(log_head.position - readers.position, 0) AS events, greatest(extract(epoch FROM clock_timestamp() - (
      SELECT time FROM event_log next WHERE next.position > readers.position ORDER BY next.position LIMIT 1
    )), 0)::float8 AS seconds
    FROM log_head, (
      SELECT 'kafka' AS reader, position FROM log_cursors WHERE name = 'kafka'
      UNION ALL
      SELECT name, position FROM projections JOIN consumer_cursors ON consumer = ${consumerOf(sql`name`, sql`generation`)}
      UNION ALL
      SELECT 'webhooks', coalesce(min(cursor), (SELECT position FROM log_head)) FROM webhook_endpoints WHERE status = 'ACTIVE'
    ) readers`);
  return rows.map(({ reader, events, seconds }) => ({ reader, events: Number(events), seconds }));
}

/** Of what is pending, and of what was given up. */
const DELIVERIES_MAX = 100_000;

export interface DeliveryState {
  readonly endpoints: ReadonlyMap<EndpointStatus, number>;
  /** At most 100,000. */
  readonly pending: number;
  /** What was given up and waits for a decision, by projection, with its next generation, and of `webhooks` at most 100,000. */
  readonly deadLetters: ReadonlyMap<string, number>;
}

export async function deliveryState(database: Database): Promise<DeliveryState> {
  const endpoints = await database.execute<{ status: EndpointStatus; count: number }>(
    sql`SELECT status, count(*)::int AS count FROM webhook_endpoints GROUP BY status`,
  );
  const pending = await database.execute<{ count: number }>(
    sql`SELECT count(*)::int AS count FROM (SELECT FROM webhook_deliveries WHERE status = 'PENDING' LIMIT ${DELIVERIES_MAX}) pending`,
  );
  const dead = await database.execute<{ name: string; count: number }>(sql`
    SELECT name, (
      SELECT count(*)::int FROM parked_events
      WHERE consumer IN (${consumerOf(sql`name`, sql`generation`)}, ${consumerOf(sql`name`, sql`next_generation`)}) AND retry_at IS NULL
    ) AS count FROM projections
    UNION ALL SELECT 'webhooks', count(*)::int FROM (
      SELECT FROM webhook_endpoints e CROSS JOIN LATERAL (
        SELECT FROM webhook_deliveries d WHERE d.webhook_endpoint_id = e.webhook_endpoint_id AND d.status = 'FAILED' LIMIT ${DELIVERIES_MAX}
      ) own LIMIT ${DELIVERIES_MAX}
    ) given_up`);
  return {
    endpoints: new Map(endpoints.rows.map(({ status, count }) => [status, count])),
    pending: pending.rows[0]!.count,
    deadLetters: new Map(dead.rows.map(({ name, count }) => [name, count])),
  };
}
