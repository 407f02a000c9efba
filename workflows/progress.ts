/**
 * What the Temporal Web UI shows of a movement while it runs: its status as a search attribute, and the current details.
 * The row in the transfer database, not this, is what the API answers from.
 */
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { TransactionStatus } from '../domain/transfer/transaction.ts';
import type { TransferStatus } from '../domain/transfer/transfer.ts';
import { searchAttributes } from './transfer/messages.ts';

export function showStatus(status: TransferStatus | TransactionStatus): void {
  upsertSearchAttributes([{ key: searchAttributes.movementStatus, value: status }]);
  setCurrentDetails(status);
}

/** Compensation cannot finish: somebody has to look, until it has. */
export function showAttention(step: string, error: string): void {
  upsertSearchAttributes([{ key: searchAttributes.needsAttention, value: true }]);
  setCurrentDetails(`Needs attention: ${step} keeps failing.\n\n${error}`);
}

export function showAttentionOver(): void {
  upsertSearchAttributes([{ key: searchAttributes.needsAttention, value: false }]);
}

/** Why a movement needs attention, as a stable code: `cancel_credit_failing`. */
export function attentionReason(step: string): string {
  return `${step.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}_failing`;
}
