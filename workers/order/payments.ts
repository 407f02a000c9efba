/**
 * The money of orders and returns, over the public HTTP API. Each call is one try: Temporal repeats it, with the same key, until it
 * is known what has become of the money. What the API refuses for good is an answer; everything else is a fault.
 *
 * The keys are anybody's to use. One that somebody has used for another body is theirs for ever, so nothing of the order was or will be
 * made under it: an order that is to be paid by it is refused, and there is nothing to void; elsewhere the next key is taken.
 */
import { CounterpoiseError, type Client, type Operations } from '../../client/client.ts';
import type { TransferId } from '../../domain/ids.ts';
import { parseUnits } from '../../domain/money.ts';
import { collectionKey, holdKey, partReversalKey, refundKey, voidKey } from '../../domain/order/money.ts';
import type {
  Authorized,
  AuthorizeInput,
  OrderPayments,
  RefundAnswer,
  RefundInput,
} from '../../domain/order/operations.ts';
import { createTransfersOf } from './transfers-of.ts';

type Transfer = Operations['getTransfer']['answer'];

/** An activity is given up after ten seconds (workflows/steps.ts); the API waits for so many of them. */
const WAIT_SECONDS = 4;
/** How often an operator may have the same money collected, or a return refunded, anew. */
const ATTEMPTS_MAX = 1_000;

export interface Payments extends OrderPayments {
  readonly refundReturn: (input: RefundInput) => Promise<RefundAnswer>;
}

/** `apiUrl` is where the transfer API listens, `apiKey` the key for it, if it asks for one. */
export function createPayments(apiUrl: string, apiKey: string | undefined): Payments {
  const transfersOf = createTransfersOf(apiUrl, apiKey);

  return {
    authorize: (input) => authorize(transfersOf(input.terms), input),

    async captureHold({ orderId, transferId, ...of }) {
      const transfers = transfersOf(of);
      const captured = await transfers
        .capture(transferId, {}, { waitSeconds: WAIT_SECONDS })
        .catch((error: unknown) => refusedAs(error, transfers, transferId));
      if (captured.status === 'COMPLETED' && captured.captured_amount === captured.amount)
        return { outcome: 'captured' };
      if (captured.status === 'FAILED' || captured.status === 'CANCELED') return { outcome: 'lost' };
      if (captured.status === 'COMPLETED') {
        // Somebody has captured a part of it by hand, and with that let go of the rest. It is given back, so that the whole is due.
        await giveBack(transfers, transferId, (attempt) => partReversalKey(orderId, transferId, attempt));
        return { outcome: 'lost' };
      }
      throw stillUnderWay(captured);
    },

    voidHold: (input) => voidHold(transfersOf(input.terms), input),

    async collect(input) {
      const transfers = transfersOf(input.terms);
      const body = collectionBody(input);
      // One that was canceled has closed the collection: no other key is tried then.
      const answer = await untilFresh(['FAILED'], (attempt, options) =>
        transfers.create(body, { ...options, idempotencyKey: collectionKey(input.orderId, input.n, attempt) }),
      );
      return 'transferId' in answer ? { outcome: 'collected', ...answer } : { outcome: 'refused', ...answer };
    },

    async closeCollection(input) {
      const transfers = transfersOf(input.terms);
      const body = collectionBody(input);
      for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
        const idempotencyKey = collectionKey(input.orderId, input.n, attempt);
        try {
          const closed = await transfers.cancelByKey(body, { idempotencyKey, waitSeconds: WAIT_SECONDS });
          if (closed.status === 'CANCELED') return { outcome: 'closed' };
          if (closed.status !== 'FAILED') throw stillUnderWay(closed);
        } catch (error) {
          if (isKeyOfAnother(error)) continue;
          const collected = capturedBy(error);
          if (collected === undefined) throw error;
          return { outcome: 'collected', transferId: collected as TransferId };
        }
      }
      throw new Error(`refused ${ATTEMPTS_MAX} times`);
    },

    async refundReturn({ returnId, transferId, amount, ...of }) {
      const transfers = transfersOf(of);
      const answer = await untilFresh(['FAILED', 'CANCELED'], (attempt, options) =>
        transfers.reverse(transferId, { amount }, { ...options, idempotencyKey: refundKey(returnId, attempt) }),
      );
      return 'transferId' in answer ? { outcome: 'refunded', ...answer } : { outcome: 'refused', ...answer };
    },
  };
}

async function authorize(transfers: Client['transfers'], input: AuthorizeInput): Promise<Authorized> {
  const idempotencyKey = holdKey(input.orderId, input.n);
  let held: Transfer;
  try {
    held = await transfers.create(holdBody(input), { idempotencyKey, waitSeconds: WAIT_SECONDS });
  } catch (error) {
    return { outcome: 'refused', reason: refusedFor(error) };
  }
  const transferId = held.transfer_id as TransferId;
  switch (held.status) {
    case 'DEBITED':
    case 'COMPLETED':
      return { outcome: 'held', transferId, holdExpiresAtMs: Date.parse(held.expires_at!) };
    case 'FAILED':
      return { outcome: 'refused', reason: held.failure_reason!, transferId };
    case 'CANCELED':
      return { outcome: 'refused', reason: 'canceled', transferId };
    // It is canceled, as any hold that is late, if nobody approves in time.
    case 'AWAITING_APPROVAL':
    case 'PENDING':
    case 'SCHEDULED':
      throw stillUnderWay(held);
  }
}

