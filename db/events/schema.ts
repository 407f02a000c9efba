/**
 * The tables of the events service: the event log, the relay's place in each outbox, the places of readers, leases, and the projections
 * with their consumers.
 */
import {
  bigint,
  boolean,
  date,
  index,
  integer,
  json,
  numeric,
  pgTable,
  primaryKey,
  text,
  uuid,
} from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm';
import type { CloudEvent } from '../../domain/event.ts';
import type { FlowKind } from '../../domain/flow.ts';
import { amount, balance, instant, sha256, tenantColumn } from '../database.ts';
import { pgSnapshot } from '../outbox.ts';

export { installation } from '../installation.ts';
export { auditLog } from './audit-schema.ts';
export { outboxEvents, outboxSealProgress, outboxSeals, outboxTruncation } from '../outbox.ts';
export {
  webhookAttempts,
  webhookDeliveries,
  webhookEndpoints,
  webhookParked,
  webhookReplays,
} from './webhook-schema.ts';

/**
 * Every event of every service, for as long as it is kept. It is only appended to, in partitions of positions, which are dropped
 * whole when nobody needs them any more.
 */
export const eventLog = pgTable(
  'event_log',
  {
    /** 1, 2, 3 … without a gap: the order for ever. */
    position: bigint('position', { mode: 'number' }).primaryKey(),
    eventId: text('event_id').notNull(),
    type: text('type').notNull(),
    subject: text('subject').notNull(),
    tenant: tenantColumn(),
    time: instant('time').notNull(),
    /** The outbox that it came from. */
    source: text('source').notNull(),
    /** The CloudEvent as text, byte for byte as the chain was made of it. */
    payload: json('payload').$type<CloudEvent>().notNull(),
    /** SHA-256 of the previous event's chain and this payload, so that a change of any event shows in all later ones. */
    chain: sha256('chain').notNull(),
  },
  (t) => [index('event_log_subject').on(t.subject, t.position)],
);

/** One row: the newest position of the log and its chain. */
export const logHead = pgTable('log_head', {
  onlyRow: integer('only_row').primaryKey().default(1),
  position: bigint('position', { mode: 'number' }).notNull().default(0),
  chain: sha256('chain')
    .notNull()
    .default(sql`decode(repeat('00', 32), 'hex')`),
  /** The oldest position that is kept. */
  firstPosition: bigint('first_position', { mode: 'number' }).notNull().default(1),
  /** The chain of the event before it. */
  firstChain: sha256('first_chain')
    .notNull()
    .default(sql`decode(repeat('00', 32), 'hex')`),
  /** The latest time of an event that was dropped. */
  droppedTime: instant('dropped_time'),
});

/** A set of events of one outbox and type, by their number and the sum of their digests (db/outbox/functions/event_digest.sql). */
const eventSet = () => ({
  source: text('source').notNull(),
  type: text('type').notNull(),
  eventCount: bigint('event_count', { mode: 'number' }).notNull(),
  digest: numeric('digest').notNull(),
});

/** What was dropped from the log, by which the audit compares the log with the outboxes. */
export const logSeals = pgTable('log_seals', eventSet(), (t) => [primaryKey({ columns: [t.source, t.type] })]);

/**
 * What the log has more than an outbox, or less if negative, since one of them was restored from a backup and an operator let the
 * relay go on.
 */
export const logDifferences = pgTable('log_differences', eventSet(), (t) => [
  primaryKey({ columns: [t.source, t.type] }),
]);

/** How far the relay has read each outbox. */
export const outboxCursors = pgTable('outbox_cursors', {
  source: text('source').primaryKey(),
  /** The place of the outbox's database (db/installation.ts): in another one, transaction numbers mean something else. */
  serverId: text('server_id').notNull(),
  /** Everything that is visible in it is in the log. */
  snapshot: pgSnapshot('snapshot'),
  /** While a window of many rows is read in pages: the snapshot at its end, and the last sequence that is in the log. */
  windowEnd: pgSnapshot('window_end'),
  windowSequence: bigint('window_sequence', { mode: 'number' }),
  /** The newest row that is in the log. If the outbox lacks it, the outbox is not what it was: it was restored. */
  witnessSequence: bigint('witness_sequence', { mode: 'number' }),
  witnessEventId: text('witness_event_id'),
  /** The position of its last event in the log. */
  lastPosition: bigint('last_position', { mode: 'number' }).notNull().default(0),
  /** As the relay has seen it: the number of events that are not in the log yet, and since when the oldest of them waits. */
  waitingEvents: bigint('waiting_events', { mode: 'number' }).notNull().default(0),
  waitingSince: instant('waiting_since'),
  seenAt: instant('seen_at'),
  /** How many events of this outbox the log has been given. */
  eventCount: bigint('event_count', { mode: 'number' }).notNull().default(0),
  /** Why the relay reads this outbox no further until an operator says how to go on. */
  stoppedReason: text('stopped_reason'),
  /** Since an operator let a stopped outbox go on: the first window has rows that are in the log already. */
  isResuming: boolean('is_resuming').notNull().default(false),
  updatedAt: instant('updated_at')
    .notNull()
    .default(sql`clock_timestamp()`),
});

