/** The parts that routes acting on a transfer share: the transfer, the part of it that is asked for, and the refusals. */
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Database } from '../../db/database.ts';
import { withdrawApproval } from '../../db/transfer/approval-queries.ts';
import { findTransfer, findTransferOf, type Transfer } from '../../db/transfer/queries.ts';
import type { AmountPrecision } from '../../domain/amount-precision.ts';
import type { TransferId } from '../../domain/ids.ts';
import { formatUnits, parseUnits } from '../../domain/money.ts';
import { isTerminal } from '../../domain/transfer/transfer.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import { FIELD_FAULTS } from '../http/field-codes.ts';
import { faultyRequest, ProblemError, type ProblemCode } from '../http/problem.ts';
import { BODY_PROBLEMS } from '../http/problem-schema.ts';
import { bodyFault, faultCode } from '../http/validation.ts';
import { capturedAndReleased, movedAmount, transferAnswer, transferNotFound } from './answer.ts';
import { transferAmountField } from './movement.ts';
import { precisionFaults } from './only-if-new.ts';

/** Without an amount, the request means all that there is. */
export const amountOrAll = z
  .strictObject({ amount: transferAmountField.optional() }, { error: faultCode('body_invalid') })
  .openapi('AmountOrAll', { example: { amount: '10.00' } });

const content = { 'application/json': { schema: transferAnswer } };
/** What a request to the workflow of a transfer is answered with, and the problems of every such request. */
export const asked = {
  200: { description: 'Done: the transfer as it is now.', content },
  202: { description: 'Taken, and not done by the time that the client waits: it will be.', content },
};
export const ASKING_PROBLEMS = [
  'transfer_not_found',
  'transfer_id_invalid',
  ...BODY_PROBLEMS,
  'database_unavailable',
  'temporal_unavailable',
] as const;

/** A transfer of the tenant that asks. */
export async function existing(c: Context<ApiEnv>, database: Database, id: TransferId): Promise<Transfer> {
  c.var.log.setBindings({ transfer_id: id });
  const row = await boundedQuery(database, () => findTransferOf(database, c.var.holder.tenant, id));
  if (row === undefined) throw transferNotFound(id);
  return row;
}

/**
 * The transfer that is to be canceled: one that waits for approvals stops waiting, and begins canceled, so that its workflow makes sure
 * that nothing moves.
 */
export async function withoutWaiting(database: Database, row: Transfer): Promise<Transfer> {
  if (row.status !== 'AWAITING_APPROVAL') return row;
  await boundedQuery(database, () => withdrawApproval(database, row.transferId), { isWrite: true });
  return (await boundedQuery(database, () => findTransfer(database, row.transferId), { isWrite: true }))!;
}

/** Throws if the amount, a part of a transfer, is finer than the present rule allows. */
export function refuseFiner(amount: string, { currency }: Transfer, precision: AmountPrecision): void {
  const [fault] = precisionFaults({ amount, currency }, 'between_wallets', precision);
  if (fault !== undefined) throw faultyRequest([fault]);
}

/** Throws if `amount` is more than `amountMax`. `there` is a sentence that says how much there is, if that is known. */
export function refuseMoreThan(amountMax: string, amount: string, there: string | undefined): void {
  if (parseUnits(amount) <= parseUnits(amountMax)) return;
  const { amount_exceeds_transfer: detail } = FIELD_FAULTS;
  throw faultyRequest([
    bodyFault('amount_exceeds_transfer', ['amount'], there === undefined ? detail : `${detail} ${there}.`),
  ]);
}

/** Says how much can still be reversed; undefined for a transfer that has not moved anything. */
export function leftOf(row: Transfer): string | undefined {
  if (row.status !== 'COMPLETED') return undefined;
  return `${formatUnits(parseUnits(movedAmount(row)) - parseUnits(row.reversedAmount))} ${row.currency} is left to reverse`;
}

/** The refusal of an action, with the transfer's state that does not allow it. */
export function refused(code: ProblemCode, row: Transfer): ProblemError {
  const why = whyNot(code, row) ?? expiryOf(row);
  return new ProblemError(code, {
    detail: `The transfer is ${row.status}${why === undefined ? '' : `: ${why}`}.`,
    members: {
      transfer_id: row.transferId,
      transfer_status: row.status,
      captured_amount: row.capturedAmount ?? capturedAndReleased(row).captured_amount,
      reversed_amount: row.reversedAmount,
    },
  });
}

function whyNot(code: ProblemCode, row: Transfer): string | undefined {
  if (code === 'not_capturable') return whyNotCapturable(row);
  return code === 'not_reversible' ? whyNotReversible(row) : undefined;
}

function whyNotCapturable({ captureMethod, capturedAmount, amount, currency }: Transfer): string | undefined {
  if (captureMethod !== 'manual') return 'it never was a hold, because its capture_method is automatic';
  // Of a hold that was canceled or has expired, nothing was captured.
  if (capturedAmount === null || parseUnits(capturedAmount) === 0n) return undefined;
  return `${capturedAmount} of its ${amount} ${currency} is captured already, and a hold is captured once`;
}

function whyNotReversible(row: Transfer): string | undefined {
  if (row.status !== 'COMPLETED') return isTerminal(row.status) ? 'it has moved nothing' : 'it has moved nothing yet';
  const moved = movedAmount(row);
  if (parseUnits(row.reversedAmount) < parseUnits(moved)) return leftOf(row);
  return `all that it moved, ${moved} ${row.currency}, is reversed already or being reversed`;
}

/** Says when the hold expired, if it has. An expired hold stays DEBITED until all of it is given back. */
function expiryOf({ status, failureReason, expiresAt }: Transfer): string | undefined {
  if (expiresAt === null) return undefined;
  const at = `its hold expired at ${expiresAt.toISOString()}`;
  if (failureReason === 'capture_expired') return at;
  return status === 'DEBITED' && expiresAt.getTime() <= Date.now() ? `${at} and is being given back` : undefined;
}
