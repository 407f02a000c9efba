/**
 * O4 from the accounting's side: each invoice is of a consignment whose goods have left, and was paid by the transfer that it names;
 * each credit note is of a return whose goods are back, and was paid back by the one that it names. Goods leave before their money is
 * captured, and that before the invoice; the accounting's snapshot is older than the others, but for the orders'. That each
 * consignment that has left has its invoice is what courses.ts checks, and returns.ts of the credit notes.
 */
import { sql } from 'drizzle-orm';
import { consignmentId, transferId } from '../../domain/derived-id.ts';
import type { OrderId } from '../../domain/ids.ts';
import { parseUnits } from '../../domain/money.ts';
import { holdKey } from '../../domain/order/money.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { Findings } from '../findings.ts';
import { pagesOf, rowsOf, uuids } from '../reader.ts';
import { knownOrders, pivotsOf, transfersSeen, type OrderReaders, type TransferSeen } from './known-orders.ts';

interface InvoiceRow {
  readonly id: string;
  readonly tenant: Tenant;
  readonly order_id: OrderId;
  readonly n: number;
  readonly amount: string;
  readonly status: string;
  readonly transfer_id: string | null;
}

export async function checkInvoices(readers: OrderReaders, findings: Findings): Promise<void> {
  for await (const page of pagesOf(readers.accounting, invoicesAfter, ({ id }: InvoiceRow) => id)) {
    const orderIds = [...new Set(page.map((each) => each.order_id))];
    const orderOf = await knownOrders(readers, orderIds);
    const pivotOf = await pivotsOf(readers.inventory, orderIds);
    const transferOf = await transfersSeen(readers.transfer, namedBy(page));
    for (const row of page) {
      const { order_id: orderId, n, status, transfer_id: paidBy } = row;
      const report = (detail: string): void => findings.report('O4', `invoice ${row.id}`, detail);
      if (orderOf(orderId) === undefined) report(`its order ${orderId} does not exist`);
      else if (row.id !== consignmentId(orderId, n)) continue;
      else if (pivotOf(orderId, n) !== 'done') report(`the goods of ${orderId}/${n} have not left`);
      if (paidBy === null) continue;
      const transfer = transferOf(paidBy);
      if (!hasPaid(transfer, row)) report(`it is ${status}, but the transfer ${paidBy} has not paid it`);
      const isOwn =
        status === 'PAID'
          ? paidBy === transferId(holdKey(orderId, n), row.tenant)
          : (transfer?.key.startsWith(`${holdKey(orderId, n)}/collection/`) ?? false);
      if (!isOwn) report(`it is ${status} by the transfer ${paidBy}, which is not its own`);
    }
  }
}

interface CreditNoteRow {
  readonly id: string;
  readonly tenant: string;
  readonly amount: string;
  readonly transfer_id: string | null;
}

export async function checkCreditNotes(readers: OrderReaders, findings: Findings): Promise<void> {
  for await (const page of pagesOf(readers.accounting, creditNotesAfter, ({ id }: CreditNoteRow) => id)) {
    const ids = uuids(page.map(({ id }) => id));
    // As it is now: what has come back once is back.
    const back = await rowsOf<{ id: string; tenant: string }>(
      readers.orderNow,
      sql`SELECT return_id AS id, tenant FROM returns WHERE return_id = ANY(${ids}) AND received_at IS NOT NULL`,
    );
    const areBack = new Map(back.map(({ id, tenant }) => [id, tenant]));
    const transferOf = await transfersSeen(readers.transfer, namedBy(page));
    for (const note of page) {
      const { id, tenant, transfer_id: paidBy } = note;
      if (!areBack.has(id)) findings.report('O4', `credit note ${id}`, 'nothing has come back for it');
      else if (areBack.get(id) !== tenant)
        findings.report(
          'O4',
          `credit note ${id}`,
          `it is of the tenant ${tenant}, and its return of ${areBack.get(id)}`,
        );
      if (paidBy === null) continue;
      const transfer = transferOf(paidBy);
      if (!hasPaid(transfer, note) || !transfer!.key.startsWith(`return/${id}/`))
        findings.report('O4', `credit note ${id}`, `the transfer ${paidBy} has not paid it back`);
    }
  }
}

function namedBy(page: readonly { readonly transfer_id: string | null }[]): string[] {
  return page.flatMap((each) => each.transfer_id ?? []);
}

function hasPaid(
  transfer: TransferSeen | undefined,
  { amount, tenant }: { readonly amount: string; readonly tenant: string },
): boolean {
  const isPaid = transfer?.status === 'COMPLETED' && parseUnits(transfer.amount) === parseUnits(amount);
  return isPaid && transfer.tenant === tenant;
}

function invoicesAfter(id: string, limit: number) {
  return sql`SELECT invoice_id AS id, tenant, order_id, consignment AS n, amount, status, transfer_id FROM invoices
    WHERE invoice_id > ${id} ORDER BY invoice_id LIMIT ${limit}`;
}

function creditNotesAfter(id: string, limit: number) {
  return sql`SELECT credit_note_id AS id, tenant, amount, transfer_id FROM credit_notes
    WHERE credit_note_id > ${id} ORDER BY credit_note_id LIMIT ${limit}`;
}
