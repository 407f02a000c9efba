/** The answer about a transfer: its schema, and its rendering from a row. */
import { z } from '@hono/zod-openapi';
import type { Transfer } from '../../db/transfer/queries.ts';
import type { TransferId } from '../../domain/ids.ts';
import { formatUnits, parseUnits } from '../../domain/money.ts';
import {
  CAPTURE_METHODS,
  isTerminal,
  TRANSFER_FAILURE_REASONS,
  TRANSFER_STATUSES,
} from '../../domain/transfer/transfer.ts';
import {
  amountAnswer,
  exampleMovementId,
  exampleReceiverId,
  exampleWalletId,
  idAnswer,
  instantAnswer,
} from '../http/fields.ts';
import { movementAnswerFields, renderMovement } from './movement.ts';
import { ProblemError } from '../http/problem.ts';

export const groupIdAnswer = idAnswer(exampleMovementId).nullable().openapi({
  description:
    'The group that it was accepted in, where the service moves transfers in groups: the workflow `group/<group_id>`. What that does not bring to its end goes on as `transfer/<transfer_id>`.',
});

export const transferAnswer = z
  .object({
    transfer_id: idAnswer(exampleMovementId),
    sender_wallet_id: idAnswer(exampleWalletId),
    receiver_wallet_id: idAnswer(exampleReceiverId),
    status: z.enum(TRANSFER_STATUSES).openapi({ description: 'COMPLETED, FAILED and CANCELED are final.' }),
    failure_reason: z.enum(TRANSFER_FAILURE_REASONS).nullable().openapi({ description: 'Why the transfer is FAILED.' }),
    capture_method: z.enum(CAPTURE_METHODS),
    captured_amount: amountAnswer
      .nullable()
      .openapi({ description: 'What the receiver got; null until the transfer has ended.' }),
    released_amount: amountAnswer.nullable().openapi({
      example: '0.0000',
      description: 'What a hold gave back because it was not captured; null until the transfer has ended.',
    }),
    expires_at: instantAnswer.nullable().openapi({ description: 'When a hold is given back unless it is captured.' }),
    scheduled_at: instantAnswer.nullable().openapi({ description: 'When a scheduled transfer begins.' }),
    reverses_transfer_id: idAnswer(exampleMovementId)
      .nullable()
      .openapi({ description: 'The transfer that this one gives back.' }),
    reversed_amount: amountAnswer.openapi({
      example: '0.0000',
      description: 'The sum of its reversals, ended or under way.',
    }),
    recurring_transfer_id: idAnswer(exampleMovementId).nullable(),
    batch_id: idAnswer(exampleMovementId).nullable(),
    group_id: groupIdAnswer,
    ...movementAnswerFields,
  })
  .openapi('Transfer');

export function renderTransfer(row: Transfer): z.input<typeof transferAnswer> {
  return {
    transfer_id: row.transferId,
    sender_wallet_id: row.senderWalletId,
    receiver_wallet_id: row.receiverWalletId,
    status: row.status,
    failure_reason: row.failureReason,
    capture_method: row.captureMethod,
    ...capturedAndReleased(row),
    expires_at: row.expiresAt?.toISOString() ?? null,
    scheduled_at: row.scheduledAt?.toISOString() ?? null,
    reverses_transfer_id: row.reversesTransferId,
    reversed_amount: row.reversedAmount,
    recurring_transfer_id: row.recurringTransferId,
    batch_id: row.batchId,
    group_id: row.groupId,
    ...renderMovement(row),
  };
}

/** Returns the amount that arrived: all of it, or what was captured of a hold; zero unless the transfer is COMPLETED. */
export function movedAmount(row: Transfer): string {
  return row.status === 'COMPLETED' ? (row.capturedAmount ?? row.amount) : formatUnits(0n);
}

export function capturedAndReleased(row: Transfer): { captured_amount: string | null; released_amount: string | null } {
  if (!isTerminal(row.status)) return { captured_amount: null, released_amount: null };
  const captured = movedAmount(row);
  // Only a hold releases anything, and only a hold has a decision about its capture.
  const released = row.capturedAmount === null ? 0n : parseUnits(row.amount) - parseUnits(captured);
  return { captured_amount: captured, released_amount: formatUnits(released) };
}

/** Whether a client has waited long enough: the transfer has ended, or waits to be captured, for approvals, or for an operator. */
export function isWaitOver(row: Transfer): boolean {
  const isHeld = row.captureMethod === 'manual' && row.status === 'DEBITED' && row.capturedAmount === null;
  return isTerminal(row.status) || isHeld || row.status === 'AWAITING_APPROVAL' || row.attentionReason !== null;
}

export function transferNotFound(id: TransferId): ProblemError {
  return new ProblemError('transfer_not_found', { detail: `There is no transfer ${id}.` });
}
