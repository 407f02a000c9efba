/** The tables of the events service: the event log, the relay's place in each outbox, and leases. */
import { bigint, customType, index, integer, json, pgTable, text } from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm';
import type { CloudEvent } from '../../domain/event.ts';
import { instant, sha256 } from '../database.ts';

export { installation } from '../installation.ts';
export { outboxEvents, outboxSeals } from '../outbox.ts';

/** A snapshot as PostgreSQL writes it: `xmin:xmax:xip,…`. */
const pgSnapshot = customType<{ data: string }>({ dataType: () => 'pg_snapshot' });

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
    tenant: text('tenant').notNull().default('default'),
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
});

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
  /** How many events of this outbox the log has been given. */
  eventCount: bigint('event_count', { mode: 'number' }).notNull().default(0),
  /** Why the relay reads this outbox no further until an operator says how to go on. */
  stoppedReason: text('stopped_reason'),
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