async function voidHold(transfers: Client['transfers'], input: AuthorizeInput): Promise<void> {
  const idempotencyKey = holdKey(input.orderId, input.n);
  try {
    const voided = await transfers.cancelByKey(holdBody(input), { idempotencyKey, waitSeconds: WAIT_SECONDS });
    if (voided.status !== 'CANCELED' && voided.status !== 'FAILED') throw stillUnderWay(voided);
  } catch (error) {
    if (isKeyOfAnother(error)) return;
    const captured = capturedBy(error);
    if (captured === undefined) throw error;
    await giveBack(transfers, captured, (attempt) => voidKey(input.orderId, input.n, attempt));
  }
}

/** Reverses what was captured of a hold; nothing, if somebody has reversed all of it by hand. */
async function giveBack(
  transfers: Client['transfers'],
  captured: string,
  keyOf: (attempt: number) => string,
): Promise<void> {
  if (await isGivenBack(transfers, captured)) return;
  const reversed = await untilFresh(['FAILED', 'CANCELED'], (attempt, options) =>
    transfers.reverse(captured, {}, { ...options, idempotencyKey: keyOf(attempt) }),
  );
  if ('transferId' in reversed) return;
  // Somebody may have reversed it just now; or the seller has spent it: then it is tried again until there is enough.
  if (!(await isGivenBack(transfers, captured)))
    throw new Error(`what was captured of the hold cannot be given back now: ${reversed.reason}`);
}

async function isGivenBack(transfers: Client['transfers'], id: string): Promise<boolean> {
  const { data } = await transfers.list({ reverses_transfer_id: id, status: 'COMPLETED', limit: 200 });
  const { captured_amount: captured } = await transfers.get(id);
  return captured !== null && data.reduce((sum, { amount }) => sum + parseUnits(amount), 0n) >= parseUnits(captured);
}

/**
 * Sends a movement under the first key of a row that has not failed yet: a movement that was refused is refused for ever, and one that
 * is under way, or has succeeded, must not be sent again under another key. `passed` are the ends after which the next key is tried.
 */
async function untilFresh(
  passed: readonly Transfer['status'][],
  send: (
    attempt: number,
    options: { readonly waitSeconds: number; readonly onReplayed: () => void },
  ) => Promise<Transfer>,
): Promise<{ readonly transferId: TransferId } | { readonly reason: string }> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    let isReplayed = false;
    const onReplayed = (): void => {
      isReplayed = true;
    };
    let transfer: Transfer;
    try {
      transfer = await send(attempt, { waitSeconds: WAIT_SECONDS, onReplayed });
    } catch (error) {
      if (isKeyOfAnother(error)) continue;
      return { reason: refusedFor(error) };
    }
    if (transfer.status === 'COMPLETED') return { transferId: transfer.transfer_id as TransferId };
    if (transfer.status !== 'FAILED' && transfer.status !== 'CANCELED') throw stillUnderWay(transfer);
    if (!isReplayed || !passed.includes(transfer.status)) return { reason: transfer.failure_reason ?? 'canceled' };
  }
  throw new Error(`refused ${ATTEMPTS_MAX} times`);
}

/** The same body creates a hold and cancels it. */
function holdBody({ terms, orderId, n, amount, holdSeconds }: AuthorizeInput) {
  const { buyerWalletId, sellerWalletId, currency } = terms;
  return {
    ...{ sender_wallet_id: buyerWalletId, receiver_wallet_id: sellerWalletId, amount, currency },
    capture_method: 'manual' as const,
    expires_in: holdSeconds,
    ...about(orderId, n),
  };
}

/** The same body creates a collection and cancels it. */
function collectionBody({ terms, orderId, n, amount }: AuthorizeInput) {
  const { buyerWalletId, sellerWalletId, currency } = terms;
  return {
    ...{ sender_wallet_id: buyerWalletId, receiver_wallet_id: sellerWalletId, amount, currency },
    ...about(orderId, n),
  };
}

function about(orderId: string, n: number) {
  return { reference: `order ${orderId}`, metadata: { order_id: orderId, consignment: String(n) } };
}

function stillUnderWay({ transfer_id, status }: Transfer): Error {
  return new Error(`the transfer ${transfer_id} is still ${status}`);
}

/** The code of a refusal that a repeat would meet again; throws any other error. A key that is another's is the caller's to judge. */
function refusedFor(error: unknown): string {
  if (!(error instanceof CounterpoiseError) || (error.status !== 409 && error.status !== 422)) throw error;
  return error.code;
}

/** Whether somebody has used the key for another body. */
function isKeyOfAnother(error: unknown): error is CounterpoiseError {
  return error instanceof CounterpoiseError && error.code === 'idempotency_key_reused';
}

/** The hold as it is, where a capture was refused by its state; throws any other error. */
async function refusedAs(error: unknown, transfers: Client['transfers'], transferId: string): Promise<Transfer> {
  if (!(error instanceof CounterpoiseError) || error.code !== 'not_capturable') throw error;
  return transfers.get(transferId);
}

/** The id of the transfer that could not be canceled because its money has moved. */
function capturedBy(error: unknown): string | undefined {
  if (!(error instanceof CounterpoiseError) || error.code !== 'not_cancelable') return undefined;
  const { transfer_id, transfer_status } = (error.problem ?? {}) as Record<string, unknown>;
  return transfer_status === 'COMPLETED' && typeof transfer_id === 'string' ? transfer_id : undefined;
}
