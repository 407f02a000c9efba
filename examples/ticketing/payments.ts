/** The payment of a sale, as a participant of sagas: Counterpoise keeps the fence, by the Idempotency-Key. */
// In a package of your own: 'counterpoise-client' and 'counterpoise-saga/participant'.
import type { BodyOf, Client } from '../../client/client.ts';
import { done, refused, type Done, type Outcome, type Verdict } from '../../saga/participant.ts';
import type { Sale } from './sale.ts';

export interface Held {
  readonly transferId: string;
  readonly expiresAt: string;
}

const HOLD_SECONDS = 86_400;
/** How long an answer is waited for. Asking again is Temporal's, so the client is to try once. */
const WAIT_SECONDS = 2;

export type PaymentActivities = ReturnType<typeof createPaymentActivities>;

export function createPaymentActivities({ transfers }: Client) {
  return {
    async holdPrice(sale: Sale): Promise<Outcome<Held>> {
      const { transfer_id, status, failure_reason, expires_at } = await transfers.create(bodyOf(sale), keyOf(sale));
      switch (status) {
        case 'DEBITED':
        case 'COMPLETED':
          return done({ transferId: transfer_id, expiresAt: expires_at! });
        case 'FAILED':
          return refused(failure_reason!);
        case 'CANCELED':
          return { outcome: 'undone' };
        case 'AWAITING_APPROVAL':
        case 'SCHEDULED':
        case 'PENDING':
          throw new Error(`the hold is ${status}: it is not decided yet`);
      }
    },

    /** With the key and the body of the hold, which may never have arrived. Throws if it was captured, which a saga never undoes. */
    async cancelHold(sale: Sale): Promise<Verdict> {
      const { status } = await transfers.cancelByKey(bodyOf(sale), keyOf(sale));
      if (status === 'CANCELED') return 'undone';
      if (status === 'FAILED') return 'never_happened';
      throw new Error(`the hold is ${status}: it is not decided yet`);
    },

    async capturePrice({ transferId }: Held): Promise<Done<null>> {
      const { status } = await transfers.capture(transferId, {}, { waitSeconds: WAIT_SECONDS });
      if (status === 'COMPLETED') return done(null);
      throw new Error(`the capture is ${status}: it is not decided yet`);
    },
  };
}

function keyOf({ saleId }: Sale) {
  return { idempotencyKey: `ticketing/${saleId}`, waitSeconds: WAIT_SECONDS };
}

function bodyOf({ saleId, buyerWalletId, venueWalletId, price }: Sale): BodyOf<'createTransfer'> {
  return {
    sender_wallet_id: buyerWalletId,
    receiver_wallet_id: venueWalletId,
    amount: price,
    capture_method: 'manual',
    expires_in: HOLD_SECONDS,
    reference: saleId,
  };
}
