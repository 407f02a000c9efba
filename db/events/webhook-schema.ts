/**
 * The tables of webhooks. An endpoint is a cursor into the event log; only what did not succeed at first has rows of its own.
 */
import { sql } from 'drizzle-orm';
import { bigint, boolean, index, integer, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import type { OlderSecret } from '../../domain/events/signing-secrets.ts';
import { DELIVERY_STATUSES, DISABLED_REASONS, ENDPOINT_STATUSES, ORDERINGS } from '../../domain/events/webhook.ts';
import type { WebhookEndpointId, WebhookReplayId } from '../../domain/ids.ts';
import { instant, sha256, tenantColumn } from '../database.ts';

const endpointId = () => uuid('webhook_endpoint_id').$type<WebhookEndpointId>();
const position = (name: string) => bigint(name, { mode: 'number' });
const now = sql`clock_timestamp()`;

export const webhookEndpoints = pgTable(
  'webhook_endpoints',
  {
    webhookEndpointId: endpointId().primaryKey(),
    tenant: tenantColumn(),
    url: text('url').notNull(),
    /** Null: every type. */
    types: text('types').array(),
    ordering: text('ordering', { enum: ORDERINGS }).notNull(),
    status: text('status', { enum: ENDPOINT_STATUSES }).notNull().default('ACTIVE'),
    disabledReason: text('disabled_reason', { enum: DISABLED_REASONS }),
    /** Each event up to here was delivered, has a row among the deliveries, or waits behind one of its subject. */
    cursor: position('cursor').notNull(),
    /** Drawn anew by each process that takes the endpoint over, and by what moves the cursor from outside: older holders write nothing. */
    epoch: position('epoch').notNull().default(1),
    /** Counts the changes by its owner, so that the process that has it looks at it again. */
    version: integer('version').notNull().default(1),
    /** Since when it has accepted nothing; null if the latest try succeeded. */
    failingSince: instant('failing_since'),
    /** Sealed (webhooks/sealed-secret.ts). */
    secret: text('secret').notNull(),
    /** The secret of before the last rotation, which signs too until it expires. */
    previousSecret: text('previous_secret'),
    previousSecretExpiresAt: instant('previous_secret_expires_at'),
    /** Those of rotations before that which had not expired at the last one, the newest first. */
    olderSecrets: jsonb('older_secrets').$type<readonly OlderSecret[]>().notNull().default([]),
    createdAt: instant('created_at').notNull().default(now),
    updatedAt: instant('updated_at').notNull().default(now),
  },
  (t) => [index('webhook_endpoints_created').on(t.createdAt, t.webhookEndpointId)],
);

/** What did not succeed at first. */
export const webhookDeliveries = pgTable(
  'webhook_deliveries',
  {
    webhookEndpointId: endpointId().notNull(),
    position: position('position').notNull(),
    type: text('type').notNull(),
    subject: text('subject').notNull(),
    status: text('status', { enum: DELIVERY_STATUSES }).notNull().default('PENDING'),
    /** Whether later events of its subject wait until it is delivered or given up. */
    isParking: boolean('is_parking').notNull(),
    attempts: integer('attempts').notNull().default(0),
    firstAttemptAt: instant('first_attempt_at').notNull().default(now),
    /** Null once it is delivered or given up. */
    nextAttemptAt: instant('next_attempt_at'),
    /** The receiver asked for no try before. */
    notBefore: instant('not_before'),
    lastStatusCode: integer('last_status_code'),
    lastErrorCode: text('last_error_code'),
    updatedAt: instant('updated_at').notNull().default(now),
  },
  (t) => [
    primaryKey({ columns: [t.webhookEndpointId, t.position] }),
    index('webhook_deliveries_due')
      .on(t.webhookEndpointId, t.nextAttemptAt)
      .where(sql`status = 'PENDING'`),
    index('webhook_deliveries_status').on(t.webhookEndpointId, t.status, t.position),
    index('webhook_deliveries_ended')
      .on(t.updatedAt)
      .where(sql`status <> 'PENDING'`),
  ],
);

/** Subjects of which an event failed. Later ones, up to the endpoint's cursor, wait in the log, not here. */
export const webhookParked = pgTable(
  'webhook_parked',
  {
    webhookEndpointId: endpointId().notNull(),
    subject: text('subject').notNull(),
    /** The subject's events up to here were delivered or have rows of their own; the next ones wait. */
    readTo: position('read_to').notNull(),
  },
  (t) => [primaryKey({ columns: [t.webhookEndpointId, t.subject] })],
);

/**
 * The tries of deliveries, those that succeeded at once excepted. A ring of six weekly partitions: what is older than five weeks
 * goes by TRUNCATE.
 */
export const webhookAttempts = pgTable(
  'webhook_attempts',
  {
    /** Weeks since 1970. */
    week: integer('week')
      .notNull()
      .default(sql`floor(extract(epoch FROM clock_timestamp()) / 604800)`),
    webhookEndpointId: endpointId().notNull(),
    position: position('position').notNull(),
    at: instant('at').notNull().default(now),
    statusCode: integer('status_code'),
    errorCode: text('error_code'),
    /** The first KiB of the answer. */
    answer: text('answer'),
    durationMs: integer('duration_ms').notNull(),
  },
  (t) => [index('webhook_attempts_of').on(t.webhookEndpointId, t.position, t.at)],
);

/** EXPIRED: the log keeps the events behind its place no longer. */
const REPLAY_STATUSES = ['RUNNING', 'COMPLETED', 'EXPIRED'] as const;

/** Events that are sent again because somebody asked for it. */
export const webhookReplays = pgTable(
  'webhook_replays',
  {
    replayId: uuid('replay_id').$type<WebhookReplayId>().primaryKey(),
    webhookEndpointId: endpointId().notNull(),
    bodyHash: sha256('body_hash').notNull(),
    fromPosition: position('from_position').notNull(),
    toPosition: position('to_position').notNull(),
    types: text('types').array(),
    onlyFailed: boolean('only_failed').notNull(),
    status: text('status', { enum: REPLAY_STATUSES }).notNull().default('RUNNING'),
    /** Each event up to here was sent or has a row among the deliveries. */
    readTo: position('read_to').notNull(),
    deliveredCount: integer('delivered_count').notNull().default(0),
    /** Those that became deliveries, which are tried again. */
    failedCount: integer('failed_count').notNull().default(0),
    createdAt: instant('created_at').notNull().default(now),
    finishedAt: instant('finished_at'),
  },
  (t) => [
    index('webhook_replays_running')
      .on(t.webhookEndpointId, t.createdAt)
      .where(sql`status = 'RUNNING'`),
    index('webhook_replays_created').on(t.webhookEndpointId, t.createdAt, t.replayId),
  ],
);
