/** The routes of shipments: show one, and take in what its carrier reports of it. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Database } from '../../db/database.ts';
import {
  findShipment,
  listCarrierEvents,
  recordCarrierEvent,
  type CarrierEvent,
  type Shipment,
} from '../../db/delivery/queries.ts';
import { CARRIER_STATUSES, SHIPMENT_STATUSES } from '../../domain/delivery/operations.ts';
import type { OrderId, ShipmentId } from '../../domain/ids.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { byWhom } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import {
  exampleMovementId,
  exampleRunId,
  idAnswer,
  instantAnswer,
  instantField,
  shipmentIdField,
} from '../http/fields.ts';
import { ProblemError } from '../http/problem.ts';
import { BODY_PROBLEMS, problemResponses } from '../http/problem-schema.ts';
import { readJson } from '../http/request-body.ts';
import { faultCode } from '../http/validation.ts';
import { requiresInTenant } from '../http/scopes.ts';

export interface ShipmentDeps {
  readonly database: Database;
  /**
   * Is told, after the commit, that the shipment of an order's consignment has a new status, and again with each repeat of a report.
   * That may get lost: whoever waits for the status looks by itself from time to time.
   */
  readonly told?: (orderId: OrderId, n: number) => void;
}

const carrierEventId = z
  .string({ error: faultCode('carrier_event_id_invalid') })
  .regex(/^[\x20-\x7e]{1,255}$/, 'carrier_event_id_invalid')
  .openapi({ example: 'evt-20260301-0042', description: "The carrier's own id of the report." });

const eventRequest = z
  .strictObject(
    {
      event_id: carrierEventId,
      status: z.enum(CARRIER_STATUSES, { error: faultCode('status_invalid') }),
      at: instantField.openapi({ description: 'When it happened.' }),
    },
    { error: faultCode('body_invalid') },
  )
  .openapi('CarrierEventRequest');

const shipmentAnswer = z
  .object({
    shipment_id: idAnswer(exampleRunId),
    order_id: idAnswer(exampleMovementId),
    consignment: z.int().openapi({ example: 1, description: 'The number of the consignment within the order.' }),
    status: z.enum(SHIPMENT_STATUSES).openapi({
      example: 'IN_TRANSIT',
      description: 'CANCELED and DELIVERED are final. Reports come out of order: the furthest status stays.',
    }),
    carrier_reference: z.string().nullable().openapi({ example: '1Z999AA10123456784' }),
    units: z.int().openapi({ example: 3 }),
    events: z
      .array(
        z
          .object({
            event_id: z.string().openapi({ example: 'evt-20260301-0042' }),
            status: z.enum(CARRIER_STATUSES),
            at: instantAnswer,
            received_at: instantAnswer,
          })
          .openapi('CarrierEvent'),
      )
      .openapi({ description: 'What the carrier has reported, in the order of its arrival: the first 100 reports.' }),
    created_at: instantAnswer,
    updated_at: instantAnswer,
  })
  .openapi('Shipment');

const tags = ['Shipments'];
const params = z.object({ shipment_id: shipmentIdField });
const content = { 'application/json': { schema: shipmentAnswer } };
const oneProblems = [
  'shipment_not_found',
  'shipment_id_invalid',
  'database_unavailable',
  'orders_not_configured',
] as const;

const get = createRoute({
  method: 'get',
  path: '/v1/shipments/{shipment_id}',
  operationId: 'getShipment',
  summary: 'A shipment, with what its carrier has reported',
  tags,
  middleware: requiresInTenant('orders:read'),
  request: { params },
  responses: { 200: { description: 'The shipment as it is now.', content }, ...problemResponses(...oneProblems) },
});

const postEvent = createRoute({
  method: 'post',
  path: '/v1/shipments/{shipment_id}/events',
  operationId: 'createCarrierEvent',
  summary: 'Report how far a shipment is',
  tags,
  description: `For carriers. Reports may come twice and in any order: each \`event_id\` is kept once, and a report of an earlier
status than the shipment has changes nothing. A repeat is answered as the first call was. An \`event_id\` is used once in the whole
tenant, for one shipment and one body: with another report it is refused with 422. Before the goods were handed over, or after the booking
was canceled, there is nothing to report: 409.`,
  middleware: [requiresInTenant('orders:write'), readJson] as const,
  request: { params, body: { required: true, content: { 'application/json': { schema: eventRequest } } } },
  responses: {
    200: { description: 'Kept. The shipment as it is now.', content },
    ...problemResponses(
      ...oneProblems,
      ...BODY_PROBLEMS,
      'field_missing',
      'carrier_event_id_invalid',
      'status_invalid',
      'instant_invalid',
      'shipment_not_handed_over',
      'carrier_event_id_reused',
    ),
  },
});

export function shipmentRoutes({ database, told }: ShipmentDeps) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(get, async (c) => {
      const { shipment_id: id } = c.req.valid('param');
      c.var.log.setBindings({ shipment_id: id });
      return c.json(await boundedQuery(database, () => shown(database, c.var.holder.tenant, id)), 200);
    })
    .openapi(postEvent, async (c) => {
      const { shipment_id: id } = c.req.valid('param');
      const { event_id: eventId, status, at } = c.req.valid('json');
      const { tenant } = c.var.holder;
      c.var.log.setBindings({ shipment_id: id });
      const { outcome, hasRisen, orderId, n } = await boundedQuery(
        database,
        () => recordCarrierEvent(database, { tenant, eventId, shipmentId: id, status, at }, c.var.trace, byWhom(c)),
        { isWrite: true },
      );
      // A carrier repeats what had no answer: the API may have died before it told anybody.
      if (hasRisen || outcome === 'repeated') told?.(orderId!, n!);
      switch (outcome) {
        case 'not_found':
          throw notFound(id);
        case 'not_handed_over':
          throw new ProblemError('shipment_not_handed_over', { detail: 'Report again once it was handed over.' });
        case 'reused':
          throw new ProblemError('carrier_event_id_reused', {
            detail: 'An event_id is used once, for one shipment and one body; the first report with it stands.',
          });
        case 'recorded':
        case 'repeated':
          return c.json(await boundedQuery(database, () => shown(database, tenant, id)), 200);
      }
    });
}

async function shown(database: Database, tenant: Tenant, id: ShipmentId): Promise<z.input<typeof shipmentAnswer>> {
  const shipment = await findShipment(database, id, tenant);
  if (shipment === undefined) throw notFound(id);
  return render(shipment, await listCarrierEvents(database, id));
}

function notFound(id: ShipmentId): ProblemError {
  return new ProblemError('shipment_not_found', { detail: `There is no shipment ${id}.` });
}

function render(row: Shipment, events: readonly CarrierEvent[]): z.input<typeof shipmentAnswer> {
  return {
    shipment_id: row.shipmentId,
    order_id: row.orderId,
    consignment: row.consignment,
    status: row.status,
    carrier_reference: row.carrierReference,
    units: row.units,
    events: events.map((event) => ({
      event_id: event.eventId,
      status: event.status,
      at: event.at.toISOString(),
      received_at: event.receivedAt.toISOString(),
    })),
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
  };
}
