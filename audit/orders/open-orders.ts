/**
 * O8, as I7: five minutes after its deadline an order is confirmed or was undone, five minutes after the end of its hold a consignment
 * has left or was released, and a return is refunded, or given up, within 31 days. What waits longer is a breach, even if it waits for
 * an operator. Goods on their way and payments that are due have no deadline.
 */
import { sql } from 'drizzle-orm';
import { VIOLATIONS_KEPT, type Findings } from '../findings.ts';
import { rowsOf, type Reader } from '../reader.ts';
import type { Undone } from '../undone.ts';

export async function checkOpenOrders(order: Reader, findings: Findings): Promise<Undone> {
  const [undone] = await rowsOf<Undone & { some: { subject: string; detail: string }[] | null }>(
    order,
    sql`
    WITH open AS (
      SELECT 'order ' || order_id AS subject, status, attention_reason,
        CASE status WHEN 'PENDING' THEN deadline_at ELSE (
          SELECT min(hold_expires_at) FROM consignments WHERE consignments.order_id = orders.order_id AND goods = 'RESERVED'
        ) END + interval '5 minutes' AS ends_by
      FROM orders WHERE status IN ('PENDING', 'CONFIRMED')
      UNION ALL
      SELECT 'return ' || return_id, status, attention_reason, updated_at + interval '31 days' FROM returns WHERE status = 'RECEIVED'
    ), overdue AS (
      SELECT * FROM open WHERE ends_by < clock_timestamp()
    )
    SELECT (SELECT count(*)::int FROM open) AS under_way,
      (SELECT count(*)::int FROM open WHERE attention_reason IS NOT NULL) AS attention,
      (SELECT count(*)::int FROM overdue) AS overdue,
      (SELECT json_agg(json_build_object('subject', subject, 'detail', concat_ws(' ', 'it is still', status, 'though it should not be since', ends_by, attention_reason)))
       FROM (SELECT * FROM overdue ORDER BY ends_by LIMIT ${VIOLATIONS_KEPT}) first) AS some`,
  );
  const { some, ...figures } = undone!;
  for (const { subject, detail } of some ?? []) findings.report('O8', subject, detail);
  findings.reportMore('O8', figures.overdue - (some ?? []).length);
  return figures;
}
