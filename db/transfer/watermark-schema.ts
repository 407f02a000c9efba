/**
 * The table of watermarks, a part of the transfer service's schema: for each wallet shard, a leg that it is known to have
 * decided, the newest one when it was last asked. A shard that lacks this leg was restored to a state from before it.
 */
import { sql } from 'drizzle-orm';
import { integer, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { instant } from '../database.ts';

export const shardWatermarks = pgTable('shard_watermarks', {
  shard: integer('shard').primaryKey(),
  movementId: uuid('movement_id').notNull(),
  leg: text('leg').notNull(),
  /** By the shard's clock. */
  decidedAt: instant('decided_at').notNull(),
  notedAt: instant('noted_at')
    .notNull()
    .default(sql`clock_timestamp()`),
});
