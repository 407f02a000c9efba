/**
 * The display of a running movement in the Temporal Web UI: its status as a search attribute, and the current details. The API
 * answers from the row in the transfer database, never from this display.
 */
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { OrderStatus } from '../domain/order/order.ts';
import type { TransactionStatus } from '../domain/transfer/transaction.ts';
import type { TransferStatus } from '../domain/transfer/transfer.ts';
import { searchAttributes } from './transfer/messages.ts';

export function showStatus(status: TransferStatus | TransactionStatus | OrderStatus): void {
  upsertSearchAttributes([{ key: searchAttributes.movementStatus, value: status }]);
  setCurrentDetails(status);
}

/** Shows that compensation cannot finish and that an operator has to look, until `showAttentionOver`. */
export function showAttention(step: string, error: string): void {
  upsertSearchAttributes([{ key: searchAttributes.needsAttention, value: true }]);
  setCurrentDetails(`Needs attention: ${step} keeps failing.\n\n${error}`);
}

export function showAttentionOver(): void {
  upsertSearchAttributes([{ key: searchAttributes.needsAttention, value: false }]);
}

/** Returns the reason for a movement's attention as a stable code, such as `cancel_credit_failing`. */
export function attentionReason(step: string): string {
  return `${step.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}_failing`;
}
