/** What a request to create a transfer says, and what a request to cancel one that may never have been created repeats. */
import { z } from '@hono/zod-openapi';
import { transferId } from '../../domain/derived-id.ts';
import { ofTenant, type Tenant } from '../../domain/tenant.ts';
import { transferBodyHash } from '../../domain/transfer/movement-body.ts';
import { CAPTURE_METHODS, type TransferTerms } from '../../domain/transfer/transfer.ts';
import { exampleReceiverId, instantField, walletIdField } from '../http/fields.ts';
import type { Fault } from '../http/problem.ts';
import { bodyFault, faultCode } from '../http/validation.ts';
import { movementRequestFields } from './movement.ts';

const EXPIRES_IN_SECONDS_MIN = 60;
const EXPIRES_IN_SECONDS_MAX = 30 * 86_400;
const EXPIRES_IN_SECONDS_DEFAULT = 7 * 86_400;
const SCHEDULED_AHEAD_MS_MAX = 366 * 86_400_000;

export const transferRequest = z
  .strictObject(
    {
      sender_wallet_id: walletIdField,
      receiver_wallet_id: walletIdField.openapi({ example: exampleReceiverId }),
      ...movementRequestFields,
      capture_method: z.enum(CAPTURE_METHODS, { error: faultCode('capture_method_invalid') }).default('automatic'),
      expires_in: z
        .int({ error: faultCode('expires_in_invalid') })
        .min(EXPIRES_IN_SECONDS_MIN, 'expires_in_invalid')
        .max(EXPIRES_IN_SECONDS_MAX, 'expires_in_invalid')
        .optional()
        .openapi({
          type: 'integer',
          example: 3_600,
          description:
            'Seconds after which a hold that is not captured is given back, 60 to 2592000 (30 days); the default is 7 days.',
        }),
      scheduled_at: instantField
        .optional()
        .openapi({ description: 'When the transfer begins, at most a year ahead; until then it is SCHEDULED.' }),
    },
    { error: faultCode('body_invalid') },
  )
  .refine((body) => body.capture_method === 'manual' || body.expires_in === undefined, {
    error: 'expires_in_invalid',
    path: ['expires_in'],
  })
  .refine((body) => body.sender_wallet_id !== body.receiver_wallet_id, {
    error: 'same_wallet',
    path: ['receiver_wallet_id'],
  })
  .openapi('TransferRequest');

export interface AskedTransfer {
  readonly terms: TransferTerms;
  readonly reference: string | undefined;
  readonly metadata: Record<string, string> | undefined;
  readonly kind: { readonly scheduledAt: Date | undefined; readonly expiresInSeconds: number | undefined };
  readonly bodyHash: string;
}

/** The transfer of a tenant that the key names if it is used with this body. */
export function askedTransfer(
  tenant: Tenant,
  idempotencyKey: string,
  body: z.output<typeof transferRequest>,
): AskedTransfer {
  const { amount, currency, reference, metadata, scheduled_at: scheduledAt } = body;
  const { capture_method: captureMethod, expires_in: expiresIn = EXPIRES_IN_SECONDS_DEFAULT } = body;
  const terms = {
    ...ofTenant(tenant),
    transferId: transferId(idempotencyKey, tenant),
    senderWalletId: body.sender_wallet_id,
    receiverWalletId: body.receiver_wallet_id,
    amount,
    currency,
  };
  const kind = { scheduledAt, expiresInSeconds: captureMethod === 'manual' ? expiresIn : undefined };
  return { terms, reference, metadata, kind, bodyHash: transferBodyHash({ ...terms, reference, metadata, ...kind }) };
}

/** The fault of a scheduled time. It is judged only when the transfer is new: a repeat of the request may come after that time. */
export function timeFaults(scheduledAt: Date | undefined): Fault[] {
  if (scheduledAt === undefined) return [];
  const aheadMs = scheduledAt.getTime() - Date.now();
  return aheadMs > 0 && aheadMs <= SCHEDULED_AHEAD_MS_MAX ? [] : [bodyFault('scheduled_at_invalid', ['scheduled_at'])];
}
