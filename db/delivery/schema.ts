/**
 * The tables of the delivery service. The service's role reads them and writes none: every change is made by a function of
 * functions/, under the lock of the shipment's row, so that no status is written over a later one.
 */
import { sql } from 'drizzle-orm';
import { boolean, check, index, integer, pgTable, primaryKey, text, unique, uuid } from 'drizzle-orm/pg-core';
import { CARRIER_STATUSES, SHIPMENT_STATUSES } from '../../domain/delivery/operations.ts';
import type { OrderId, ShipmentId } from '../../domain/ids.ts';
import { instant, tenantColumn } from '../database.ts';

export { installation } from '../installation.ts';
export { outboxEvents, outboxSealProgress, outboxSeals, outboxTruncation } from '../outbox.ts';
export { stepFences } from '../step-fences.ts';

const quoted = (texts: readonly string[]) => sql.raw(texts.map((text) => `'${text}'`).join(', '));
const ranked = sql.raw(SHIPMENT_STATUSES.map((status, rank) => `('${status}', ${rank})`).join(', '));

export const shipments = pgTable(
  'shipments',
  {
    /** Derived from the consignment. */
    shipmentId: uuid('shipment_id').$type<ShipmentId>().primaryKey(),
    /** That of the order. */
    tenant: tenantColumn(),
    orderId: uuid('order_id').$type<OrderId>().notNull(),
    /** The consignment's number within the order. */
    consignment: integer('consignment').notNull(),
    status: text('status', { enum: SHIPMENT_STATUSES }).notNull().default('BOOKED'),
    /** The place of the status among SHIPMENT_STATUSES: only a higher one is written over it. */
    rank: integer('rank').notNull().default(0),
    /** Null until the goods are handed over. */
    carrierReference: text('carrier_reference'),
    units: integer('units').notNull(),
    createdAt: instant('created_at')
      .notNull()
      .default(sql`clock_timestamp()`),
    updatedAt: instant('updated_at')
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (t) => [
    unique('shipments_order_consignment').on(t.orderId, t.consignment),
    check('shipments_rank', sql`(${t.status}, ${t.rank}) IN (${ranked})`),
    check(
      'shipments_carrier_reference',
      sql`(${t.carrierReference} IS NULL) = (${t.status} IN ('BOOKED', 'CANCELED'))`,
    ),
    check('shipments_units_positive', sql`${t.units} > 0`),
  ],
);

/** What carriers have reported. Reports come twice and out of order; each is kept once. */
export const carrierEvents = pgTable(
  'carrier_events',
  {
    /** The carrier's own id: within a tenant's reports, because carriers of two may give the same. */
    eventId: text('event_id').notNull(),
    /** That of the shipment. */
    tenant: tenantColumn(),
    /** No foreign key, because only record_carrier_event writes reports, and it holds the shipment's row under lock. */
    shipmentId: uuid('shipment_id').$type<ShipmentId>().notNull(),
    status: text('status', { enum: CARRIER_STATUSES }).notNull(),
    /** When it happened, as the carrier says. Nothing is decided by it. */
    at: instant('at').notNull(),
    /** Whether it has changed the shipment's status: reports come out of order. */
    hasRisen: boolean('has_risen').notNull(),
    receivedAt: instant('received_at')
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (t) => [
    primaryKey({ columns: [t.eventId, t.tenant] }),
    index('carrier_events_shipment').on(t.shipmentId, t.receivedAt, t.eventId),
    check('carrier_events_status', sql`${t.status} IN (${quoted(CARRIER_STATUSES)})`),
  ],
);
