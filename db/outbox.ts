/**
 * The outbox table, the same in every service's database. Each event is written in the transaction of the change that it tells
 * of, after the lock of the row that is its subject. The table is only appended to: the relay of the events service reads what is
 * visible in one snapshot and was not in the one before, and writes nothing here.
 *
 * It is a ring of four partitions, each for 65,536 sequence numbers in turn, so that what is in the event log can be taken away by
 * TRUNCATE of a whole partition (outbox/functions/truncate_relayed_outbox.sql), not by one DELETE for each row.
 */
import { bigint, customType, index, integer, json, numeric, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm';
import type { CloudEvent } from '../domain/event.ts';
import type { FoldedEvents } from '../domain/events/folded-events.ts';
import { instant } from './database.ts';

/** A snapshot as PostgreSQL writes it: `xmin:xmax:xip,…`. */
export const pgSnapshot = customType<{ data: string }>({ dataType: () => 'pg_snapshot' });

/** A transaction's 64-bit number, which never wraps around; a decimal string in code. */
const xid8 = customType<{ data: string }>({ dataType: () => 'xid8' });

/** What was taken away once it was in the event log: counts and digests by type, which the audit compares with the log. */
export const outboxSeals = pgTable('outbox_seals', {
  type: text('type').primaryKey(),
  eventCount: bigint('event_count', { mode: 'number' }).notNull().default(0),
  /** The sum of the events' digests, in any order. */
  digest: numeric('digest').notNull().default('0'),
  /** The highest sequence that was taken away. */
  throughSequence: bigint('through_sequence', { mode: 'number' }).notNull().default(0),
});

/** What is counted of a partition that is about to be taken away. It is no part of the seals until its rows are gone. */
export const outboxSealProgress = pgTable(
  'outbox_seal_progress',
  {
    /** The partition's number in the ring. */
    place: integer('place').notNull(),
    type: text('type').notNull(),
    /** If the partition has another number of rows at the end, some were committed late, and all are counted again. */
    rowCount: bigint('row_count', { mode: 'number' }).notNull(),
    eventCount: bigint('event_count', { mode: 'number' }).notNull(),
    digest: numeric('digest').notNull(),
    /** Rows up to it are counted. */
    throughSequence: bigint('through_sequence', { mode: 'number' }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.place, t.type] })],
);

/** One row: the relay's snapshot at the last truncation. A relay that knows only an older one has lost what it had copied. */
export const outboxTruncation = pgTable('outbox_truncation', {
  onlyRow: integer('only_row').primaryKey().default(1),
  /** The place of the database then (db/installation.ts): in another one, transaction numbers mean something else. */
  serverId: text('server_id').notNull(),
  snapshot: pgSnapshot('snapshot').notNull(),
});

export const outboxEvents = pgTable(
  'outbox_events',
  {
    /** The transaction that wrote the row: a snapshot says of it whether the row is visible. */
    xid: xid8('xid')
      .notNull()
      .default(sql`pg_current_xact_id()`),
    /** Drawn after the subject's lock, so that within a subject it is the order of the changes. Across subjects it says nothing. */
    sequence: bigint('sequence', { mode: 'number' })
      .notNull()
      .default(sql`nextval('outbox_sequence')`),
    /** The CloudEvent's id: type and movement. */
    eventId: text('event_id').notNull(),
    type: text('type').notNull(),
    /** The partition key: the wallet or the transfer that the event is about. Null in a row of several events. */
    subject: text('subject'),
    eventCount: integer('event_count').notNull().default(1),
    /** JSON kept as text, because it is written once and passed on as it is; jsonb would cost several times as much. */
    payload: json('payload').$type<CloudEvent | FoldedEvents>().notNull(),
    createdAt: instant('created_at')
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (t) => [index('outbox_events_sequence').on(t.sequence), index('outbox_events_xid').on(t.xid)],
);
