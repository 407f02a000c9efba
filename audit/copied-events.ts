/**
 * The part of an outbox that the relay has copied, by the event log's own cursor: a snapshot of the outbox's database, and within
 * an unfinished window the sequence up to which it was read.
 */
import { sql, type SQL } from 'drizzle-orm';
import { ORDER_SERVICES, type OrderService } from '../domain/order-services.ts';
import type { EventSetRow } from './event-sets.ts';
import { OUTBOX_EVENTS } from './outbox.ts';
import { rowsOf, type Reader } from './reader.ts';

export interface Outbox {
  /** As the log names it. */
  readonly name: string;
  readonly reader: Reader;
}

/** The outboxes of a stack, by the names that the relay gives them. `orders` are those of the services of orders, if it has them. */
export function outboxesOf(
  transfer: Reader,
  wallets: readonly Reader[],
  events: Reader,
  orders?: Readonly<Record<OrderService, Reader>>,
  access?: Reader,
): Outbox[] {
  return [
    { name: 'transfer', reader: transfer },
    ...wallets.map((reader, shard) => ({ name: `wallet-${shard}`, reader })),
    { name: 'events', reader: events },
    ...(orders === undefined ? [] : ORDER_SERVICES.map((name) => ({ name, reader: orders[name] }))),
    ...(access === undefined ? [] : [{ name: 'access', reader: access }]),
  ];
}

export interface Copied extends Outbox {
  /** The condition on a row's xid and sequence. */
  readonly isCopied: SQL;
  readonly stoppedReason: string | undefined;
  /** Whether rows are copied that the log may have already, until the window ends. */
  readonly isResuming: boolean;
}

/** Undefined if the outbox is not the one that was copied: then the cursor says nothing of it. */
export async function copiedOf(events: Reader, { name, reader }: Outbox): Promise<Copied | undefined> {
  const [cursor] = await rowsOf<{
    server_id: string;
    snapshot: string | null;
    window_end: string | null;
    window_sequence: string | null;
    stopped_reason: string | null;
    is_resuming: boolean;
  }>(
    events,
    sql`SELECT server_id, snapshot::text, window_end::text, window_sequence, stopped_reason, is_resuming FROM outbox_cursors WHERE source = ${name}`,
  );
  if (cursor === undefined) return { name, reader, isCopied: sql`false`, stoppedReason: undefined, isResuming: false };
  const { snapshot, window_end: end, window_sequence: sequence } = cursor;
  const [place] = await rowsOf<{ is_same: boolean }>(
    reader,
    sql`
    SELECT (SELECT system_identifier FROM pg_control_system()) || '/' || (SELECT oid FROM pg_database WHERE datname = current_database()) = ${cursor.server_id}
      AND coalesce(pg_snapshot_xmax(${snapshot}::pg_snapshot) <= pg_snapshot_xmax(pg_current_snapshot()), true) AS is_same`,
  );
  if (!place!.is_same) return undefined;
  const shown = snapshot === null ? sql`false` : sql`pg_visible_in_snapshot(xid, ${snapshot}::pg_snapshot)`;
  const read =
    end === null
      ? sql`false`
      : sql`pg_visible_in_snapshot(xid, ${end}::pg_snapshot) AND sequence <= ${sequence}::bigint`;
  return {
    name,
    reader,
    isCopied: sql`(${shown} OR ${read})`,
    stoppedReason: cursor.stopped_reason ?? undefined,
    isResuming: cursor.is_resuming,
  };
}

/** All that was ever copied: what is still there, and what was taken away since. */
export function copiedSets({ name, reader, isCopied }: Copied): Promise<EventSetRow[]> {
  return rowsOf(
    reader,
    sql`
    SELECT ${name}::text AS source, type, sum(count)::text AS count, sum(digest)::text AS digest FROM (
      SELECT type, count(*) AS count, coalesce(sum(event_digest(event_id, subject, data)), 0) AS digest
      FROM (${OUTBOX_EVENTS}) present WHERE ${isCopied} GROUP BY type
      UNION ALL
      SELECT type, event_count, digest FROM outbox_seals
    ) had GROUP BY type`,
  );
}
