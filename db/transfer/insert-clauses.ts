/** SQL clauses of the statements that accept and end movements: they write metadata and events together with the row. */
import { sql, type SQL } from 'drizzle-orm';
import type { CloudEvent } from '../../domain/event.ts';

/** The clause that indexes the metadata of the rows of `accepted`, one row for each pair. */
export function insertMetadata(movement: 'transfer' | 'transaction'): SQL {
  return sql`INSERT INTO movement_metadata (movement, key, value, created_at, movement_id)
    SELECT ${movement}, key, value, created_at, ${sql.identifier(`${movement}_id`)} FROM accepted CROSS JOIN jsonb_each_text(metadata)`;
}

/**
 * The clause that writes an event to the outbox if `when`, which has at most one row, has one: a row with a tenant, which the event
 * names unless it is the default one.
 */
export function insertEvent(event: CloudEvent, when: SQL): SQL {
  const json = sql`${JSON.stringify(event)}::text`;
  return sql`INSERT INTO outbox_events (event_id, type, subject, payload)
    SELECT ${event.id}, ${event.type}, ${event.subject},
      CASE tenant WHEN 'default' THEN ${json} ELSE left(${json}, -1) || ',"tenant":' || to_json(tenant) || '}' END::json
    FROM ${when}`;
}
