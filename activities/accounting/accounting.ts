/**
 * The accounting service's activities: each posts once, by the fence of its step, so each may be repeated at any time. Faults are
 * thrown and retried by Temporal.
 */
import * as posting from '../../db/accounting/posting.ts';
import type { Database } from '../../db/database.ts';
import type { AccountingOperations } from '../../domain/accounting/operations.ts';
import { consignmentId, journalId } from '../../domain/derived-id.ts';
import type { OrderId } from '../../domain/ids.ts';

export function createAccountingActivities(database: Database): AccountingOperations {
  return {
    postInvoice: (input) => posting.postInvoice(database, input, ofConsignment(input, 'invoice')),

    settleDue: (input) => posting.settleDue(database, input, ofConsignment(input, 'due')),

    postCreditNote: (input) =>
      posting.postCreditNote(database, input, { journalId: journalId(input.orderId, `credit-note:${input.returnId}`) }),

    postRefund: (input) =>
      posting.postRefund(database, input, { journalId: journalId(input.orderId, `refund:${input.returnId}`) }),
  };
}

function ofConsignment({ orderId, n }: { orderId: OrderId; n: number }, step: string) {
  return { consignmentId: consignmentId(orderId, n), journalId: journalId(orderId, `${step}:${n}`) };
}
