/**
 * O4 and O6 of returns: no more has come back than was delivered, what has come back is in the inventory, and credited and paid back as
 * the return's row notes. The order database's snapshot is the oldest, so the others have what it notes.
 */
import { sql } from 'drizzle-orm';
import { returnId } from '../../domain/derived-id.ts';
import type { OrderId } from '../../domain/ids.ts';
import { formatUnits, parseUnits } from '../../domain/money.ts';
import { returnBodyHash } from '../../domain/order/order-body.ts';
import type { ReturnStatus } from '../../domain/order/order.ts';
import { reportDifferences, VIOLATIONS_KEPT, type Findings } from '../findings.ts';
import { pagesOf, rowsOf, uuids } from '../reader.ts';
import type { OrderReaders } from './known-orders.ts';

interface ReturnRow {
  readonly id: string;
  readonly is_of_its_tenant: boolean;
  readonly order_id: OrderId;
  readonly seller: string;
  readonly status: ReturnStatus;
  readonly idempotency_key: string;
  /** Hex. */
  readonly body_hash: string;
  readonly amount: string;
  readonly number: number | null;
  readonly paid_by: string | null;
  readonly lines: readonly {
    readonly sku: string;
    readonly quantity: number;
    readonly unitPrice: string;
    readonly disposition: string | null;
  }[];
}

export async function checkReturns(readers: OrderReaders, findings: Findings): Promise<void> {
  reportDifferences('O4', await rowsOf(readers.order, tooMuch), findings, 'the returns of');
  for await (const page of pagesOf(readers.order, returnsAfter, ({ id }: ReturnRow) => id)) {
    findings.count('returns', page.length);
    const done = await doneFor(page, readers);
    for (const row of page) {
      const subject = `return ${row.id}`;
      for (const detail of problemsOf(row, done)) findings.report('O4', subject, detail);
      if (!row.is_of_its_tenant) findings.report('O4', subject, 'it is of another tenant than its order');
      if (row.id !== returnId(row.order_id, row.idempotency_key))
        findings.report('O6', subject, `its id does not follow from its key ${JSON.stringify(row.idempotency_key)}`);
      if (row.body_hash !== returnBodyHash(row.lines))
        findings.report('O6', subject, 'its body is not the one that was acknowledged');
    }
  }
}

interface Done {
  readonly takenBack: ReadonlyMap<string, unknown>;
  readonly credited: ReadonlyMap<string, { said: string; paid_by: string | null }>;
}

async function doneFor(page: readonly ReturnRow[], { inventory, accounting }: OrderReaders): Promise<Done> {
  const orderIds = uuids(page.map((row) => row.order_id));
  const fences = await rowsOf<{ id: string; terms: unknown }>(
    inventory,
    sql`SELECT substr(step, 8) AS id, terms FROM step_fences WHERE saga_id = ANY(${orderIds}) AND step LIKE 'return:%' AND outcome = 'done'`,
  );
  const notes = await rowsOf<{ id: string; said: string; paid_by: string | null }>(
    accounting,
    sql`SELECT credit_note_id AS id, concat_ws(',', number, amount, seller_wallet_id) AS said, transfer_id AS paid_by
      FROM credit_notes WHERE order_id = ANY(${orderIds})`,
  );
  return {
    takenBack: new Map(fences.map(({ id, terms }) => [id, terms])),
    credited: new Map(notes.map((note) => [note.id, note])),
  };
}

function problemsOf(row: ReturnRow, { takenBack, credited }: Done): string[] {
  const worth = row.lines.reduce((sum, line) => sum + BigInt(line.quantity) * parseUnits(line.unitPrice), 0n);
  const problems =
    worth === parseUnits(row.amount) ? [] : [`it says ${row.amount}, but its lines come to ${formatUnits(worth)}`];
  if (row.number === null)
    return row.status === 'REFUNDED' || row.status === 'REFUND_DUE'
      ? [...problems, `it is ${row.status} without a credit note`]
      : problems;
  const note = credited.get(row.id);
  const due = [row.number, row.amount, row.seller].join();
  if (note?.said !== due) problems.push(`it should have a credit note of ${due}, but has ${note?.said ?? 'none'}`);
  if (row.status === 'REFUNDED' && (row.paid_by === null || note?.paid_by !== row.paid_by))
    problems.push(`it is REFUNDED by ${row.paid_by}, but its credit note is paid by ${note?.paid_by ?? 'nothing'}`);
  if (rendered(takenBack.get(row.id)) !== rendered(row.lines))
    problems.push('the inventory has not taken back what has come back');
  return problems;
}

function rendered(lines: unknown): string {
  const some = (lines ?? []) as readonly { sku: string; quantity: number; disposition: string }[];
  return some
    .map(({ sku, quantity, disposition }) => `${quantity} × ${sku} ${disposition}`)
    .sort()
    .join();
}

const tooMuch = sql`
  SELECT back.order_id || '/' || back.line AS movement, format('%s have come back or are to, but %s were ordered and delivered', sum(back.quantity),
    CASE goods WHEN 'DELIVERED' THEN ordered.quantity ELSE 0 END) AS detail, count(*) OVER ()::int AS total
  FROM return_lines back JOIN order_lines ordered USING (order_id, line)
  LEFT JOIN consignments ON consignments.order_id = back.order_id AND back.line = ANY(consignments.lines)
  GROUP BY back.order_id, back.line, ordered.quantity, goods
  HAVING sum(back.quantity) > CASE goods WHEN 'DELIVERED' THEN ordered.quantity ELSE 0 END
  LIMIT ${VIOLATIONS_KEPT}`;

function returnsAfter(id: string, limit: number) {
  return sql`
    SELECT return_id AS id, returns.tenant = orders.tenant AS is_of_its_tenant, returns.order_id, seller_wallet_id AS seller, returns.status, returns.idempotency_key,
      encode(returns.body_hash, 'hex') AS body_hash, amount, credit_note_number::int AS number, refund_transfer_id AS paid_by,
      coalesce((SELECT json_agg(json_build_object('sku', sku, 'quantity', back.quantity, 'unitPrice', unit_price::text, 'disposition', disposition))
        FROM return_lines back JOIN order_lines USING (order_id, line) WHERE back.return_id = returns.return_id), '[]') AS lines
    FROM returns JOIN orders USING (order_id) WHERE return_id > ${id} ORDER BY return_id LIMIT ${limit}`;
}
