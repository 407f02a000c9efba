/** The fenced operations on stock, one round trip each (functions/). A repeat returns what was decided, and changes nothing. */
import { sql } from 'drizzle-orm';
import { consignmentId } from '../../domain/derived-id.ts';
import type {
  AdoptIssuedInput,
  DecidedGoods,
  Issued,
  IssueInput,
  Released,
  ReleasedOrder,
  ReleaseInput,
  ReleaseOrderInput,
  Reserved,
  ReserveInput,
  TakeBackInput,
} from '../../domain/inventory/operations.ts';
import type { OrderId } from '../../domain/ids.ts';
import type { ReservedQuestion } from '../../domain/order/reconciliation.ts';
import { CONSIGNMENTS_MAX, type Consignment } from '../../domain/order/order.ts';
import { tenantOf } from '../../domain/tenant.ts';
import { executePrepared, violatedConstraint, type Database } from '../database.ts';

export async function reserve(
  database: Database,
  { orderId, lines, allowSplit, trace, ...of }: ReserveInput,
): Promise<Reserved> {
  const reserved = await executePrepared<{ outcome: string; detail: unknown }>(
    database,
    sql`SELECT outcome, detail FROM reserve(${orderId}, ${JSON.stringify(lines)}::jsonb, ${allowSplit}, ${CONSIGNMENTS_MAX},
      ${trace.requestId}, ${trace.traceparent ?? null}, ${tenantOf(of)})`,
  ).catch((error: unknown) => {
    // It was reserved for an order of this id whose row was lost: nothing will ever be reserved for these lines.
    if (violatedConstraint(error) !== 'step_fences_terms') throw error;
  });
  if (reserved === undefined) return { outcome: 'undone' };
  const { outcome, detail } = reserved.rows[0]!;
  if (outcome === 'done') return { outcome: 'reserved', consignments: detail as Consignment[] };
  if (outcome === 'left') return { outcome: 'reserved', consignments: detail as Consignment[], hasLeft: true };
  if (outcome === 'refused') return { outcome, reason: 'out_of_stock', skus: detail as string[] };
  return { outcome: 'undone' };
}

export async function issue(database: Database, input: IssueInput): Promise<Issued> {
  const { orderId, n, holdExpiresAtMs, marginSeconds, carrierReference, trace } = input;
  const { rows } = await executePrepared<DecidedRow>(
    database,
    sql`SELECT outcome, reason, carrier_reference FROM issue(${orderId}, ${n}, ${consignmentId(orderId, n)},
      ${new Date(holdExpiresAtMs).toISOString()}::timestamptz, make_interval(secs => ${marginSeconds}), ${carrierReference},
      ${trace.requestId}, ${trace.traceparent ?? null})`,
  );
  return decidedOf(rows[0]!);
}

export async function adoptIssued(database: Database, input: AdoptIssuedInput): Promise<Released> {
  const { orderId, n, lines, carrierReference, trace } = input;
  const { rows } = await executePrepared<{ outcome: string }>(
    database,
    sql`SELECT outcome FROM adopt_issued(${orderId}, ${n}, ${consignmentId(orderId, n)}, ${JSON.stringify(lines)}::jsonb,
      ${carrierReference}, ${trace.requestId}, ${trace.traceparent ?? null}, ${tenantOf(input)})`,
  );
  return { outcome: rows[0]!.outcome === 'done' ? 'issued' : 'released' };
}

export async function release(database: Database, { orderId, n, reason, trace }: ReleaseInput): Promise<Released> {
  const { rows } = await executePrepared<{ outcome: string }>(
    database,
    sql`SELECT outcome FROM release(${orderId}, ${n}, ${consignmentId(orderId, n)}, ${reason},
      ${trace.requestId}, ${trace.traceparent ?? null})`,
  );
  return { outcome: rows[0]!.outcome === 'done' ? 'issued' : 'released' };
}

export async function releaseOrder(
  database: Database,
  { orderId, reason, trace }: ReleaseOrderInput,
): Promise<ReleasedOrder> {
  const ids = Array.from({ length: CONSIGNMENTS_MAX }, (_, index) => consignmentId(orderId, index + 1));
  const { rows } = await executePrepared<{ detail: (Consignment & { goods: string })[] | null }>(
    database,
    sql`SELECT detail FROM release_order(${orderId}, ${sql.param(ids)}::uuid[], ${reason},
      ${trace.requestId}, ${trace.traceparent ?? null})`,
  );
  const { detail } = rows[0]!;
  if (detail === null) return { outcome: 'never_reserved' };
  return {
    outcome: 'answered',
    consignments: detail.map(({ goods, ...consignment }) => ({
      ...consignment,
      goods: goods === 'done' ? 'issued' : 'released',
    })),
  };
}

/** What the pivots of an order have decided; decides nothing. */
export async function goodsOf(database: Database, orderId: OrderId): Promise<DecidedGoods> {
  const { rows } = await executePrepared<DecidedRow & { n: number }>(
    database,
    sql`SELECT substr(step, 7)::int AS n, outcome, detail ->> 'carrier_reference' AS carrier_reference,
        CASE reason WHEN 'hold_expiring' THEN reason ELSE 'released' END AS reason
      FROM step_fences WHERE saga_id = ${orderId} AND step LIKE 'goods:%' ORDER BY n`,
  );
  return rows.map(({ n, ...row }) => ({ n, decided: decidedOf(row) }));
}

/** The orders for which goods are reserved, in the order of their ids. */
export async function listReserved(
  database: Database,
  { after, olderThanSeconds, limit }: ReservedQuestion,
): Promise<OrderId[]> {
  const { rows } = await executePrepared<{ order_id: OrderId }>(
    database,
    sql`SELECT DISTINCT order_id FROM reservations WHERE state = 'RESERVED' AND order_id > ${after ?? NIL}
        AND created_at < now() - make_interval(secs => ${olderThanSeconds})
      ORDER BY order_id LIMIT ${limit}`,
  );
  return rows.map((row) => row.order_id);
}

const NIL = '00000000-0000-0000-0000-000000000000';

export async function takeBack(
  database: Database,
  { orderId, returnId, lines, trace, ...of }: TakeBackInput,
): Promise<void> {
  await executePrepared(
    database,
    sql`SELECT take_back(${orderId}, ${returnId}, ${JSON.stringify(lines)}::jsonb, ${trace.requestId}, ${trace.traceparent ?? null},
      ${tenantOf(of)})`,
  );
}

interface DecidedRow extends Record<string, unknown> {
  outcome: string;
  reason: 'hold_expiring' | 'released' | null;
  carrier_reference: string | null;
}

function decidedOf({ outcome, reason, carrier_reference: carrierReference }: DecidedRow): Issued {
  if (outcome === 'done') return { outcome: 'issued', carrierReference: carrierReference ?? '' };
  return { outcome: 'released', reason: reason ?? 'released' };
}
