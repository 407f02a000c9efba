/**
 * The accounting's operations on an order: calls of the database's functions (functions/), each of which posts once, by its step's
 * fence, and may be repeated safely.
 */
import { sql, type SQL } from 'drizzle-orm';
import type {
  CreditNoteInput,
  InvoiceAnswer,
  InvoiceInput,
  RefundPaidInput,
  SettleDueInput,
} from '../../domain/accounting/operations.ts';
import type { ConsignmentId } from '../../domain/ids.ts';
import type { OrderLine } from '../../domain/order/order.ts';
import { tenantOf } from '../../domain/tenant.ts';
import { executePrepared, type Database } from '../database.ts';

interface Posted {
  /** Derived from the order and the step. */
  readonly journalId: string;
}

interface OfConsignment extends Posted {
  readonly consignmentId: ConsignmentId;
}

/** functions/post_invoice.sql */
export function postInvoice(
  database: Database,
  input: InvoiceInput,
  { consignmentId, journalId }: OfConsignment,
): Promise<InvoiceAnswer> {
  return document(
    database,
    sql`SELECT number, amount::numeric(19,4) FROM post_invoice(${input.orderId}, ${input.n}, ${consignmentId}, ${journalId}, ${input.sellerWalletId},
      ${input.buyerWalletId}, ${input.currency}, ${linesOf(input.lines)}, ${input.shippingAmount}, ${input.paidBy ?? null},
      ${tracedIn(input)})`,
  );
}

/** functions/settle_due.sql */
export async function settleDue(
  database: Database,
  input: SettleDueInput,
  { consignmentId, journalId }: OfConsignment,
): Promise<void> {
  const paidBy = input.settlement.how === 'collected' ? input.settlement.transferId : null;
  await executePrepared(
    database,
    sql`SELECT settle_due(${input.orderId}, ${input.n}, ${consignmentId}, ${journalId}, ${input.sellerWalletId}, ${input.currency},
      ${paidBy}, ${tracedIn(input)})`,
  );
}

/** functions/post_credit_note.sql */
export function postCreditNote(
  database: Database,
  input: CreditNoteInput,
  { journalId }: Posted,
): Promise<InvoiceAnswer> {
  return document(
    database,
    sql`SELECT number, amount::numeric(19,4) FROM post_credit_note(${input.orderId}, ${input.returnId}, ${journalId}, ${input.sellerWalletId},
      ${input.currency}, ${linesOf(input.lines)}, ${tracedIn(input)})`,
  );
}

/** functions/post_refund.sql */
export async function postRefund(database: Database, input: RefundPaidInput, { journalId }: Posted): Promise<void> {
  await executePrepared(
    database,
    sql`SELECT post_refund(${input.orderId}, ${input.returnId}, ${journalId}, ${input.sellerWalletId}, ${input.currency},
      ${input.transferId}, ${tracedIn(input)})`,
  );
}

async function document(database: Database, statement: SQL): Promise<InvoiceAnswer> {
  const { rows } = await executePrepared<{ number: number; amount: string }>(database, statement);
  return rows[0]!;
}

function linesOf(lines: readonly OrderLine[]): string {
  return JSON.stringify(lines.map(({ sku, quantity, unitPrice }) => ({ sku, quantity, unitPrice })));
}

/** The last arguments of every function. */
function tracedIn({ trace, ...of }: Pick<InvoiceInput, 'trace' | 'tenant'>): SQL {
  return sql`${trace.requestId}, ${trace.traceparent ?? null}, ${tenantOf(of)}`;
}
