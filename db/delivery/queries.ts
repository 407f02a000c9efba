/**
 * The delivery's operations on consignments and what carriers report: calls of the database's functions (functions/), each of which
 * may be repeated safely; and the queries that show a shipment.
 */
import { and, asc, eq, sql, type SQL } from 'drizzle-orm';
import type { ByWhom } from '../../domain/audit-event.ts';
import {
  SHIPMENT_STATUSES,
  SHIPMENT_UNITS_MAX,
  type Booked,
  type BookingCanceled,
  type CarrierStatus,
  type ShipmentStatus,
} from '../../domain/delivery/operations.ts';
import type { OrderId, ShipmentId } from '../../domain/ids.ts';
import type { Line } from '../../domain/order/order.ts';
import { tenantOf, type OfTenant, type Tenant } from '../../domain/tenant.ts';
import type { TraceContext } from '../../domain/trace-context.ts';
import { actingArgument } from '../audit-events.ts';
import { executePrepared, type Database } from '../database.ts';
import { carrierEvents, shipments } from './schema.ts';

export type Shipment = typeof shipments.$inferSelect;
export type CarrierEvent = typeof carrierEvents.$inferSelect;

interface Named {
  readonly orderId: OrderId;
  readonly n: number;
  readonly shipmentId: ShipmentId;
  readonly trace: TraceContext;
}

/** functions/book.sql */
export async function book(
  database: Database,
  { orderId, n, shipmentId, trace, lines, ...of }: Named & OfTenant & { readonly lines: readonly Line[] },
): Promise<Booked> {
  const { outcome, reason } = await callOne<{ outcome: Booked['outcome']; reason: 'too_many_units' | null }>(
    database,
    sql`SELECT outcome, reason FROM book(${orderId}, ${n}, ${shipmentId}, ${termsOf(lines)}, ${SHIPMENT_UNITS_MAX},
      ${trace.requestId}, ${trace.traceparent ?? null}, ${tenantOf(of)})`,
  );
  switch (outcome) {
    case 'booked':
      return { outcome, shipmentId };
    case 'refused':
      return { outcome, reason: reason! };
    case 'undone':
      return { outcome };
  }
}

/** functions/cancel_booking.sql */
export function cancelBooking(database: Database, { orderId, n, shipmentId, trace }: Named): Promise<BookingCanceled> {
  return callOne(
    database,
    sql`SELECT outcome FROM cancel_booking(${orderId}, ${n}, ${shipmentId}, ${trace.requestId}, ${trace.traceparent ?? null})`,
  );
}

/** functions/hand_over.sql. Returns the status. */
export async function handOver(
  database: Database,
  { orderId, n, shipmentId, trace, carrierReference }: Named & { readonly carrierReference: string },
): Promise<ShipmentStatus> {
  const { status } = await callOne<{ status: ShipmentStatus }>(
    database,
    sql`SELECT status FROM hand_over(${orderId}, ${n}, ${shipmentId}, ${carrierReference}, ${trace.requestId},
      ${trace.traceparent ?? null})`,
  );
  return status;
}

export interface CarrierReport extends OfTenant {
  readonly eventId: string;
  readonly shipmentId: ShipmentId;
  readonly status: CarrierStatus;
  readonly at: Date;
}

export interface Recorded {
  readonly outcome: 'recorded' | 'repeated' | 'reused' | 'not_found' | 'not_handed_over';
  /** Whether this report has changed the shipment's status. */
  readonly hasRisen: boolean;
  /** Whose shipment it is; null if there is none. */
  readonly orderId: OrderId | null;
  readonly n: number | null;
}

/** functions/record_carrier_event.sql. Without `by`, the audit log has no entry of it. */
export async function recordCarrierEvent(
  database: Database,
  { eventId, shipmentId, status, at, ...of }: CarrierReport,
  trace: TraceContext,
  by?: ByWhom,
): Promise<Recorded> {
  return callOne(
    database,
    sql`SELECT outcome, has_risen AS "hasRisen", order_id AS "orderId", consignment AS n FROM record_carrier_event(${eventId}, ${shipmentId}, ${status},
      ${SHIPMENT_STATUSES.indexOf(status)}, ${at.toISOString()}, ${trace.requestId}, ${trace.traceparent ?? null}, ${actingArgument(by)},
      ${tenantOf(of)})`,
  );
}

/** With `tenant`, only if it is that tenant's. */
export async function findShipment(
  database: Database,
  shipmentId: ShipmentId,
  tenant?: Tenant,
): Promise<Shipment | undefined> {
  const rows = await database
    .select()
    .from(shipments)
    .where(and(eq(shipments.shipmentId, shipmentId), tenant && eq(shipments.tenant, tenant)));
  return rows[0];
}

/** What was reported of a shipment, in the order of its arrival; the first 100 reports, which is more than any parcel has. */
export function listCarrierEvents(database: Database, shipmentId: ShipmentId): Promise<CarrierEvent[]> {
  return database
    .select()
    .from(carrierEvents)
    .where(eq(carrierEvents.shipmentId, shipmentId))
    .orderBy(asc(carrierEvents.receivedAt), asc(carrierEvents.eventId))
    .limit(100);
}

/** Lines may be given with more members than are booked, such as a price. */
function termsOf(lines: readonly Line[]): string {
  return JSON.stringify(lines.map(({ sku, quantity }) => ({ sku, quantity })));
}

async function callOne<Row extends object>(database: Database, statement: SQL): Promise<Row> {
  const { rows } = await executePrepared<Row & Record<string, unknown>>(database, statement);
  return rows[0]!;
}
