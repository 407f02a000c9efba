/**
 * The outbox table, the same in every service's database. Each event is written in the transaction of the change that it tells
 * of. Nothing delivers events yet; the columns are those that a delivery at least once needs.
 */
import { integer, json, pgTable, text } from 'drizzle-orm/pg-core';
import type { CloudEvent } from '../domain/event.ts';
import { instant } from './database.ts';

export const outboxEvents = pgTable('outbox_events', {
  /** The CloudEvent's id: type and movement, so that the same event is never in the table twice. */
  eventId: text('event_id').primaryKey(),
  type: text('type').notNull(),
  /** The partition key: the wallet or the transfer that the event is about. */
  subject: text('subject').notNull(),
  /** JSON kept as text, because it is written once and passed on as it is; jsonb would cost several times as much. */
  payload: json('payload').$type<CloudEvent>().notNull(),
  status: text('status', { enum: ['PENDING', 'PUBLISHED', 'DEAD'] })
    .notNull()
    .default('PENDING'),
  publishAttempts: integer('publish_attempts').notNull().default(0),
  lastError: text('last_error'),
  createdAt: instant('created_at').notNull().defaultNow(),
  publishedAt: instant('published_at'),
});