/** How far each reader of the log that keeps its place here has read. What it has not read, retention keeps. */
export const logCursors = pgTable('log_cursors', {
  name: text('name').primaryKey(),
  position: bigint('position', { mode: 'number' }).notNull(),
  updatedAt: instant('updated_at')
    .notNull()
    .default(sql`clock_timestamp()`),
});
/** The decisions to let the relay go on with an outbox that it had stopped reading. */
export const outboxResumes = pgTable(
  'outbox_resumes',
  {
    source: text('source').notNull(),
    requestedAt: instant('requested_at').notNull(),
    /** Why it was stopped. */
    stoppedReason: text('stopped_reason').notNull(),
    actor: text('actor').notNull(),
    onBehalfOf: text('on_behalf_of'),
    comment: text('comment').notNull(),
    /** When everything that the outbox had was in the log. */
    completedAt: instant('completed_at'),
    /** Then: the events that the log had and the outbox had lost. */
    lostInOutbox: bigint('lost_in_outbox', { mode: 'number' }),
    /** Those that were taken away of the outbox, and that the log had lost. */
    lostInLog: bigint('lost_in_log', { mode: 'number' }),
  },
  (t) => [primaryKey({ columns: [t.source, t.requestedAt] })],
);

/**
 * Who may do what only one process may do at a time. Its holder gives the token with each write, so that a process that was
 * frozen past its time writes nothing after another one has taken over.
 */
export const leases = pgTable('leases', {
  name: text('name').primaryKey(),
  token: bigint('token', { mode: 'number' }).notNull().default(1),
  holder: text('holder').notNull(),
  expiresAt: instant('expires_at').notNull(),
});

const position = () => bigint('position', { mode: 'number' }).notNull();

/**
 * The tables of consumers, as client/consumer/tables.ts makes them in any consumer's database. Its statements are the package's
 * own.
 */
export const consumerCursors = pgTable('consumer_cursors', {
  consumer: text('consumer').primaryKey(),
  position: position().default(0),
  token: bigint('token', { mode: 'number' }).notNull().default(0),
  holder: text('holder'),
  expiresAt: instant('expires_at')
    .notNull()
    .default(sql`clock_timestamp()`),
  updatedAt: instant('updated_at')
    .notNull()
    .default(sql`clock_timestamp()`),
});

export const processedEvents = pgTable(
  'processed_events',
  {
    consumer: text('consumer').notNull(),
    eventId: text('event_id').notNull(),
    position: position(),
    processedAt: instant('processed_at')
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (t) => [
    primaryKey({ name: 'processed_events_pk', columns: [t.consumer, t.eventId] }),
    index('processed_events_position').on(t.consumer, t.position),
  ],
);

export const parkedEvents = pgTable(
  'parked_events',
  {
    consumer: text('consumer').notNull(),
    eventId: text('event_id').notNull(),
    position: position(),
    subject: text('subject').notNull(),
    event: json('event').$type<CloudEvent>().notNull(),
    attempts: integer('attempts').notNull().default(0),
    error: text('error'),
    failedAt: instant('failed_at'),
    retryAt: instant('retry_at'),
  },
  (t) => [
    primaryKey({ name: 'parked_events_pk', columns: [t.consumer, t.eventId] }),
    index('parked_events_subject').on(t.consumer, t.subject, t.position),
    index('parked_events_due').on(t.consumer, t.retryAt, t.position),
  ],
);

/** Tables that a consumer derives from the log. Each generation of one is built by a consumer of its own, `<name>.<generation>`. */
export const projections = pgTable('projections', {
  name: text('name').primaryKey(),
  /** The one that is read. */
  generation: integer('generation').notNull().default(1),
  /** The one that is being built to take its place. */
  nextGeneration: integer('next_generation'),
});

/** A projection: how much of what happened to a wallet on a day (UTC). A wallet has one currency, so the sum has too. */
export const walletActivity = pgTable(
  'wallet_activity',
  {
    generation: integer('generation').notNull(),
    walletId: uuid('wallet_id').notNull(),
    day: date('day').notNull(),
    type: text('type').notNull(),
    eventCount: bigint('event_count', { mode: 'number' }).notNull(),
    /** Of the amounts. Refusals move nothing: 0. */
    sum: balance('sum').notNull(),
    /** The wallet's. */
    tenant: text('tenant').notNull().default('default'),
  },
  (t) => [primaryKey({ name: 'wallet_activity_pk', columns: [t.generation, t.walletId, t.day, t.type] })],
);

/**
 * A projection: how much money came to where it was going in each quarter of an hour (UTC), by currency and by what moved it.
 * Ordered by time first, so that a span of it is one range of the key.
 */
export const flows = pgTable(
  'flows',
  {
    generation: integer('generation').notNull(),
    tenant: text('tenant').notNull(),
    startsAt: instant('starts_at').notNull(),
    currency: text('currency').notNull(),
    kind: text('kind').$type<FlowKind>().notNull(),
    movementCount: bigint('movement_count', { mode: 'number' }).notNull(),
    sum: balance('sum').notNull(),
  },
  (t) => [primaryKey({ name: 'flows_pk', columns: [t.generation, t.tenant, t.startsAt, t.currency, t.kind] })],
);

/** Money that has moved, whose movement's acceptance, which alone names the currency, comes later in the log. */
export const flowsWaiting = pgTable(
  'flows_waiting',
  {
    generation: integer('generation').notNull(),
    movementId: uuid('movement_id').notNull(),
    kind: text('kind').$type<FlowKind>().notNull(),
    amount: amount('amount').notNull(),
    movedAt: instant('moved_at').notNull(),
  },
  (t) => [primaryKey({ name: 'flows_waiting_pk', columns: [t.generation, t.movementId, t.kind] })],
);
